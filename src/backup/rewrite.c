#include "backup/rewrite.h"

#include "base/text.h"
#include "base/uuid.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { KIND_OTHER, KIND_KEY, KIND_DOMAIN, KIND_SEALED };
enum { UUID_LENGTH = 36, UUID_BYTES = 16 };

static size_t column_named(const voice_table *t, const char *name)
{
    size_t i = 0;
    while (i < json_array_size(t->columns) &&
           strcmp(json_string_value(json_object_get(json_array_get(t->columns, i), "name")), name) != 0)
        i++;
    return i;
}

static vdb_status learn_sealed(rewriter *w, const voice_table *t, vdb_error *error)
{
    for (size_t i = 0; i < w->columns; i++) {
        const json_t *column = json_array_get(t->columns, i);
        const char *row = rewrite_sealed_column(t->name, json_string_value(json_object_get(column, "name")));
        if (row == NULL)
            continue;
        w->kinds[i] = KIND_SEALED;
        w->row_column = column_named(t, row);
        if (w->row_column == w->columns)
            return error_set(error, VDB_BAD_INPUT, "Use another file.", "%s has no column %s", t->name, row);
    }
    return VDB_OK;
}

static vdb_status learn(rewriter *w, const voice_table *t, vdb_error *error)
{
    w->of = t;
    w->columns = json_array_size(t->columns);
    if (w->columns > MOST_COLUMNS_REWRITTEN)
        return error_set(error, VDB_BAD_INPUT, "Use another file.", "%s has too many columns", t->name);
    bool other = strcmp(w->from, w->to) != 0;
    for (size_t i = 0; i < w->columns; i++) {
        const json_t *column = json_array_get(t->columns, i);
        bool domain = strcmp(json_string_value(json_object_get(column, "name")), "domain_uuid") == 0;
        bool key = other && json_is_true(json_object_get(column, "key"));
        w->kinds[i] = domain ? KIND_DOMAIN : key ? KIND_KEY : KIND_OTHER;
    }
    return other ? learn_sealed(w, t, error) : VDB_OK;
}

void rewrite_key(const char *key, const char *domain, char made[37])
{
    uint8_t hash[UUID_BYTES];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)key, UUID_LENGTH, (const unsigned char *)domain,
                       UUID_LENGTH);
    const uuid id = uuid_from_hash(hash);
    uuid_format(&id, made);
}

/* A UUID, an array of them ({…,…}), or NULL (\N). */
static void rewrite_keys(const rewriter *w, const char *field, size_t length, buffer *out)
{
    char key[UUID_LENGTH + 1], made[UUID_LENGTH + 1];
    for (size_t i = 0; i < length;) {
        memcpy(key, field + i, length - i < UUID_LENGTH ? length - i : UUID_LENGTH);
        key[length - i < UUID_LENGTH ? length - i : UUID_LENGTH] = '\0';
        if (text_is_uuid(key)) {
            rewrite_key(key, w->to, made);
            buffer_append(out, made, UUID_LENGTH);
            i += UUID_LENGTH;
        } else {
            buffer_append(out, field + i++, 1);
        }
    }
}

static vdb_status not_this_tenants(const voice_table *t, vdb_error *error)
{
    return error_set(error, VDB_BAD_INPUT, "Use another file.", "a row of %s is not this tenant's", t->name);
}

/* One row on its way. */
typedef struct passage {
    rewriter *rewriter;
    const voice_table *table;
    char row_uuid[UUID_LENGTH + 1]; /* what its sealed values are bound to; "": there are none */
    buffer *out;
    vdb_error *error;
} passage;

static vdb_status rewrite_field(const passage *p, size_t column, const char *field, size_t length)
{
    const rewriter *w = p->rewriter;
    switch (w->kinds[column]) {
    case KIND_DOMAIN:
        buffer_append_string(p->out, w->to);
        return length == UUID_LENGTH && memcmp(field, w->from, UUID_LENGTH) == 0 ? VDB_OK
                                                                                 : not_this_tenants(p->table, p->error);
    case KIND_KEY:
        rewrite_keys(w, field, length, p->out);
        return VDB_OK;
    case KIND_SEALED:
        return rewrite_sealed(p->rewriter, field, length, p->row_uuid, p->out, p->error);
    default:
        buffer_append(p->out, field, length);
        return VDB_OK;
    }
}

/* The length of the field that begins at `field`, `end` being at the row's newline. */
static size_t field_length(const char *field, const char *end)
{
    const char *tab = memchr(field, '\t', (size_t)(end - field));
    return (size_t)((tab == NULL ? end : tab) - field);
}

static void find_row_uuid(passage *p, const char *row, const char *end)
{
    bool sealed = memchr(p->rewriter->kinds, KIND_SEALED, p->rewriter->columns) != NULL;
    for (size_t column = 0; sealed && row < end; column++) {
        size_t length = field_length(row, end);
        if (column == p->rewriter->row_column && length == UUID_LENGTH) {
            memcpy(p->row_uuid, row, UUID_LENGTH);
            return;
        }
        row += length + 1;
    }
}

vdb_status rewrite_row(void *context, const voice_table *t, const char *row, size_t length, buffer *out,
                       vdb_error *error)
{
    rewriter *w = context;
    vdb_status status = w->of == t ? VDB_OK : learn(w, t, error);
    const char *end = row + length - 1; /* at the newline */
    passage p = { .rewriter = w, .table = t, .out = out, .error = error };
    if (status == VDB_OK)
        find_row_uuid(&p, row, end);
    size_t column = 0;
    for (; status == VDB_OK && column < w->columns && row <= end; column++) {
        size_t field = field_length(row, end);
        status = rewrite_field(&p, column, row, field);
        buffer_append(out, row + field == end ? "\n" : "\t", 1);
        row += field + 1;
    }
    if (status == VDB_OK && (row <= end || column < w->columns))
        status = not_this_tenants(t, error);
    return status;
}
