/*
 * Rows of COPY's text made into those of its binary format, which a server loads in less than half of the time: most of
 * it goes into reading the numbers of vectors, which is done here, beside the server.
 */
#ifndef VDB_BACKUP_COPY_BINARY_H
#define VDB_BACKUP_COPY_BINARY_H

#include "base/buffer.h"

/*
 * `types` has a letter for each column of a row: u uuid, i integer, l bigint, b boolean, t text and character varying,
 * j jsonb, z timestamp with time zone, v vector.
 */
void copy_binary_begin(buffer *out);
/* One row, with its newline, in UTF-8, as COPY TO writes it with DateStyle ISO; false: it is none of these columns. */
bool copy_binary_row(const char *types, const char *row, size_t length, buffer *out);
void copy_binary_end(buffer *out);

#endif
