#include "pg/record.h"

#include "base/json.h"

#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Stands before the rows, so that the pointer to the rows is enough to free all. */
typedef struct rows_header {
    alignas(max_align_t) arena *memory;
    atomic_uint users;
} rows_header;

static rows_header *header_of(const void *rows)
{
    return (rows_header *)(uintptr_t)rows - 1;
}

void rows_share(const void *rows)
{
    atomic_fetch_add(&header_of(rows)->users, 1);
}

void vdb_rows_free(const void *rows)
{
    if (rows != NULL && atomic_fetch_sub(&header_of(rows)->users, 1) == 1)
        arena_free(header_of(rows)->memory);
}

void *rows_allocate(size_t size, size_t count, arena **memory)
{
    *memory = arena_new();
    rows_header *header = *memory == NULL ? NULL : arena_alloc(*memory, sizeof *header + count * size);
    if (header == NULL) {
        arena_free(*memory);
        return NULL;
    }
    header->memory = *memory;
    atomic_init(&header->users, 1);
    return header + 1;
}

arena *rows_memory(const void *rows)
{
    return header_of(rows)->memory;
}

/* PostgreSQL's ISO style in UTC, "2026-03-01 12:00:00.5+00", as RFC 3339. */
static char *decode_instant(arena *a, const char *text, size_t length)
{
    if (length < 4 || strcmp(text + length - 3, "+00") != 0)
        return arena_copy(a, text, length);
    char *instant = arena_copy(a, text, length - 2);
    if (instant == NULL)
        return NULL;
    char *space = strchr(instant, ' ');
    if (space != NULL)
        *space = 'T';
    instant[length - 3] = 'Z';
    return instant;
}

static bool decode_text(arena *a, field_type type, const char *text, size_t length, void *member)
{
    const char *copy = type == FIELD_INSTANT ? decode_instant(a, text, length) : arena_copy(a, text, length);
    memcpy(member, &copy, sizeof copy);
    return copy != NULL;
}

static bool decode_number(field_type type, const char *text, void *member)
{
    char *end;
    errno = 0;
    if (type == FIELD_INTEGER) {
        int64_t number = strtoll(text, &end, 10);
        memcpy(member, &number, sizeof number);
    } else {
        double number = strtod(text, &end);
        memcpy(member, &number, sizeof number);
    }
    return end != text && *end == '\0' && errno == 0;
}

static bool decode_field(arena *a, const field *f, const char *text, size_t length, char *row)
{
    void *member = row + f->offset;
    switch (f->type) {
    case FIELD_TEXT:
    case FIELD_JSON:
    case FIELD_INSTANT:
        return decode_text(a, f->type, text, length, member);
    case FIELD_INTEGER:
    case FIELD_REAL:
        return decode_number(f->type, text, member);
    case FIELD_BOOLEAN: {
        bool value = text[0] == 't';
        memcpy(member, &value, sizeof value);
        return true;
    }
    case FIELD_STRINGS: {
        const char *const *strings = json_to_strings(a, text);
        memcpy(member, &strings, sizeof strings);
        return strings != NULL;
    }
    }
    return false;
}

static vdb_status check_columns(const record *r, const PGresult *result, vdb_error *error)
{
    bool same = (size_t)PQnfields(result) == r->count;
    for (size_t i = 0; same && i < r->count; i++)
        same = strcmp(PQfname(result, (int)i), r->fields[i].name) == 0;
    if (same)
        return VDB_OK;
    return error_set(error, VDB_DEFECT, "Report this: a query and its struct have drifted apart.",
                     "a query returned other columns than its record has");
}

vdb_status record_decode_at(arena *a, const record *r, const PGresult *result, int row, int first, void *target,
                            vdb_error *error)
{
    for (size_t i = 0; i < r->count; i++) {
        int column = first + (int)i;
        if (!PQgetisnull(result, row, column) && !decode_field(a, &r->fields[i], PQgetvalue(result, row, column),
                                                               (size_t)PQgetlength(result, row, column), target))
            return error_set(error, VDB_DEFECT, "Report this: a value could not be read.",
                             "column \"%s\" holds a value that does not fit its record", r->fields[i].name);
    }
    return VDB_OK;
}

vdb_status record_decode(const record *r, const PGresult *result, const void **rows, size_t *count, vdb_error *error)
{
    vdb_status status = check_columns(r, result, error);
    if (status != VDB_OK)
        return status;
    size_t tuples = (size_t)PQntuples(result);
    arena *a;
    char *first = rows_allocate(r->size, tuples, &a);
    if (first == NULL)
        return error_memory(error);
    for (size_t i = 0; i < tuples; i++) {
        status = record_decode_at(a, r, result, (int)i, 0, first + i * r->size, error);
        if (status != VDB_OK) {
            arena_free(a);
            return status;
        }
    }
    *rows = first;
    *count = tuples;
    return VDB_OK;
}
