#include "backup/loader.h"

#include "backup/copy_binary.h"

#include <string.h>

enum { BLOCK = 256 * 1024 };

void loader_begin(loader *l, connection *c, const table_list *tables)
{
    *l = (loader){ .connection = c, .tables = tables };
    buffer_init(&l->rows, 0x7FFFFFFF);
}

/* The COPY statement names the manifest's columns in its order: the text's must be the same. */
static bool same_columns(const copy_head *head, const json_t *columns)
{
    bool same = head->column_count == json_array_size(columns);
    for (size_t i = 0; same && i < head->column_count; i++)
        same = strcmp(head->columns[i], json_string_value(json_object_get(json_array_get(columns, i), "name"))) == 0;
    return same;
}

static vdb_status see_head(void *context, const copy_head *head, vdb_error *error)
{
    loader *l = context;
    l->current = NULL;
    voice_table *t = tables_find(l->tables, head->table);
    if (t == NULL || (l->only != NULL && strcmp(l->only, head->table) != 0))
        return VDB_OK;
    if (!same_columns(head, t->columns))
        return error_set(error, VDB_BAD_INPUT, "Use another backup.", "the columns of %s are not those of the manifest",
                         t->name);
    l->binary = l->hashed && t->letters != NULL;
    vdb_status status = connection_copy_begin(l->connection, l->binary ? t->copy_in_binary : t->copy_in, error);
    if (status != VDB_OK)
        return status;
    l->current = t;
    if (l->binary)
        copy_binary_begin(&l->rows);
    return VDB_OK;
}

static vdb_status flush(loader *l, vdb_error *error)
{
    vdb_status status = connection_copy_put(l->connection, l->rows.data, l->rows.length, error);
    buffer_reset(&l->rows);
    return status;
}

static vdb_status add_row(loader *l, const char *row, size_t length, vdb_error *error)
{
    if (l->rewrite != NULL)
        return l->rewrite(l->context, l->current, row, length, &l->rows, error);
    if (!l->binary)
        buffer_append(&l->rows, row, length);
    else if (!copy_binary_row(l->current->letters, row, length, &l->rows) && !l->rows.failed)
        return error_set(error, VDB_BAD_INPUT, "Use another backup.", "a row of %s is not of its columns' types",
                         l->current->name);
    return VDB_OK;
}

static vdb_status see_row(void *context, const char *row, size_t length, vdb_error *error)
{
    loader *l = context;
    if (l->current == NULL)
        return VDB_OK;
    l->loaded++;
    vdb_status status = add_row(l, row, length, error);
    if (status != VDB_OK)
        return status;
    if (l->rows.failed)
        return error_memory(error);
    return l->rows.length < BLOCK ? VDB_OK : flush(l, error);
}

static vdb_status see_end(void *context, vdb_error *error)
{
    loader *l = context;
    if (l->current == NULL)
        return VDB_OK;
    if (l->binary)
        copy_binary_end(&l->rows);
    vdb_status status = flush(l, error);
    l->current = NULL;
    l->done = true;
    return connection_copy_end(l->connection, status, NULL, error);
}

copy_listener loader_listener(loader *l)
{
    return (copy_listener){ .head = see_head, .row = see_row, .end = see_end, .context = l };
}

vdb_status loader_end(loader *l, vdb_status status, vdb_error *error)
{
    if (l->current != NULL) {
        /* A put fails without a reason; the server may have given one. */
        vdb_error reason = { 0 };
        vdb_status ended =
            connection_copy_end(l->connection, status == VDB_UNREACHABLE ? VDB_OK : status, NULL, &reason);
        if (status == VDB_UNREACHABLE && ended != VDB_OK && error != NULL) {
            *error = reason;
            status = ended;
        }
        l->current = NULL;
    }
    buffer_free(&l->rows);
    return status;
}
