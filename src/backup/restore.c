/*
 * A restore: schema by the migrations, then all rows in one transaction that ends only when counts and hashes are those
 * of the backup, then the vector index.
 */
#include "backup/operator.h"
#include "backup/origin.h"
#include "backup/references.h"
#include "privacy/erasures.h"
#include "queries.h"
#include "schema/migrations.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct restore {
    vdb_pool *pool;
    const vdb_restore_options *options;
    arena *memory;
    connection *connection;
    origin origin;
    manifest manifest;
    table_list there; /* of the database, those referred to first */
    table_list found; /* what the database has after it */
    bool unindexed;   /* the vector indexes were dropped */
    bool already;     /* the rows were there */
    erasures *erasures;
    int64_t erased; /* conversations that do not come back */
} restore;

static vdb_status ask(restore *r, enum query_id id, const param *params, PGresult **result, vdb_error *error)
{
    return connection_run(r->connection, &(statement){ &queries[id], params }, 1, result, error);
}

/* ---- before anything is touched ------------------------------------------------------------------------------------
 */

static vdb_status check_kind(const manifest *m, vdb_error *error)
{
    if (strcmp(m->kind, "tenant") == 0)
        return error_set(error, VDB_USAGE, "Run `voicedb tenant import` on it.", "this is the copy of one tenant");
    if (m->schema_version > (int64_t)migrations.count)
        return error_set(error, VDB_SCHEMA, "Install a newer voicedb.",
                         "the backup's schema is of version %" PRId64 ", this voicedb's of %zu", m->schema_version,
                         migrations.count);
    return VDB_OK;
}

static vdb_status check_ground(restore *r, vdb_error *error)
{
    PGresult *result;
    vdb_status status = ask(r, QUERY_MIGRATION_GROUND, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    bool fusionpbx = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return fusionpbx ? VDB_OK
                     : error_set(error, VDB_SCHEMA, "Set PGDATABASE to FusionPBX's database.",
                                 "this database has no table v_domains");
}

static void tell(const restore *r, const char *line)
{
    if (r->options->note != NULL && line != NULL)
        r->options->note(r->options->context, line);
}

static vdb_status refuse_missing(restore *r, const PGresult *result, vdb_error *error)
{
    int missing = PQntuples(result);
    for (int row = 0; row < missing; row++)
        tell(r,
             arena_printf(r->memory, "missing domain %s %s", PQgetvalue(result, row, 0), PQgetvalue(result, row, 1)));
    if (missing == 0)
        return VDB_OK;
    error_set(error, VDB_NOT_FOUND, "Restore FusionPBX's own tables first, or add these domains there.",
              "%d tenant%s of the backup %s no domain here", missing, missing == 1 ? "" : "s",
              missing == 1 ? "has" : "have");
    return error_detail(error, "%s %s%s", PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1), missing > 1 ? ", …" : "");
}

static vdb_status check_domains(restore *r, vdb_error *error)
{
    char *json = json_dumps(r->manifest.domains, JSON_COMPACT);
    if (json == NULL)
        return error_memory(error);
    PGresult *result;
    vdb_status status = ask(r, QUERY_RESTORE_MISSING_DOMAINS, (const param[]){ P(json) }, &result, error);
    free(json);
    if (status != VDB_OK)
        return status;
    status = refuse_missing(r, result, error);
    PQclear(result);
    return status;
}

static vdb_status refuse_rows(int64_t rows, vdb_error *error)
{
    return error_set(error, VDB_CONFLICT, "Write --replace to delete them and restore the backup's.",
                     "the voice tables hold %" PRId64 " rows", rows);
}

/* The rows that are there: of tables that migrations have not made yet, none. */
static vdb_status count_rows(restore *r, int64_t *rows, vdb_error *error)
{
    tables_free(&r->there);
    vdb_status status = tables_of_database(r->connection, r->memory, &r->there, error);
    if (status == VDB_OK && r->there.count > 0)
        status = tables_check_visible(&r->there, error);
    if (status == VDB_OK)
        status = tables_prepare(r->connection, r->memory, &r->there, "", error);
    if (status == VDB_OK)
        status = tables_count(r->connection, &r->there, error);
    if (status == VDB_OK)
        *rows = tables_rows(&r->there);
    return status;
}

/* Whether a restore of this backup was cut off only after its rows: the hashes decide. */
static vdb_status check_already(restore *r, bool *same, vdb_error *error)
{
    *same = false;
    if (r->origin.plain || r->options->replace)
        return VDB_OK;
    vdb_status status = tables_prepare(r->connection, r->memory, &r->found, "", error);
    for (size_t i = 0; status == VDB_OK && i < r->found.count; i++) {
        const voice_table *t = &r->found.items[i];
        if (t->missing || t->unfit != NULL || t->add_columns != NULL)
            return VDB_OK;
    }
    if (status == VDB_OK)
        status = tables_count(r->connection, &r->found, error);
    if (status != VDB_OK || tables_rows(&r->found) != tables_rows(&r->manifest.tables) ||
        tables_rows(&r->found) != tables_rows(&r->there))
        return status;
    status = tables_fingerprint(r->connection, r->memory, &r->found, error);
    *same = status == VDB_OK && tables_compare(&r->manifest.tables, &r->found, NULL) == VDB_OK;
    return status;
}

static vdb_status check_rows(restore *r, vdb_error *error)
{
    int64_t rows = 0;
    vdb_status status = operator_begin_snapshot(r->connection, error);
    if (status == VDB_OK)
        status = count_rows(r, &rows, error);
    if (status == VDB_OK && rows > 0)
        status = check_already(r, &r->already, error);
    connection_rollback(r->connection);
    if (status == VDB_OK && rows > 0 && !r->already && !r->options->replace)
        return refuse_rows(rows, error);
    /* An index that grows row by row is slow to load into; one that searches use is left alone. */
    r->unindexed = status == VDB_OK && rows == 0;
    return status;
}

/* ---- the rows -------------------------------------------------------------------------------------------------------
 */

static vdb_status check_fit(const table_list *tables, vdb_error *error)
{
    for (size_t i = 0; i < tables->count; i++) {
        const voice_table *t = &tables->items[i];
        if (t->missing)
            return error_set(error, VDB_CONFLICT, "Create the table as it was, then restore again.",
                             "the database has no table %s", t->name);
        if (t->unfit != NULL)
            return error_set(error, VDB_CONFLICT, "Install the voicedb that made the backup, or mend the table.",
                             "%s cannot take the backup's columns %s", t->name, t->unfit);
    }
    return VDB_OK;
}

static vdb_status lock_tables(restore *r, vdb_error *error)
{
    vdb_status status = VDB_OK;
    for (size_t i = 0; status == VDB_OK && i < r->there.count; i++)
        status = connection_execute(r->connection, r->there.items[i].lock, error);
    return status;
}

/* Those that refer go first. */
static vdb_status empty_tables(restore *r, vdb_error *error)
{
    vdb_status status = VDB_OK;
    for (size_t i = r->there.count; status == VDB_OK && i > 0; i--)
        status = connection_execute(r->connection, r->there.items[i - 1].remove, error);
    return status;
}

static vdb_status add_columns(restore *r, vdb_error *error)
{
    vdb_status status = VDB_OK;
    for (size_t i = 0; status == VDB_OK && i < r->found.count; i++) {
        if (r->found.items[i].add_columns != NULL)
            status = connection_execute(r->connection, r->found.items[i].add_columns, error);
    }
    return status;
}

static vdb_status check_loaded(restore *r, vdb_error *error)
{
    vdb_status status = r->origin.plain ? tables_count(r->connection, &r->found, error)
                                        : tables_fingerprint(r->connection, r->memory, &r->found, error);
    return status == VDB_OK ? tables_compare(&r->manifest.tables, &r->found, error) : status;
}

/* Within the transaction, whose locks keep writers out. */
static vdb_status make_room(restore *r, vdb_error *error)
{
    int64_t rows = 0;
    vdb_status status = count_rows(r, &rows, error);
    if (status == VDB_OK)
        status = lock_tables(r, error);
    if (status == VDB_OK)
        status = count_rows(r, &rows, error);
    if (status == VDB_OK && rows > 0)
        status = r->options->replace ? empty_tables(r, error) : refuse_rows(rows, error);
    if (status == VDB_OK)
        status = tables_prepare(r->connection, r->memory, &r->found, "", error);
    if (status == VDB_OK)
        status = check_fit(&r->found, error);
    return status == VDB_OK ? add_columns(r, error) : status;
}

static vdb_status replace_rows(restore *r, vdb_error *error)
{
    bool deferred = false;
    vdb_status status = make_room(r, error);
    if (status == VDB_OK)
        status = references_defer(r->connection, &r->manifest, &deferred, error);
    if (status != VDB_OK)
        return status;
    loader l;
    loader_begin(&l, r->connection, &r->found);
    l.hashed = !r->origin.plain;
    status = origin_load(&r->origin, &r->manifest, &r->there, &l, error);
    if (status == VDB_OK && deferred)
        status = references_check(r->connection, error);
    if (status == VDB_OK)
        status = check_loaded(r, error);
    return status == VDB_OK ? erasures_repeat_all(r->erasures, r->connection, &r->erased, error) : status;
}

static vdb_status load(restore *r, vdb_error *error)
{
    vdb_status status = operator_begin(r->connection, error);
    if (status == VDB_OK)
        status = replace_rows(r, error);
    if (status == VDB_OK)
        status = connection_commit(r->connection, error);
    if (status != VDB_OK)
        connection_rollback(r->connection);
    for (size_t i = 0; status == VDB_OK && i < r->found.count; i++)
        status = connection_execute(r->connection, r->found.items[i].analyze, error);
    return status;
}

/* ---- the vector index
 * ------------------------------------------------------------------------------------------------ */

static bool has_index(vdb_pool *pool)
{
    const vdb_index *rows;
    size_t count;
    bool has = false;
    if (vdb_index_show(pool, &rows, &count, NULL) != VDB_OK)
        return true;
    for (size_t i = 0; i < count; i++)
        has = has || (rows[i].in_use && rows[i].index_name != NULL);
    vdb_rows_free(rows);
    return has;
}

/* That of the backup; what this server cannot build becomes the default, or exact search. */
static vdb_status build_index(restore *r, bool loud, vdb_error *error)
{
    const char *wanted = r->manifest.vector_index == NULL ? "two-stage" : r->manifest.vector_index;
    if (strcmp(wanted, "none") == 0 || has_index(r->pool))
        return VDB_OK;
    if (loud)
        tell(r, "building the vector index; searches are exact until it is there");
    vdb_status status = vdb_index_use(r->pool, wanted, error);
    if (status == VDB_CONFLICT)
        status = vdb_index_use(r->pool, "two-stage", error);
    return status == VDB_CONFLICT ? VDB_OK : status;
}

/* ---- all of it
 * ------------------------------------------------------------------------------------------------------- */

static vdb_status prepare(restore *r, vdb_error *error)
{
    vdb_status status = origin_open(&r->origin, r->memory, &r->manifest, error);
    if (status == VDB_OK)
        status = check_kind(&r->manifest, error);
    if (status == VDB_OK)
        status = tables_of_json(r->memory, r->manifest.tables.json, &r->found, error);
    if (status == VDB_OK)
        status = check_ground(r, error);
    if (status == VDB_OK)
        status = check_domains(r, error);
    return status == VDB_OK ? check_rows(r, error) : status;
}

static vdb_status run(restore *r, vdb_error *error)
{
    vdb_status status = prepare(r, error);
    if (status == VDB_OK)
        status = vdb_migrate(r->pool, 0, NULL, NULL, NULL, error);
    if (status != VDB_OK)
        return status;
    status = operator_lock(r->connection, error);
    if (status == VDB_OK)
        status = erasures_open(r->connection, NULL, NULL, r->options->erasure_keys, &r->erasures, error);
    if (status == VDB_OK && !r->already && r->unindexed)
        status = vdb_index_use(r->pool, "none", error);
    if (status == VDB_OK && !r->already)
        status = load(r, error);
    if (status != VDB_OK) {
        if (r->unindexed)
            (void)build_index(r, false, NULL);
        return status;
    }
    if (r->erased > 0)
        tell(r,
             arena_printf(r->memory, "%" PRId64 " conversations of callers who were erased were left out", r->erased));
    return build_index(r, true, error);
}

vdb_status vdb_restore(vdb_pool *pool, const vdb_restore_options *options, const vdb_backup_info **info,
                       vdb_error *error)
{
    vdb_error local;
    error = error == NULL ? &local : error;
    error_clear(error);
    restore r = { .pool = pool, .options = options, .memory = arena_new() };
    if (r.memory == NULL)
        return error_memory(error);
    r.origin = (origin){
        .path = options->path, .key_file = options->key_file, .progress = options->progress, .context = options->context
    };
    vdb_status status = pool_open_patient(pool, &r.connection, error);
    if (status == VDB_OK) {
        status = run(&r, error);
        erasures_close(r.erasures);
        connection_close(r.connection);
    }
    if (status == VDB_OK && info != NULL) {
        vdb_backup_info *made = manifest_info(&r.manifest, options->path, r.origin.bytes, r.origin.sealed);
        *info = made;
        status = made == NULL ? error_memory(error) : VDB_OK;
    }
    manifest_free(&r.manifest);
    tables_free(&r.there);
    tables_free(&r.found);
    arena_free(r.memory);
    return status;
}
