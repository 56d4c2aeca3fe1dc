/* Splitting text and Markdown into chunks, in one pass over blocks of a file, with bounded memory. */
#ifndef VDB_KNOWLEDGE_SPLIT_H
#define VDB_KNOWLEDGE_SPLIT_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct splitter splitter;

typedef struct split_chunk {
    const char *content; /* what is stored and embedded: heading path, a cut table's header, then the passage */
    const char *heading; /* heading path, "Preços > Consultas", the outer ones left out when it is long; NULL: none */
    int64_t offset;      /* of the passage in the text, bytes */
    int64_t length;      /* of the passage in the text, bytes */
    uint32_t row;        /* the record of a table that it is, or a part of; 0: none */
    uint32_t page;       /* where the passage begins; 0: the document has none */
    uint32_t last_page;  /* where it ends */
    int64_t token_count; /* of the content, an estimate: four UTF-8 characters a token, at least one a word */
} split_chunk;

/* Told of every chunk in order; strings live during the call. Not VDB_OK ends the split with that status. */
typedef vdb_status (*split_sink)(void *context, const split_chunk *chunk, vdb_error *error);

typedef struct split_options {
    bool markdown;      /* headings (#), fenced code and tables are known */
    int target_tokens;  /* a chunk is at most this long; 32 to 4000; 0: 200 */
    int overlap_tokens; /* at most what a chunk repeats of the one before, whole sentences of its section; 0: none */
} split_options;

/* VDB_USAGE: options out of range (the overlap: at most half of the target). */
vdb_status split_check(const split_options *options, vdb_error *error);

/*
 * A passage is the text's own bytes from `offset` on, in `content` without the CR of CRLF. It has a letter or a digit,
 * never begins or ends with white space, and never reaches over a heading. What is in no passage is white space, a
 * heading (it is in the path of the chunks below it) or a run of signs without a letter or digit. A heading with
 * nothing below it is a passage. The same bytes give the same chunks, however they are fed. A byte-order mark at the
 * start is skipped.
 *
 * VDB_USAGE: what split_check() says. Release with splitter_free().
 */
vdb_status splitter_new(const split_options *options, split_sink sink, void *context, splitter **s, vdb_error *error);
/* Feeds bytes of valid UTF-8; a call may end anywhere, even inside a character. */
vdb_status splitter_feed(splitter *s, const char *bytes, size_t length, vdb_error *error);
/* What is fed next is this record of a table: no chunk reaches over its borders. */
vdb_status splitter_row(splitter *s, uint32_t row, vdb_error *error);
/* What is fed next stands on this page. */
vdb_status splitter_page(splitter *s, uint32_t page, vdb_error *error);
/* The end of the file: gives out what is left. */
vdb_status splitter_finish(splitter *s, vdb_error *error);
void splitter_free(splitter *s);

#endif
