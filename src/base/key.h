/* Key files: 64 hexadecimal digits, readable by their owner alone. */
#ifndef VDB_BASE_KEY_H
#define VDB_BASE_KEY_H

#include "base/error.h"

enum { KEY_BYTES = 32 };

/*
 * Reads a key. VDB_NOT_ALLOWED: others may read or write the file, or it belongs to somebody else; VDB_BAD_INPUT: it
 * holds no key. The caller wipes `key` with sodium_memzero().
 */
vdb_status key_read(const char *path, unsigned char key[KEY_BYTES], vdb_error *error);

#endif
