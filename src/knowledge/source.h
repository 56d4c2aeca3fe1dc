/* A file that is to become a document: read twice, first to check and to hash, then to split. */
#ifndef VDB_KNOWLEDGE_SOURCE_H
#define VDB_KNOWLEDGE_SOURCE_H

#include "base/error.h"

#include <stdio.h>

enum { SOURCE_BLOCK = 64 * 1024 };

typedef struct source {
    FILE *file;
    int64_t size;    /* bytes */
    char sha256[65]; /* hexadecimal */
} source;

/*
 * Opens a file ("-": standard input; what cannot be read twice is copied to a temporary file first) and reads it once.
 * VDB_BAD_INPUT: it cannot be read, is empty, larger than `max_bytes`, binary or not UTF-8. Release with
 * source_close().
 */
vdb_status source_open(const char *path, int64_t max_bytes, source *s, vdb_error *error);
void source_close(source *s);

/* Told of the file's bytes in order. Not VDB_OK ends the reading. */
typedef vdb_status (*source_sink)(void *context, const char *bytes, size_t length, vdb_error *error);

/* Reads the file again. VDB_CONFLICT: it has changed since source_open(). */
vdb_status source_read(source *s, source_sink sink, void *context, vdb_error *error);

#endif
