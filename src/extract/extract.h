/* The text of a document of any kind that is read, made by a process of its own that can reach nothing of ours. */
#ifndef VDB_EXTRACT_EXTRACT_H
#define VDB_EXTRACT_EXTRACT_H

#include "base/error.h"
#include "extract/frame.h"

#include <stdio.h>

typedef struct extract_limits {
    unsigned seconds;   /* of processor time; 0: 60, and one more for each MB of the document */
    unsigned megabytes; /* of data in memory; 0: 256 */
    int64_t text_bytes; /* of what is written; 0: 64 MB, and twice the document */
} extract_limits;

typedef struct extraction {
    FILE *frames;
    document_kind kind;
    char mime_type[MIME_BYTES + 1];
    int64_t text_size; /* bytes of UTF-8 */
} extraction;

/* Asked now and then while the other process works; false ends it. */
typedef bool (*extract_patience)(void *context);

/*
 * Extracts from `file`, a descriptor of a regular file; `name` is what errors call it. The text waits in a nameless
 * temporary file. VDB_BAD_INPUT: the document cannot be read, and why; VDB_USAGE: `patience` said no; VDB_DEFECT:
 * voicedb-extract is not there. Release with extraction_close(), also after a failure. Thread-safe.
 */
vdb_status extract_document(int file, const char *name, const extract_limits *limits, extract_patience patience,
                            void *context, extraction *x, vdb_error *error);
void extraction_close(extraction *x);

typedef struct extract_reader {
    vdb_status (*text)(void *context, const char *bytes, size_t length, vdb_error *error); /* whole characters */
    vdb_status (*row)(void *context, uint32_t number, vdb_error *error);  /* what follows is this record of a table */
    vdb_status (*page)(void *context, uint32_t number, vdb_error *error); /* what follows stands on this page */
} extract_reader;

/* Reads the text; any number of times. Not VDB_OK from the reader ends it with that status. A NULL member: not told. */
vdb_status extraction_read(extraction *x, const extract_reader *reader, void *context, vdb_error *error);

const char *document_kind_name(document_kind kind);

#endif
