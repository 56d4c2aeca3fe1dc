/* A file that appears under its name only when it is whole. */
#ifndef VDB_BASE_FILE_H
#define VDB_BASE_FILE_H

#include "base/error.h"

#include <stdint.h>

typedef struct new_file new_file;

/*
 * Opens PATH.partial, mode 0600, for one writer at a time; what a killed one left there is written over.
 * VDB_CONFLICT: `path` exists, or another process is writing it. VDB_BAD_INPUT: it cannot be made.
 */
vdb_status file_create(const char *path, new_file **file, vdb_error *error);
vdb_status file_write(new_file *file, const void *bytes, size_t length, vdb_error *error);
/* Makes it safe on disk, then gives it its name. Releases it, also on failure. */
vdb_status file_commit(new_file *file, int64_t *size, vdb_error *error);
/* Removes it. NULL is allowed. */
void file_abort(new_file *file);

/* VDB_BAD_INPUT with the reason of `errno` and what can be done about it. */
vdb_status file_failed(vdb_error *error, const char *what, const char *path);

#endif
