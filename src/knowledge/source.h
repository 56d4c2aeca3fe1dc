/* A file that is to become a document. */
#ifndef VDB_KNOWLEDGE_SOURCE_H
#define VDB_KNOWLEDGE_SOURCE_H

#include "base/error.h"

#include <stdio.h>

enum { SOURCE_BLOCK = 64 * 1024 };

typedef struct source {
    FILE *file;
    const char *name; /* what errors call it; the path's memory */
    int64_t size;     /* bytes */
    char sha256[65];  /* hexadecimal */
} source;

/*
 * Opens a file ("-": standard input; what cannot be read twice is copied to a temporary file first) and reads it once.
 * VDB_BAD_INPUT: it cannot be read, is empty or larger than `max_bytes`. Release with source_close().
 */
vdb_status source_open(const char *path, int64_t max_bytes, source *s, vdb_error *error);
void source_close(source *s);

/* The same of a text in memory; `name`, which must outlive it, is what errors call it. */
vdb_status source_open_text(const char *text, const char *name, source *s, vdb_error *error);

/* Reads the file again. VDB_CONFLICT: it has changed since source_open(). */
vdb_status source_unchanged(const source *s, vdb_error *error);

#endif
