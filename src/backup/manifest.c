#include "backup/manifest.h"

#include "pg/record.h"
#include "queries.h"

#include <stdlib.h>
#include <string.h>

static vdb_status ask(connection *c, enum query_id id, PGresult **result, vdb_error *error)
{
    return connection_run(c, &(statement){ &queries[id], NULL }, 1, result, error);
}

static const char *value(arena *a, const PGresult *result, int column)
{
    return PQgetisnull(result, 0, column) ? NULL : arena_copy_string(a, PQgetvalue(result, 0, column));
}

static vdb_status read_ledger(connection *c, manifest *m, vdb_error *error)
{
    PGresult *result;
    vdb_status status = ask(c, QUERY_MIGRATION_LEDGER, &result, error);
    if (status != VDB_OK)
        return status;
    for (int row = 0; row < PQntuples(result); row++) {
        m->schema_version = strtoll(PQgetvalue(result, row, 0), NULL, 10);
        json_t *step = json_pack("{s:I, s:s, s:s}", "version", (json_int_t)m->schema_version, "name",
                                 PQgetvalue(result, row, 1), "checksum", PQgetvalue(result, row, 2));
        if (json_array_append_new(m->migrations, step) != 0)
            status = error_memory(error);
    }
    PQclear(result);
    return status;
}

vdb_status manifest_begin(connection *c, arena *a, manifest *m, vdb_error *error)
{
    m->voicedb_version = vdb_version();
    m->migrations = json_array();
    m->domains = json_array();
    if (m->migrations == NULL || m->domains == NULL)
        return error_memory(error);
    PGresult *result;
    vdb_status status = ask(c, QUERY_BACKUP_SERVER, &result, error);
    if (status != VDB_OK)
        return status;
    m->server_version = value(a, result, 0);
    m->database = value(a, result, 1);
    m->pgvector_version = value(a, result, 2);
    m->made_at = value(a, result, 3);
    bool ledger = PQgetvalue(result, 0, 4)[0] == 't';
    PQclear(result);
    if (m->server_version == NULL || m->database == NULL || m->made_at == NULL)
        return error_memory(error);
    return ledger ? read_ledger(c, m, error) : VDB_OK;
}

vdb_status manifest_add_domain(manifest *m, const char *uuid, const char *name, vdb_error *error)
{
    json_t *domain = json_pack("{s:s, s:s}", "uuid", uuid, "name", name);
    return json_array_append_new(m->domains, domain) == 0 ? VDB_OK : error_memory(error);
}

char *manifest_write(const manifest *m)
{
    json_t *tables = tables_to_json(&m->tables);
    json_t *root =
        json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s, s:s*, s:I, s:O, s:O, s:o}", "kind", m->kind, "made_at", m->made_at,
                  "voicedb_version", m->voicedb_version, "server_version", m->server_version, "pgvector_version",
                  m->pgvector_version, "database", m->database, "vector_index", m->vector_index, "schema_version",
                  (json_int_t)m->schema_version, "migrations", m->migrations, "domains", m->domains, "tables", tables);
    char *text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(1));
    json_decref(root);
    return text;
}

/* A string of the root; a missing one, where it may miss, is NULL. */
static bool take(arena *a, const json_t *root, const char *key, bool required, const char **text)
{
    const char *found = json_string_value(json_object_get(root, key));
    *text = arena_copy_string(a, found);
    return *text != NULL || (found == NULL && !required);
}

static bool are_domains(const json_t *domains)
{
    size_t i;
    json_t *domain;
    bool good = json_is_array(domains);
    json_array_foreach(domains, i, domain) good =
        good && json_is_string(json_object_get(domain, "uuid")) && json_is_string(json_object_get(domain, "name"));
    return good;
}

static vdb_status read_root(arena *a, json_t *root, manifest *m, vdb_error *error)
{
    bool good = take(a, root, "kind", true, &m->kind) && take(a, root, "made_at", true, &m->made_at) &&
                take(a, root, "voicedb_version", true, &m->voicedb_version) &&
                take(a, root, "server_version", true, &m->server_version) &&
                take(a, root, "pgvector_version", false, &m->pgvector_version) &&
                take(a, root, "database", true, &m->database) && take(a, root, "vector_index", false, &m->vector_index);
    m->schema_version = json_integer_value(json_object_get(root, "schema_version"));
    m->migrations = json_incref(json_object_get(root, "migrations"));
    m->domains = json_incref(json_object_get(root, "domains"));
    if (!good || !are_domains(m->domains) || !json_is_array(m->migrations) ||
        json_array_size(json_object_get(root, "tables")) == 0)
        return error_set(error, VDB_BAD_INPUT, "Use another backup, or a newer voicedb.",
                         "the manifest cannot be read");
    return tables_of_json(a, json_object_get(root, "tables"), &m->tables, error);
}

vdb_status manifest_read(arena *a, const char *text, manifest *m, vdb_error *error)
{
    *m = (manifest){ 0 };
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    vdb_status status = read_root(a, root, m, error);
    json_decref(root);
    return status;
}

void manifest_free(manifest *m)
{
    json_decref(m->migrations);
    json_decref(m->domains);
    tables_free(&m->tables);
}

static bool fill_tables(arena *a, const manifest *m, vdb_backup_info *info)
{
    vdb_backup_table *tables = arena_array(a, m->tables.count + 1, sizeof *tables);
    for (size_t i = 0; tables != NULL && i < m->tables.count; i++) {
        const voice_table *t = &m->tables.items[i];
        tables[i] = (vdb_backup_table){ arena_copy_string(a, t->name), t->rows, arena_copy_string(a, t->sha256) };
    }
    info->tables = tables;
    info->table_count = m->tables.count;
    info->rows = tables_rows(&m->tables);
    return tables != NULL;
}

vdb_backup_info *manifest_info(const manifest *m, const char *path, int64_t bytes, bool sealed)
{
    arena *a;
    vdb_backup_info *info = rows_allocate(sizeof *info, 1, &a);
    if (info == NULL)
        return NULL;
    *info = (vdb_backup_info){
        .path = arena_copy_string(a, path),
        .kind = arena_copy_string(a, m->kind),
        .made_at = arena_copy_string(a, m->made_at),
        .database = arena_copy_string(a, m->database),
        .voicedb_version = arena_copy_string(a, m->voicedb_version),
        .server_version = arena_copy_string(a, m->server_version),
        .pgvector_version = arena_copy_string(a, m->pgvector_version),
        .schema_version = m->schema_version,
        .tenants = (int64_t)json_array_size(m->domains),
        .bytes = bytes,
        .encrypted = sealed,
    };
    if (!fill_tables(a, m, info)) {
        arena_free(a);
        return NULL;
    }
    return info;
}
