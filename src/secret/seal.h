/*
 * Sealing: XChaCha20-Poly1305 with additional data, by libsodium. A sealed text is "v1:KEY:BASE64": which key, then
 * nonce and ciphertext. Master keys seal the tenants' data keys, data keys seal values.
 */
#ifndef VDB_SECRET_SEAL_H
#define VDB_SECRET_SEAL_H

#include "base/arena.h"
#include "base/error.h"

enum { SEAL_KEY_BYTES = 32, SEAL_KEY_NAME_ROOM = 37 };

/* "v1:KEY:BASE64" of `plain`; NULL: memory ran out. `bound` is what it must be opened with again. */
char *seal_text(arena *a, const char *key_name, const unsigned char key[SEAL_KEY_BYTES], const char *bound,
                const void *plain, size_t length);

/* Copies KEY; false: the text is not sealed in a form that this voicedb knows. */
bool seal_key_name(const char *sealed, char name[SEAL_KEY_NAME_ROOM]);

/* How many bytes the opened text has at the most. */
size_t seal_room(const char *sealed);

/* Writes at most seal_room() bytes to `plain`; false: another key or bound, or the text was changed. */
bool seal_open(const char *sealed, const unsigned char key[SEAL_KEY_BYTES], const char *bound, void *plain,
               size_t *length);

#endif
