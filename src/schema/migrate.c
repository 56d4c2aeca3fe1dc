#include "schema/migrate.h"

#include "queries.h"
#include "schema/ledger.h"
#include "schema/lock.h"

#include <stdio.h>
#include <string.h>

typedef struct run {
    connection *connection;
    migration_list list;
    int patience_ms;
    const migrate_options *options;
    int applied;
} run;

/* One step in one transaction: all of it and its line in the ledger, or nothing. */
static vdb_status try_step(const run *r, const migration *m, int64_t *took_ms, vdb_error *error)
{
    connection *c = r->connection;
    int64_t started = now_ms();
    vdb_status status = connection_begin(c, error);
    if (status == VDB_OK)
        status = schema_ask(c, QUERY_MIGRATION_LOCK_TIMEOUT, NULL, NULL, error);
    if (status == VDB_OK)
        status = connection_execute(c, m->sql, error);
    *took_ms = now_ms() - started;
    if (status == VDB_OK)
        status = ledger_record(c, m, *took_ms, error);
    if (status == VDB_OK)
        status = connection_commit(c, error);
    if (status != VDB_OK)
        connection_rollback(c);
    return status;
}

static vdb_status drop_invalid_indexes(connection *c, const migration *m, vdb_error *error)
{
    PGresult *result;
    vdb_status status = schema_ask(c, QUERY_MIGRATION_INVALID_INDEXES, (const param[]){ P(m->sql) }, &result, error);
    if (status != VDB_OK)
        return status;
    for (int i = 0; status == VDB_OK && i < PQntuples(result); i++)
        status = connection_execute(c, PQgetvalue(result, i, 0), error);
    PQclear(result);
    return status;
}

/*
 * A step that no transaction may hold is idempotent instead: what a crash left of it is removed, and it is in the
 * ledger only when it is done. It waits for older transactions, which its lock (SHARE UPDATE EXCLUSIVE) lets go on
 * reading and writing.
 */
static vdb_status try_concurrent_step(const run *r, const migration *m, int64_t *took_ms, vdb_error *error)
{
    connection *c = r->connection;
    char patience[16];
    snprintf(patience, sizeof patience, "%d", r->patience_ms);
    int64_t started = now_ms();
    vdb_status status = schema_ask(c, QUERY_MIGRATION_PATIENCE, (const param[]){ P(patience) }, NULL, error);
    if (status == VDB_OK)
        status = drop_invalid_indexes(c, m, error);
    if (status == VDB_OK)
        status = connection_execute(c, m->sql, error);
    *took_ms = now_ms() - started;
    return status == VDB_OK ? ledger_record(c, m, *took_ms, error) : status;
}

/* "Run `voicedb migrate`", which such failures hint elsewhere, would not do here. */
vdb_status migrate_explain(const migration *m, vdb_status status, vdb_error *error)
{
    char reason[sizeof error->message];
    char sqlstate[sizeof error->sqlstate];
    memcpy(reason, error->message, sizeof reason);
    memcpy(sqlstate, error->sqlstate, sizeof sqlstate);
    const char *hint = "Look into the server's log; nothing of this step was kept.";
    if (status == VDB_UNREACHABLE)
        hint = "Run `voicedb migrate` again when the server is back; nothing of this step was kept.";
    else if (strcmp(sqlstate, "0A000") == 0 || strcmp(sqlstate, "58P01") == 0)
        hint = "Install pgvector on the server (Debian: postgresql-NN-pgvector) and run `voicedb migrate` again.";
    else if (strcmp(sqlstate, "42501") == 0)
        hint = "Run `voicedb migrate` as the database's owner or as a superuser.";
    else if (strcmp(sqlstate, "55P03") == 0)
        hint = "Run `voicedb migrate` again at a quiet moment: other sessions hold the table.";
    error_set(error, status, hint, "migration %04d_%s: %s", m->version, m->name, reason);
    memcpy(error->sqlstate, sqlstate, sizeof sqlstate);
    return status;
}

static vdb_status run_step(const run *r, const migration *m, int64_t *took_ms, vdb_error *error)
{
    int64_t deadline = now_ms() + r->patience_ms;
    for (int pause_ms = FIRST_PAUSE_MS;;) {
        vdb_status status = m->concurrent ? try_concurrent_step(r, m, took_ms, error) : try_step(r, m, took_ms, error);
        if (status == VDB_OK)
            return VDB_OK;
        bool busy = strcmp(error->sqlstate, "55P03") == 0;
        if (!busy || !pause_until(deadline, &pause_ms))
            return migrate_explain(m, status, error);
    }
}

static void tell(const run *r, const vdb_migration *row, bool done)
{
    if (r->options->progress != NULL)
        r->options->progress(r->options->context, row, done);
}

static vdb_status apply_pending(run *r, const vdb_migration *rows, size_t count, vdb_error *error)
{
    vdb_status status = ledger_refuse_changed(rows, count, error);
    for (size_t i = 0; status == VDB_OK && i < r->list.count; i++) {
        vdb_migration row = rows[i];
        if (strcmp(row.state, "pending") != 0)
            continue;
        tell(r, &row, false);
        status = run_step(r, &r->list.steps[i], &row.execution_ms, error);
        if (status != VDB_OK)
            break;
        r->applied++;
        row.state = "applied";
        tell(r, &row, true);
    }
    return status;
}

/* What was pending before the lock may have been done by who held it. */
static vdb_status migrate_locked(run *r, vdb_error *error)
{
    vdb_status status = ledger_create(r->connection, error);
    const vdb_migration *rows;
    size_t count;
    if (status == VDB_OK)
        status = ledger_read(r->connection, r->list, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    status = apply_pending(r, rows, count, error);
    vdb_rows_free(rows);
    return status;
}

/* Tables of the same names that are not ours would pass for ours, step after step, until one fails. */
static vdb_status refuse_foreign(connection *c, vdb_error *error)
{
    PGresult *result;
    vdb_status status = schema_ask(c, QUERY_ADOPT_GROUND, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    bool foreign_tables = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    if (!foreign_tables)
        return VDB_OK;
    return error_set(error, VDB_CONFLICT, "Run `voicedb migrate adopt --dry-run`; it shows how they become voicedb's.",
                     "the voice tables of this database are voice-ai-ivr's");
}

/* Looks without a lock first: nearly always there is nothing to do. */
static vdb_status migrate_on(run *r, vdb_error *error)
{
    const vdb_migration *rows;
    size_t count;
    vdb_status status = check_direct(r->connection, error);
    if (status == VDB_OK)
        status = ledger_read(r->connection, r->list, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    status = ledger_refuse_changed(rows, count, error);
    size_t pending = ledger_count(rows, count, "pending");
    vdb_rows_free(rows);
    if (status != VDB_OK || pending == 0)
        return status;
    status = refuse_foreign(r->connection, error);
    if (status == VDB_OK)
        status = schema_lock(r->connection, r->patience_ms, error);
    return status == VDB_OK ? migrate_locked(r, error) : status;
}

vdb_status migrate_run(vdb_pool *pool, migration_list list, const migrate_options *options, int *applied,
                       vdb_error *error)
{
    run r = { .list = list,
              .patience_ms = options->patience_ms > 0 ? options->patience_ms : DEFAULT_PATIENCE_MS,
              .options = options };
    vdb_status status = pool_open_patient(pool, &r.connection, error);
    if (status == VDB_OK) {
        status = migrate_on(&r, error);
        connection_close(r.connection);
    }
    *applied = r.applied;
    return status;
}

vdb_status vdb_migrate(vdb_pool *pool, int lock_timeout_ms, vdb_migrate_progress progress, void *context, int *applied,
                       vdb_error *error)
{
    vdb_error local;
    error = error == NULL ? &local : error;
    error_clear(error);
    const migrate_options options = { lock_timeout_ms, progress, context };
    int count;
    vdb_status status = migrate_run(pool, migrations, &options, &count, error);
    if (applied != NULL)
        *applied = count;
    return status;
}
