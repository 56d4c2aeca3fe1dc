/* Rows as C structs: one table per struct says which column fills which member. Used to decode, to print and for JSON.
 */
#ifndef VDB_PG_RECORD_H
#define VDB_PG_RECORD_H

#include "base/arena.h"
#include "base/error.h"

#include <libpq-fe.h>

typedef enum field_type {
    FIELD_TEXT,    /* const char *; NULL for NULL */
    FIELD_JSON,    /* const char *: JSON text */
    FIELD_INSTANT, /* const char *: RFC 3339 in UTC */
    FIELD_INTEGER, /* int64_t; 0 for NULL */
    FIELD_REAL,    /* double; 0 for NULL */
    FIELD_BOOLEAN, /* bool; false for NULL */
    FIELD_STRINGS  /* const char *const *, ends with NULL; the query gives a JSON array of strings */
} field_type;

typedef struct field {
    const char *name; /* of the member and of the column */
    field_type type;
    size_t offset;
} field;

typedef struct record {
    size_t size; /* of the struct */
    size_t count;
    const field *fields;
} record;

/* Zeroed rows for vdb_rows_free(), and the arena that is released with them. NULL: memory ran out. */
void *rows_allocate(size_t size, size_t count, arena **memory);

/* Rows that one more uses: they end with the last vdb_rows_free(). Nobody may change them from here on. */
void rows_share(const void *rows);

/* The arena that is released with rows. */
arena *rows_memory(const void *rows);

/*
 * Decodes a text-format result, whose columns are the record's fields in order, into one block for vdb_rows_free().
 * VDB_DEFECT: the columns differ, or memory ran out.
 */
vdb_status record_decode(const record *r, const PGresult *result, const void **rows, size_t *count, vdb_error *error);

/* Decodes one row's columns from `first` on into a zeroed struct, whatever the columns are called; texts are `a`'s. */
vdb_status record_decode_at(arena *a, const record *r, const PGresult *result, int row, int first, void *target,
                            vdb_error *error);

#endif
