/* Sealed values of a tenant on their way into another domain: opened as they are bound there, sealed as they are here.
 */
#include "backup/rewrite.h"

#include "store/secrets.h"

#include <sodium.h>
#include <string.h>

static const struct sealed_column {
    const char *table, *column, *row;
} sealed_columns[] = {
    { DATA_KEYS_TABLE, "sealed_key", "data_key_uuid" },
    { PROVIDERS_TABLE, CONFIG_COLUMN, "provider_uuid" },
    { SETTINGS_TABLE, WEBHOOK_CONFIG_COLUMN, "domain_uuid" },
};

const char *rewrite_sealed_column(const char *table, const char *column)
{
    for (size_t i = 0; i < sizeof sealed_columns / sizeof sealed_columns[0]; i++) {
        if (strcmp(sealed_columns[i].table, table) == 0 && strcmp(sealed_columns[i].column, column) == 0)
            return sealed_columns[i].row;
    }
    return NULL;
}

/* What COPY wrote, undone: in JSON of PostgreSQL's there is nothing to undo but doubled backslashes. */
static char *unescape(arena *a, const char *bytes, size_t length)
{
    char *text = arena_alloc(a, length + 1);
    size_t used = 0;
    for (size_t i = 0; text != NULL && i < length; i++) {
        i += bytes[i] == '\\' && i + 1 < length;
        text[used++] = bytes[i];
    }
    return text;
}

/* The tenant's data key: what is sealed below opens with it, and a new one takes its place. */
static vdb_status rewrite_data_key(rewriter *w, arena *a, const char *text, const char *uuid, buffer *out,
                                   vdb_error *error)
{
    const char *sealed;
    char room[512];
    if (sscanf(text, "{\"$sealed\": \"%511[^\"]\"}", room) != 1)
        return error_set(error, VDB_BAD_INPUT, "Use another file.", "the tenant's data key cannot be read");
    vdb_status status = keyring_open(w->keys, w->from, uuid, room, &w->old, error);
    if (status != VDB_OK)
        return status;
    rewrite_key(uuid, w->to, w->new.uuid);
    randombytes_buf(w->new.bytes, sizeof w->new.bytes);
    status = keyring_seal(w->keys, a, w->to, &w->new, &sealed, error);
    if (status == VDB_OK)
        buffer_printf(out, "{\"$sealed\": \"%s\"}", sealed);
    return status;
}

static vdb_status rewrite_config(rewriter *w, arena *a, const char *text, const char *bytes, const char *uuid,
                                 buffer *out, vdb_error *error)
{
    char new_row[37];
    const char *result;
    if (strcmp(uuid, w->from) == 0)
        snprintf(new_row, sizeof new_row, "%s", w->to);
    else
        rewrite_key(uuid, w->to, new_row);
    const seal_place there = secrets_place(w->from, w->of->name, uuid);
    const seal_place here = secrets_place(w->to, w->of->name, new_row);
    const seal_order order = { .place = &here, .key = &w->new, .old_place = &there, .old = &w->old };
    vdb_status status = config_reseal(a, text, bytes, &order, &result, error);
    if (status == VDB_OK)
        buffer_append_string(out, result);
    return status;
}

vdb_status rewrite_sealed(rewriter *w, const char *bytes, size_t length, const char *row_uuid, buffer *out,
                          vdb_error *error)
{
    bool is_key = strcmp(w->of->name, DATA_KEYS_TABLE) == 0;
    arena *a = arena_new();
    char *copy = a == NULL ? NULL : arena_copy(a, bytes, length);
    char *text = copy == NULL ? NULL : unescape(a, bytes, length);
    vdb_status status = VDB_OK;
    if (text == NULL)
        status = error_memory(error);
    else if (is_key)
        status = rewrite_data_key(w, a, text, row_uuid, out, error);
    else if (config_has_sealed(text))
        status = rewrite_config(w, a, text, copy, row_uuid, out, error);
    else
        buffer_append(out, bytes, length);
    arena_free(a);
    return status;
}
