/*
 * The file of master keys. Text; a line that begins with # is a comment, every other one is a key:
 *     voicedb-master-key-1 ID KEY
 * where KEY is 64 hexadecimal digits and ID, 16 of them, follows from it. The first key seals, all of them open.
 */
#ifndef VDB_SECRET_KEY_FILE_H
#define VDB_SECRET_KEY_FILE_H

#include "base/error.h"

#include <stddef.h>

enum { MASTER_KEY_BYTES = 32, MASTER_ID_ROOM = 17, MOST_MASTER_KEYS = 32, LARGEST_KEY_FILE = 8192 };

typedef struct master_key {
    char id[MASTER_ID_ROOM];
    unsigned char bytes[MASTER_KEY_BYTES];
} master_key;

/* Fills keys[MOST_MASTER_KEYS]. VDB_BAD_INPUT, with the line: it is no such file. No error shows what a line holds. */
vdb_status key_file_parse(const char *path, const char *text, size_t length, master_key *keys, size_t *count,
                          vdb_error *error);

/*
 * Reads a file that is regular, closed to others and of this user or root. A systemd credential that root owns may show
 * the group's right to read: there it is the mask of the service's own access. VDB_NOT_ALLOWED: it is open to others.
 */
vdb_status key_file_read(const char *path, master_key *keys, size_t *count, vdb_error *error);

/* Makes a file of mode 0600 that appears whole: one new key, then those of `before`. VDB_CONFLICT: the file exists. */
vdb_status key_file_create(const char *path, const master_key *before, size_t count, char id[MASTER_ID_ROOM],
                           vdb_error *error);

#endif
