/*
 * Reads a container's text on a thread of its own, some pieces ahead, so that unpacking goes on while a server works on
 * what it was sent: a socket's buffer is too small to keep it busy meanwhile.
 */
#ifndef VDB_BACKUP_AHEAD_H
#define VDB_BACKUP_AHEAD_H

#include "backup/container.h"

typedef struct ahead ahead;

/* Until ahead_end() the reader is the thread's. */
vdb_status ahead_begin(container_reader *r, ahead **h, vdb_error *error);

/* As container_read(); the text is there until the next call. `position` (of the file) is where it ended. */
vdb_status ahead_read(ahead *h, const char **text, size_t *length, int64_t *position, vdb_error *error);
void ahead_end(ahead *h);

#endif
