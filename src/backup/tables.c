#include "backup/tables.h"

#include "queries.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static vdb_status ask(connection *c, enum query_id id, const param *params, PGresult **result, vdb_error *error)
{
    return connection_run(c, &(statement){ &queries[id], params }, 1, result, error);
}

static vdb_status no_manifest(vdb_error *error)
{
    return error_set(error, VDB_BAD_INPUT, "Use another backup, or a newer voicedb.",
                     "the manifest's tables cannot be read");
}

static bool are_columns(const json_t *columns)
{
    size_t i;
    json_t *column;
    bool good = json_is_array(columns);
    json_array_foreach(columns, i, column) good = good && json_is_string(json_object_get(column, "name")) &&
                                                  json_is_string(json_object_get(column, "type")) &&
                                                  json_is_boolean(json_object_get(column, "key"));
    return good;
}

vdb_status tables_of_json(arena *a, json_t *array, table_list *list, vdb_error *error)
{
    *list = (table_list){ .count = json_array_size(array) };
    if (!json_is_array(array))
        return no_manifest(error);
    list->items = arena_array(a, list->count + 1, sizeof *list->items);
    if (list->items == NULL)
        return error_memory(error);
    size_t i;
    json_t *item;
    json_array_foreach(array, i, item)
    {
        voice_table *t = &list->items[i];
        const json_t *rows = json_object_get(item, "rows");
        const char *hash = json_string_value(json_object_get(item, "sha256"));
        const char *name = json_string_value(json_object_get(item, "name"));
        t->columns = json_object_get(item, "columns");
        t->rows = rows == NULL ? -1 : (int64_t)json_integer_value(rows);
        if (name == NULL || !are_columns(t->columns))
            return no_manifest(error);
        t->name = arena_copy_string(a, name);
        t->sha256 = arena_copy_string(a, hash);
        t->hidden = json_is_true(json_object_get(item, "hidden"));
        if (t->name == NULL || (hash != NULL && t->sha256 == NULL))
            return error_memory(error);
    }
    list->json = json_incref(array);
    return VDB_OK;
}

static json_t *array_of_result(const PGresult *result)
{
    json_t *array = json_array();
    for (int row = 0; array != NULL && row < PQntuples(result); row++) {
        json_t *columns = json_loads(PQgetvalue(result, row, 2), 0, NULL);
        json_t *table = json_pack("{s:s, s:b, s:o}", "name", PQgetvalue(result, row, 0), "hidden",
                                  PQgetvalue(result, row, 1)[0] == 't', "columns", columns);
        if (table == NULL || json_array_append_new(array, table) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

vdb_status tables_of_database(connection *c, arena *a, table_list *list, vdb_error *error)
{
    PGresult *result;
    *list = (table_list){ 0 };
    vdb_status status = ask(c, QUERY_BACKUP_TABLES, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    json_t *array = array_of_result(result);
    PQclear(result);
    status = array == NULL ? error_memory(error) : tables_of_json(a, array, list, error);
    json_decref(array);
    return status;
}

json_t *tables_to_json(const table_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < list->count; i++) {
        const voice_table *t = &list->items[i];
        json_t *item = json_pack("{s:s, s:I, s:s*, s:O}", "name", t->name, "rows", (json_int_t)t->rows, "sha256",
                                 t->sha256, "columns", t->columns);
        if (item == NULL || json_array_append_new(array, item) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

void tables_free(table_list *list)
{
    json_decref(list->json);
    list->json = NULL;
}

vdb_status tables_check_visible(const table_list *list, vdb_error *error)
{
    if (list->count == 0)
        return error_set(error, VDB_SCHEMA, "Run `voicedb migrate`.", "this database has no voice tables");
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].hidden)
            return error_set(error, VDB_NOT_ALLOWED,
                             "Connect as the tables' owner or as a superuser, for example with --fusionpbx.",
                             "rows of %s are hidden from this role", list->items[i].name);
    }
    return VDB_OK;
}

voice_table *tables_find(const table_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].name, name) == 0)
            return &list->items[i];
    }
    return NULL;
}

/* Copies a column of a result by its name; NULL is NULL. */
static bool copy_value(arena *a, const PGresult *result, int row, const char *column, const char **value)
{
    int number = PQfnumber(result, column);
    bool null = number < 0 || PQgetisnull(result, row, number);
    *value = null ? NULL : arena_copy_string(a, PQgetvalue(result, row, number));
    return null || *value != NULL;
}

static bool take_statements(arena *a, const PGresult *result, int row, voice_table *t)
{
    const char *missing;
    bool taken =
        copy_value(a, result, row, "is_missing", &missing) && copy_value(a, result, row, "unfit", &t->unfit) &&
        copy_value(a, result, row, "add_columns", &t->add_columns) && copy_value(a, result, row, "count", &t->count) &&
        copy_value(a, result, row, "fingerprint", &t->fingerprint) &&
        copy_value(a, result, row, "copy_out", &t->copy_out) && copy_value(a, result, row, "copy_in", &t->copy_in) &&
        copy_value(a, result, row, "copy_in_binary", &t->copy_in_binary) &&
        copy_value(a, result, row, "letters", &t->letters) && copy_value(a, result, row, "lock", &t->lock) &&
        copy_value(a, result, row, "remove", &t->remove) && copy_value(a, result, row, "analyze", &t->analyze);
    t->missing = taken && missing != NULL && missing[0] == 't';
    return taken;
}

vdb_status tables_prepare(connection *c, arena *a, table_list *list, const char *domain, vdb_error *error)
{
    char *json = json_dumps(list->json, JSON_COMPACT);
    if (json == NULL)
        return error_memory(error);
    const param params[] = { P(json), P(domain) };
    PGresult *result;
    vdb_status status = ask(c, QUERY_BACKUP_STATEMENTS, params, &result, error);
    free(json);
    if (status != VDB_OK)
        return status;
    if ((size_t)PQntuples(result) != list->count)
        status = no_manifest(error);
    for (size_t i = 0; status == VDB_OK && i < list->count; i++) {
        if (!take_statements(a, result, (int)i, &list->items[i]))
            status = error_memory(error);
    }
    PQclear(result);
    return status;
}

vdb_status tables_fingerprint(connection *c, arena *a, table_list *list, vdb_error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        voice_table *t = &list->items[i];
        PGresult *result;
        vdb_status status = connection_ask(c, t->fingerprint, &result, error);
        if (status != VDB_OK)
            return status;
        t->rows = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
        t->sha256 = arena_copy_string(a, PQgetvalue(result, 0, 1));
        PQclear(result);
        if (t->sha256 == NULL)
            return error_memory(error);
    }
    return VDB_OK;
}

vdb_status tables_count(connection *c, table_list *list, vdb_error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        PGresult *result;
        vdb_status status = connection_ask(c, list->items[i].count, &result, error);
        if (status != VDB_OK)
            return status;
        list->items[i].rows = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
        PQclear(result);
    }
    return VDB_OK;
}

int64_t tables_rows(const table_list *list)
{
    int64_t rows = 0;
    for (size_t i = 0; i < list->count; i++)
        rows += list->items[i].rows;
    return rows;
}

vdb_status tables_compare(const table_list *wanted, const table_list *found, vdb_error *error)
{
    for (size_t i = 0; i < wanted->count; i++) {
        const voice_table *w = &wanted->items[i], *f = tables_find(found, w->name);
        int64_t rows = f == NULL ? 0 : f->rows;
        if (w->rows != rows)
            return error_set(error, VDB_DEFECT, "Report this; nothing was kept.",
                             "%s has %" PRId64 " rows instead of %" PRId64, w->name, rows, w->rows);
        if (w->sha256 != NULL && (f == NULL || f->sha256 == NULL || strcmp(w->sha256, f->sha256) != 0))
            return error_set(error, VDB_DEFECT, "Report this; nothing was kept.",
                             "the rows of %s are not those that were written", w->name);
    }
    return VDB_OK;
}
