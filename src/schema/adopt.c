/* A voice-ai-ivr database becomes one of ours: names and values by migrations/adopt, all else by comparison with the
 * migrations. */
#include "pg/record.h"
#include "queries.h"
#include "schema/ledger.h"
#include "schema/lock.h"
#include "schema/verify.h"

#include <stdlib.h>
#include <string.h>

/* A mended thing can uncover one more: a key that a reference needs. */
enum { MOST_ROUNDS = 4 };

static const field report_fields[] = {
    { "kind", FIELD_TEXT, offsetof(vdb_adoption, kind) },
    { "name", FIELD_TEXT, offsetof(vdb_adoption, name) },
    { "before", FIELD_TEXT, offsetof(vdb_adoption, before) },
    { "after", FIELD_TEXT, offsetof(vdb_adoption, after) },
};
static const record report_shape = { sizeof(vdb_adoption), sizeof report_fields / sizeof report_fields[0],
                                     report_fields };

typedef struct adoption_run {
    connection *connection;
    bool dry_run;
    bool drop_cross_tenant;
    const vdb_drift *mended[MOST_ROUNDS];
    size_t mended_count[MOST_ROUNDS];
    const vdb_adoption *rows; /* what the scripts tell */
    size_t count;
    bool complete; /* false: a dry run that something stands in the way of */
} adoption_run;

static vdb_status script(const adoption_run *r, int step, vdb_error *error)
{
    return connection_execute(r->connection, adoption.steps[step].sql, error);
}

static vdb_status read_report(adoption_run *r, vdb_error *error)
{
    PGresult *result = NULL;
    vdb_status status = script(r, ADOPT_REPORT, error);
    if (status == VDB_OK)
        status = schema_ask(r->connection, QUERY_ADOPT_REPORT, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    vdb_rows_free(r->rows);
    r->rows = NULL;
    const void *rows;
    status = record_decode(&report_shape, result, &rows, &r->count, error);
    PQclear(result);
    if (status == VDB_OK)
        r->rows = rows;
    return status;
}

static size_t count_kind(const adoption_run *r, const char *kind, const vdb_adoption **first)
{
    size_t found = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->rows[i].kind, kind) != 0)
            continue;
        if (found++ == 0)
            *first = &r->rows[i];
    }
    return found;
}

static vdb_status refuse(const adoption_run *r, vdb_error *error)
{
    const vdb_adoption *first = NULL;
    size_t obstacles = count_kind(r, "obstacle", &first);
    if (obstacles > 0) {
        error_set(error, VDB_CONFLICT, "Run `voicedb migrate adopt --dry-run`, and correct what it lists.",
                  "rows that only you can decide about: %zu", obstacles);
        return error_detail(error, "%s: %s", first->name, first->before);
    }
    size_t across = count_kind(r, "cross_tenant", &first);
    if (across == 0 || r->drop_cross_tenant)
        return VDB_OK;
    error_set(error, VDB_CONFLICT,
              "Run `voicedb migrate adopt --dry-run`, then correct them or add --drop-cross-tenant.",
              "references from one tenant to another: %zu", across);
    return error_detail(error, "%s: %s to %s", first->name, first->before, first->after);
}

static vdb_status run_statement(connection *c, const char *sql, vdb_error *error)
{
    char *plain = without_concurrently(sql);
    vdb_status status = plain == NULL ? error_memory(error) : connection_execute(c, plain, error);
    free(plain);
    return status;
}

/* Makes the catalog what the migrations would have made, by the statements that `migrate verify` prints. */
static vdb_status mend(adoption_run *r, vdb_error *error)
{
    for (size_t round = 0; round < MOST_ROUNDS; round++) {
        vdb_status status =
            verify_on(r->connection, migrations, migrations.count, &r->mended[round], &r->mended_count[round], error);
        for (size_t i = 0; status == VDB_OK && i < r->mended_count[round]; i++)
            status = run_statement(r->connection, r->mended[round][i].mend, error);
        if (status != VDB_OK || r->mended_count[round] == 0)
            return status;
    }
    const vdb_drift *left = r->mended[MOST_ROUNDS - 1];
    return error_set(error, VDB_DRIFT, "Report this with the output of --dry-run.",
                     "%s %s cannot be made as it must be", left->kind, left->name);
}

/* They find all in place; what they do is what adopting cannot: the ledger, and indexes that are a choice. */
static vdb_status migrate_all(connection *c, vdb_error *error)
{
    vdb_status status = ledger_create(c, error);
    const vdb_migration *state;
    size_t count;
    if (status == VDB_OK)
        status = ledger_read(c, migrations, &state, &count, error);
    if (status != VDB_OK)
        return status;
    for (size_t i = 0; status == VDB_OK && i < migrations.count; i++) {
        if (strcmp(state[i].state, "pending") != 0)
            continue;
        int64_t started = now_ms();
        status = run_statement(c, migrations.steps[i].sql, error);
        if (status == VDB_OK)
            status = ledger_record(c, &migrations.steps[i], now_ms() - started, error);
    }
    vdb_rows_free(state);
    return status;
}

static vdb_status transform(adoption_run *r, vdb_error *error)
{
    const vdb_adoption *first;
    vdb_status status = VDB_OK;
    if (count_kind(r, "cross_tenant", &first) > 0)
        status = script(r, ADOPT_SEPARATE, error);
    /* pgvector, and the role that rights are given to. */
    if (status == VDB_OK)
        status = connection_execute(r->connection, migrations.steps[0].sql, error);
    if (status == VDB_OK)
        status = script(r, ADOPT_CONVERT, error);
    if (status == VDB_OK)
        status = mend(r, error);
    if (status == VDB_OK)
        status = migrate_all(r->connection, error);
    if (status == VDB_OK)
        status = script(r, ADOPT_COMPARE, error);
    if (status == VDB_OK)
        status = read_report(r, error);
    r->complete = status == VDB_OK;
    return status;
}

/* In a transaction, whose end is the caller's. */
static vdb_status adopt_inside(adoption_run *r, vdb_error *error)
{
    vdb_status status = schema_ask(r->connection, QUERY_MIGRATION_LOCK_TIMEOUT, NULL, NULL, error);
    if (status == VDB_OK)
        status = script(r, ADOPT_LOOK, error);
    if (status == VDB_OK)
        status = read_report(r, error);
    if (status != VDB_OK)
        return status;
    status = refuse(r, error);
    if (status != VDB_OK)
        return r->dry_run ? VDB_OK : status;
    return transform(r, error);
}

static void forget(adoption_run *r)
{
    for (size_t i = 0; i < MOST_ROUNDS; i++) {
        vdb_rows_free(r->mended[i]);
        r->mended[i] = NULL;
        r->mended_count[i] = 0;
    }
    vdb_rows_free(r->rows);
    r->rows = NULL;
    r->count = 0;
}

static vdb_status try_adopt(adoption_run *r, vdb_error *error)
{
    vdb_status status = connection_begin(r->connection, error);
    if (status == VDB_OK)
        status = adopt_inside(r, error);
    if (status == VDB_OK && !r->dry_run)
        status = connection_commit(r->connection, error);
    if (status != VDB_OK || r->dry_run)
        connection_rollback(r->connection);
    return status;
}

static vdb_status adopt_patiently(adoption_run *r, vdb_error *error)
{
    int64_t deadline = now_ms() + DEFAULT_PATIENCE_MS;
    for (int pause_ms = FIRST_PAUSE_MS;;) {
        vdb_status status = try_adopt(r, error);
        if (status == VDB_OK || error == NULL || strcmp(error->sqlstate, "55P03") != 0 ||
            !pause_until(deadline, &pause_ms))
            return status;
        forget(r);
    }
}

/* One block: what the scripts tell, then the statements that were run. */
static vdb_status hand_out(const adoption_run *r, const vdb_adoption **rows, size_t *count, vdb_error *error)
{
    size_t all = r->count, next = r->count;
    for (size_t i = 0; i < MOST_ROUNDS; i++)
        all += r->mended_count[i];
    arena *a;
    vdb_adoption *made = rows_allocate(sizeof *made, all, &a);
    if (made == NULL)
        return error_memory(error);
    for (size_t i = 0; i < r->count; i++)
        made[i] = (vdb_adoption){ .kind = arena_copy_string(a, r->rows[i].kind),
                                  .name = arena_copy_string(a, r->rows[i].name),
                                  .before = arena_copy_string(a, r->rows[i].before),
                                  .after = arena_copy_string(a, r->rows[i].after) };
    for (size_t i = 0; i < MOST_ROUNDS; i++) {
        for (size_t j = 0; j < r->mended_count[i]; j++)
            made[next++] = (vdb_adoption){ .kind = "schema",
                                           .name = arena_copy_string(a, r->mended[i][j].name),
                                           .before = arena_copy_string(a, r->mended[i][j].found),
                                           .after = arena_copy_string(a, r->mended[i][j].mend) };
    }
    *rows = made;
    *count = all;
    return VDB_OK;
}

/* Whether the voice tables are not ours. VDB_NOT_FOUND: there are none. */
static vdb_status look(connection *c, bool *foreign_tables, vdb_error *error)
{
    PGresult *result;
    vdb_status status = schema_ask(c, QUERY_ADOPT_GROUND, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    *foreign_tables = PQgetvalue(result, 0, 0)[0] == 't';
    if (PQgetvalue(result, 0, 1)[0] != 't')
        status =
            error_set(error, VDB_NOT_FOUND, "Run `voicedb migrate`.", "this database has no voice tables to adopt");
    PQclear(result);
    return status;
}

static vdb_status adopt_on(adoption_run *r, const vdb_adoption **rows, size_t *count, vdb_error *error)
{
    bool foreign_tables = false;
    vdb_status status = schema_lock(r->connection, DEFAULT_PATIENCE_MS, error);
    if (status == VDB_OK)
        status = look(r->connection, &foreign_tables, error);
    if (status == VDB_OK && foreign_tables)
        status = adopt_patiently(r, error);
    if (status == VDB_OK)
        status = hand_out(r, rows, count, error);
    return status;
}

vdb_status vdb_migrate_adopt(vdb_pool *pool, bool dry_run, bool drop_cross_tenant, const vdb_adoption **rows,
                             size_t *count, bool *adopted, vdb_error *error)
{
    vdb_error local;
    error = error == NULL ? &local : error;
    error_clear(error);
    adoption_run r = { .dry_run = dry_run, .drop_cross_tenant = drop_cross_tenant };
    vdb_status status = pool_open_patient(pool, &r.connection, error);
    if (status != VDB_OK)
        return status;
    status = adopt_on(&r, rows, count, error);
    connection_close(r.connection);
    if (status == VDB_OK && adopted != NULL)
        *adopted = r.complete && !dry_run;
    forget(&r);
    return status;
}
