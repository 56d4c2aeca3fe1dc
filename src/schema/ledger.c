#include "schema/ledger.h"

#include "base/buffer.h"
#include "pg/pool.h"
#include "pg/record.h"
#include "queries.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TYPE vdb_migration
static const field fields[] = {
    { "version", FIELD_INTEGER, offsetof(TYPE, version) },
    { "name", FIELD_TEXT, offsetof(TYPE, name) },
    { "checksum", FIELD_TEXT, offsetof(TYPE, state) }, /* compared, then replaced by what it tells */
    { "applied_at", FIELD_INSTANT, offsetof(TYPE, applied_at) },
    { "execution_ms", FIELD_INTEGER, offsetof(TYPE, execution_ms) },
};
static const record ledger_shape = { sizeof(TYPE), sizeof fields / sizeof fields[0], fields };
#undef TYPE

vdb_status schema_ask(connection *c, int query_id, const param *params, PGresult **result, vdb_error *error)
{
    return connection_run(c, &(statement){ &queries[query_id], params }, 1, result, error);
}

/* What the database has: VDB_SCHEMA when it is not FusionPBX's. */
static vdb_status look(connection *c, bool *ledger, vdb_error *error)
{
    PGresult *result;
    vdb_status status = schema_ask(c, QUERY_MIGRATION_GROUND, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    bool domains = PQgetvalue(result, 0, 0)[0] == 't';
    *ledger = PQgetvalue(result, 0, 1)[0] == 't';
    PQclear(result);
    if (domains)
        return VDB_OK;
    return error_set(error, VDB_SCHEMA, "Set PGDATABASE to FusionPBX's database.",
                     "this database has no table v_domains");
}

/* What the ledger says of one version of ours or of a newer voicedb's. */
static void judge(vdb_migration *row, const migration *ours, const vdb_migration *applied)
{
    if (applied != NULL)
        *row = *applied;
    if (ours == NULL) {
        row->state = "unknown";
        return;
    }
    row->version = ours->version;
    row->name = ours->name;
    row->state = applied == NULL ? "pending" : strcmp(applied->state, ours->checksum) == 0 ? "applied" : "changed";
}

static const vdb_migration *find(const vdb_migration *ledger, size_t count, int64_t version)
{
    for (size_t i = 0; i < count; i++) {
        if (ledger[i].version == version)
            return &ledger[i];
    }
    return NULL;
}

/* Joins the ledger with the files; the result is one block that holds copies. */
static vdb_status join(migration_list list, const vdb_migration *ledger, size_t applied, const vdb_migration **rows,
                       size_t *count, vdb_error *error)
{
    size_t newer = 0;
    for (size_t i = 0; i < applied; i++)
        newer += ledger[i].version > (int64_t)list.count;
    arena *a;
    vdb_migration *joined = rows_allocate(sizeof *joined, list.count + newer, &a);
    if (joined == NULL)
        return error_memory(error);
    for (size_t i = 0; i < list.count; i++)
        judge(&joined[i], &list.steps[i], find(ledger, applied, list.steps[i].version));
    size_t next = list.count;
    for (size_t i = 0; i < applied; i++) {
        if (ledger[i].version > (int64_t)list.count)
            judge(&joined[next++], NULL, &ledger[i]);
    }
    for (size_t i = 0; i < next; i++) {
        joined[i].name = arena_copy_string(a, joined[i].name);
        joined[i].applied_at = arena_copy_string(a, joined[i].applied_at);
    }
    *rows = joined;
    *count = next;
    return VDB_OK;
}

vdb_status ledger_read(connection *c, migration_list list, const vdb_migration **rows, size_t *count, vdb_error *error)
{
    bool there;
    vdb_status status = look(c, &there, error);
    if (status != VDB_OK)
        return status;
    if (!there)
        return join(list, NULL, 0, rows, count, error);
    PGresult *result;
    status = schema_ask(c, QUERY_MIGRATION_LEDGER, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    const void *ledger;
    size_t applied;
    status = record_decode(&ledger_shape, result, &ledger, &applied, error);
    PQclear(result);
    if (status != VDB_OK)
        return status;
    status = join(list, ledger, applied, rows, count, error);
    vdb_rows_free(ledger);
    return status;
}

size_t ledger_count(const vdb_migration *rows, size_t count, const char *state)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += strcmp(rows[i].state, state) == 0;
    return found;
}

vdb_status ledger_refuse_changed(const vdb_migration *rows, size_t count, vdb_error *error)
{
    size_t changed = ledger_count(rows, count, "changed");
    if (changed == 0)
        return VDB_OK;
    buffer names;
    buffer_init(&names, sizeof error->detail);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].state, "changed") == 0)
            buffer_printf(&names, "%s%04" PRId64 "_%s", names.length == 0 ? "" : ", ", rows[i].version, rows[i].name);
    }
    error_set(error, VDB_DRIFT,
              "Install the voicedb that applied them, or accept each with `voicedb migrate repair --version N`.",
              "applied steps whose files have changed since: %zu", changed);
    if (names.length > 0)
        error_detail(error, "%s", names.data);
    buffer_free(&names);
    return VDB_DRIFT;
}

vdb_status ledger_create(connection *c, vdb_error *error)
{
    return connection_execute(c, queries[QUERY_MIGRATION_LEDGER_CREATE].text, error);
}

vdb_status ledger_record(connection *c, const migration *m, int64_t took_ms, vdb_error *error)
{
    char version[16], ms[24];
    snprintf(version, sizeof version, "%d", m->version);
    snprintf(ms, sizeof ms, "%" PRId64, took_ms);
    const param params[] = { P(version), P(m->name), P(m->checksum), P(ms), P(vdb_version()) };
    return schema_ask(c, QUERY_MIGRATION_RECORD, params, NULL, error);
}

static vdb_status accept_file(connection *c, const migration *m, bool *changed, vdb_error *error)
{
    char version[16];
    snprintf(version, sizeof version, "%d", m->version);
    const param params[] = { P(m->name), P(m->checksum), P(version) };
    PGresult *result;
    vdb_status status = schema_ask(c, QUERY_MIGRATION_REPAIR, params, &result, error);
    if (status != VDB_OK)
        return status;
    *changed = PQntuples(result) == 1;
    PQclear(result);
    return VDB_OK;
}

vdb_status ledger_repair(connection *c, migration_list list, int version, bool *changed, vdb_error *error)
{
    if (version < 1 || (size_t)version > list.count)
        return error_set(error, VDB_NOT_FOUND, "Run `voicedb migrate status`; it lists the steps.",
                         "this voicedb has no step %d", version);
    const vdb_migration *rows;
    size_t count;
    vdb_status status = ledger_read(c, list, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    bool pending = strcmp(rows[version - 1].state, "pending") == 0;
    vdb_rows_free(rows);
    if (pending)
        return error_set(error, VDB_NOT_FOUND, "Run `voicedb migrate`.", "step %d was not applied here", version);
    return accept_file(c, &list.steps[version - 1], changed, error);
}

vdb_status vdb_migrate_status(vdb_pool *pool, const vdb_migration **rows, size_t *count, vdb_error *error)
{
    connection *c;
    error_clear(error);
    vdb_status status = pool_acquire(pool, &c, error);
    if (status != VDB_OK)
        return status;
    status = ledger_read(c, migrations, rows, count, error);
    pool_release(pool, c);
    return status;
}

vdb_status vdb_migrate_repair(vdb_pool *pool, int version, bool *changed, vdb_error *error)
{
    connection *c;
    error_clear(error);
    vdb_status status = pool_acquire(pool, &c, error);
    if (status != VDB_OK)
        return status;
    bool repaired = false;
    status = ledger_repair(c, migrations, version, &repaired, error);
    pool_release(pool, c);
    if (status == VDB_OK && changed != NULL)
        *changed = repaired;
    return status;
}
