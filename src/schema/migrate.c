#include "pg/pool.h"
#include "pg/record.h"
#include "queries.h"
#include "schema/migrations.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DEFAULT_PATIENCE_MS = 60000, FIRST_PAUSE_MS = 100, LONGEST_PAUSE_MS = 2000 };

#define TYPE vdb_migration
static const field fields[] = {
    { "version", FIELD_INTEGER, offsetof(TYPE, version) },
    { "name", FIELD_TEXT, offsetof(TYPE, name) },
    { "checksum", FIELD_TEXT, offsetof(TYPE, state) }, /* compared, then replaced by what it tells */
    { "applied_at", FIELD_INSTANT, offsetof(TYPE, applied_at) },
    { "execution_ms", FIELD_INTEGER, offsetof(TYPE, execution_ms) },
};
static const record ledger_record = { sizeof(TYPE), sizeof fields / sizeof fields[0], fields };
#undef TYPE

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits a little longer each time; false when the deadline has passed. */
static bool pause_until(int64_t deadline, int *pause_ms)
{
    if (now_ms() >= deadline)
        return false;
    nanosleep(&(struct timespec){ *pause_ms / 1000, (long)(*pause_ms % 1000) * 1000000 }, NULL);
    *pause_ms = *pause_ms * 2 > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : *pause_ms * 2;
    return true;
}

static vdb_status ask(connection *c, enum query_id id, const param *params, PGresult **result, vdb_error *error)
{
    return connection_run(c, &(statement){ &queries[id], params }, 1, result, error);
}

/* What the database has: VDB_SCHEMA when it is not FusionPBX's. */
static vdb_status look(connection *c, bool *ledger, vdb_error *error)
{
    PGresult *result;
    vdb_status status = ask(c, QUERY_MIGRATION_GROUND, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    bool domains = PQgetvalue(result, 0, 0)[0] == 't';
    *ledger = PQgetvalue(result, 0, 1)[0] == 't';
    PQclear(result);
    if (domains)
        return VDB_OK;
    return error_set(error, VDB_SCHEMA, "Set PGDATABASE to FusionPBX's database.", "this database has no table v_domains");
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

/* Joins the ledger with the embedded files; the result is one block that holds copies. */
static vdb_status join(const vdb_migration *ledger, size_t applied, const vdb_migration **rows, size_t *count,
                       vdb_error *error)
{
    size_t newer = 0;
    for (size_t i = 0; i < applied; i++)
        newer += ledger[i].version > (int64_t)migration_count;
    arena *a;
    vdb_migration *joined = rows_allocate(sizeof *joined, migration_count + newer, &a);
    if (joined == NULL)
        return error_memory(error);
    for (size_t i = 0; i < migration_count; i++)
        judge(&joined[i], &migrations[i], find(ledger, applied, migrations[i].version));
    size_t next = migration_count;
    for (size_t i = 0; i < applied; i++) {
        if (ledger[i].version > (int64_t)migration_count)
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

static vdb_status read_state(connection *c, const vdb_migration **rows, size_t *count, vdb_error *error)
{
    bool there;
    vdb_status status = look(c, &there, error);
    if (status != VDB_OK)
        return status;
    if (!there)
        return join(NULL, 0, rows, count, error);
    PGresult *result;
    status = ask(c, QUERY_MIGRATION_LEDGER, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    const void *ledger;
    size_t applied;
    status = record_decode(&ledger_record, result, &ledger, &applied, error);
    PQclear(result);
    if (status != VDB_OK)
        return status;
    status = join(ledger, applied, rows, count, error);
    vdb_rows_free(ledger);
    return status;
}

vdb_status vdb_migrate_status(vdb_pool *pool, const vdb_migration **rows, size_t *count, vdb_error *error)
{
    connection *c;
    error_clear(error);
    vdb_status status = pool_acquire(pool, &c, error);
    if (status != VDB_OK)
        return status;
    status = read_state(c, rows, count, error);
    pool_release(pool, c);
    return status;
}

static vdb_status lock(connection *c, int64_t deadline, vdb_error *error)
{
    for (int pause_ms = FIRST_PAUSE_MS;;) {
        PGresult *result;
        vdb_status status = ask(c, QUERY_MIGRATION_LOCK, NULL, &result, error);
        if (status != VDB_OK)
            return status;
        bool locked = PQgetvalue(result, 0, 0)[0] == 't';
        PQclear(result);
        if (locked)
            return VDB_OK;
        if (!pause_until(deadline, &pause_ms))
            return error_set(error, VDB_CONFLICT, "Wait for it to end and run `voicedb migrate` again.",
                             "another `voicedb migrate` is at work");
    }
}

static vdb_status record_step(connection *c, const migration *m, int64_t took_ms, vdb_error *error)
{
    char version[16], ms[24];
    snprintf(version, sizeof version, "%d", m->version);
    snprintf(ms, sizeof ms, "%" PRId64, took_ms);
    const param params[] = { P(version), P(m->name), P(m->checksum), P(ms), P(vdb_version()) };
    return ask(c, QUERY_MIGRATION_RECORD, params, NULL, error);
}

/* One step in one transaction: all of it and its line in the ledger, or nothing. */
static vdb_status try_step(connection *c, const migration *m, int64_t *took_ms, vdb_error *error)
{
    int64_t started = now_ms();
    vdb_status status = connection_begin(c, error);
    if (status == VDB_OK)
        status = ask(c, QUERY_MIGRATION_LOCK_TIMEOUT, NULL, NULL, error);
    if (status == VDB_OK)
        status = connection_execute(c, m->sql, error);
    *took_ms = now_ms() - started;
    if (status == VDB_OK)
        status = record_step(c, m, *took_ms, error);
    if (status == VDB_OK)
        status = connection_commit(c, error);
    if (status != VDB_OK)
        connection_rollback(c);
    return status;
}

/* A hint that fits a step's failure: here, "Run `voicedb migrate`" would not. */
static vdb_status explain(const migration *m, vdb_status status, vdb_error *error)
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

static vdb_status run_step(connection *c, const migration *m, int64_t deadline, int64_t *took_ms, vdb_error *error)
{
    for (int pause_ms = FIRST_PAUSE_MS;;) {
        vdb_status status = try_step(c, m, took_ms, error);
        if (status == VDB_OK)
            return VDB_OK;
        bool busy = strcmp(error->sqlstate, "55P03") == 0;
        if (!busy || !pause_until(deadline, &pause_ms))
            return explain(m, status, error);
    }
}

static vdb_status refuse_changed(const vdb_migration *rows, size_t count, vdb_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].state, "changed") == 0)
            return error_set(error, VDB_DRIFT, "Run `voicedb migrate status`, and install the voicedb that this database was migrated by.",
                             "migration %04" PRId64 "_%s differs from what was applied", rows[i].version, rows[i].name);
    }
    return VDB_OK;
}

typedef struct run {
    connection *connection;
    int64_t deadline;
    vdb_migrate_progress progress;
    void *context;
    int applied;
} run;

static vdb_status apply_pending(run *r, const vdb_migration *rows, size_t count, vdb_error *error)
{
    vdb_status status = refuse_changed(rows, count, error);
    for (size_t i = 0; status == VDB_OK && i < migration_count; i++) {
        vdb_migration row = rows[i];
        if (strcmp(row.state, "pending") != 0)
            continue;
        if (r->progress != NULL)
            r->progress(r->context, &row, false);
        status = run_step(r->connection, &migrations[i], r->deadline, &row.execution_ms, error);
        if (status != VDB_OK)
            break;
        r->applied++;
        row.state = "applied";
        if (r->progress != NULL)
            r->progress(r->context, &row, true);
    }
    return status;
}

static bool has_pending(const vdb_migration *rows, size_t count)
{
    bool pending = false;
    for (size_t i = 0; i < count; i++)
        pending = pending || strcmp(rows[i].state, "pending") == 0;
    return pending;
}

static vdb_status migrate_locked(run *r, vdb_error *error)
{
    vdb_status status = connection_execute(r->connection, queries[QUERY_MIGRATION_LEDGER_CREATE].text, error);
    const vdb_migration *rows;
    size_t count;
    if (status == VDB_OK)
        status = read_state(r->connection, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    status = apply_pending(r, rows, count, error);
    vdb_rows_free(rows);
    return status;
}

/* Looks without a lock first: nearly always there is nothing to do. */
static vdb_status migrate_on(run *r, vdb_error *error)
{
    const vdb_migration *rows;
    size_t count;
    vdb_status status = read_state(r->connection, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    status = refuse_changed(rows, count, error);
    bool pending = has_pending(rows, count);
    vdb_rows_free(rows);
    if (status != VDB_OK || !pending)
        return status;
    status = lock(r->connection, r->deadline, error);
    if (status != VDB_OK)
        return status;
    status = migrate_locked(r, error);
    (void)ask(r->connection, QUERY_MIGRATION_UNLOCK, NULL, NULL, NULL);
    return status;
}

vdb_status vdb_migrate(vdb_pool *pool, int lock_timeout_ms, vdb_migrate_progress progress, void *context, int *applied,
                       vdb_error *error)
{
    vdb_error local;
    error = error == NULL ? &local : error;
    error_clear(error);
    run r = { .deadline = now_ms() + (lock_timeout_ms > 0 ? lock_timeout_ms : DEFAULT_PATIENCE_MS),
              .progress = progress,
              .context = context };
    vdb_status status = pool_open_patient(pool, &r.connection, error);
    if (status != VDB_OK)
        return status;
    status = migrate_on(&r, error);
    connection_close(r.connection);
    if (applied != NULL)
        *applied = r.applied;
    return status;
}
