/* The rows in SQL text as pg_dump writes it: COPY … FROM stdin; rows; \. */
#ifndef VDB_BACKUP_COPY_TEXT_H
#define VDB_BACKUP_COPY_TEXT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* What stands before the rows of one table. */
typedef struct copy_head {
    const char *schema; /* "" when none is named */
    const char *table;
    const char *const *columns; /* ends with NULL */
    size_t column_count;
} copy_head;

/*
 * Who wants to know. A member may be NULL; one that fails ends the reading. All other text is passed over: nothing of
 * it is ever looked at as a statement.
 */
typedef struct copy_listener {
    vdb_status (*head)(void *context, const copy_head *head, vdb_error *error);
    vdb_status (*row)(void *context, const char *row, size_t length, vdb_error *error); /* with its newline */
    vdb_status (*end)(void *context, vdb_error *error);
    vdb_status (*other)(void *context, const char *line, size_t length, vdb_error *error); /* outside of rows */
    void *context;
} copy_listener;

/* Reads text that comes in pieces. Zeroed to begin with but for `listener`. */
typedef struct copy_text {
    copy_listener listener;
    arena *memory; /* of the head; renewed with each block */
    buffer rest;   /* a line that is not complete yet */
    bool in_rows;
    int64_t offset; /* of the line that is told of */
} copy_text;

void copy_text_begin(copy_text *t, const copy_listener *listener);
vdb_status copy_text_read(copy_text *t, const char *text, size_t length, vdb_error *error);
/* VDB_BAD_INPUT: the text ends within a block. */
vdb_status copy_text_finish(copy_text *t, vdb_error *error);
void copy_text_free(copy_text *t);

/* The head of a block as pg_dump writes it; false: this is no such line. Lives in `a`. */
bool copy_head_parse(arena *a, const char *line, size_t length, copy_head *head);

#endif
