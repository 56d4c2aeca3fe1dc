#include "backup/rewrite.h"

#include "base/text.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { KIND_OTHER, KIND_KEY, KIND_DOMAIN };
enum { UUID_LENGTH = 36, UUID_BYTES = 16 };

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
    return VDB_OK;
}

/* A UUID of version 8, RFC 9562's own kind, from the key and the domain it goes to. */
static void other_key(const char *key, const char *domain, char made[UUID_LENGTH + 1])
{
    unsigned char b[UUID_BYTES];
    crypto_generichash(b, sizeof b, (const unsigned char *)key, UUID_LENGTH, (const unsigned char *)domain,
                       UUID_LENGTH);
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x80);
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    snprintf(made, UUID_LENGTH + 1, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

/* A UUID, an array of them ({…,…}), or NULL (\N). */
static void rewrite_keys(const rewriter *w, const char *field, size_t length, buffer *out)
{
    char key[UUID_LENGTH + 1], made[UUID_LENGTH + 1];
    for (size_t i = 0; i < length;) {
        memcpy(key, field + i, length - i < UUID_LENGTH ? length - i : UUID_LENGTH);
        key[length - i < UUID_LENGTH ? length - i : UUID_LENGTH] = '\0';
        if (text_is_uuid(key)) {
            other_key(key, w->to, made);
            buffer_append(out, made, UUID_LENGTH);
            i += UUID_LENGTH;
        } else {
            buffer_append(out, field + i++, 1);
        }
    }
}

static bool rewrite_field(const rewriter *w, size_t column, const char *field, size_t length, buffer *out)
{
    switch (w->kinds[column]) {
    case KIND_DOMAIN:
        buffer_append_string(out, w->to);
        return length == UUID_LENGTH && memcmp(field, w->from, UUID_LENGTH) == 0;
    case KIND_KEY:
        rewrite_keys(w, field, length, out);
        return true;
    default:
        buffer_append(out, field, length);
        return true;
    }
}

vdb_status rewrite_row(void *context, const voice_table *t, const char *row, size_t length, buffer *out,
                       vdb_error *error)
{
    rewriter *w = context;
    vdb_status status = w->of == t ? VDB_OK : learn(w, t, error);
    if (status != VDB_OK)
        return status;
    const char *end = row + length - 1; /* at the newline */
    bool good = true;
    size_t column = 0;
    for (; good && column < w->columns && row != NULL; column++) {
        const char *tab = memchr(row, '\t', (size_t)(end - row));
        size_t field = (size_t)((tab == NULL ? end : tab) - row);
        good = rewrite_field(w, column, row, field, out);
        buffer_append(out, tab == NULL ? "\n" : "\t", 1);
        row = tab == NULL ? NULL : tab + 1;
    }
    if (good && row == NULL && column == w->columns)
        return VDB_OK;
    return error_set(error, VDB_BAD_INPUT, "Use another file.", "a row of %s is not this tenant's", t->name);
}
