/* What a migration would do: its steps are tried in one transaction that is rolled back. */
#include "base/json.h"
#include "pg/record.h"
#include "queries.h"
#include "schema/ledger.h"
#include "schema/lock.h"
#include "schema/migrate.h"

#include <stdlib.h>
#include <string.h>

typedef struct rehearsal {
    connection *connection;
    arena *memory;   /* of the rows that are handed out */
    char *relations; /* that were there before, as an array's text */
    char *held;      /* locks so far, as an array's text */
} rehearsal;

static vdb_status keep_text(const PGresult *result, int column, char **text, vdb_error *error)
{
    free(*text);
    *text = strdup(PQgetvalue(result, 0, column));
    return *text == NULL ? error_memory(error) : VDB_OK;
}

static vdb_status note_relations(rehearsal *r, vdb_error *error)
{
    PGresult *result;
    vdb_status status = schema_ask(r->connection, QUERY_MIGRATION_RELATIONS, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    status = keep_text(result, 0, &r->relations, error);
    PQclear(result);
    return status;
}

static vdb_status note_locks(rehearsal *r, vdb_migration_plan *row, vdb_error *error)
{
    const param params[] = { P(r->relations), P(r->held == NULL ? "{}" : r->held) };
    PGresult *result;
    vdb_status status = schema_ask(r->connection, QUERY_MIGRATION_LOCKS, params, &result, error);
    if (status != VDB_OK)
        return status;
    row->locks = json_to_strings(r->memory, PQgetvalue(result, 0, 0));
    status = row->locks == NULL ? error_memory(error) : keep_text(result, 1, &r->held, error);
    PQclear(result);
    return status;
}

static vdb_status rehearse(rehearsal *r, const migration *m, vdb_migration_plan *row, vdb_error *error)
{
    *row = (vdb_migration_plan){ .version = m->version,
                                 .name = arena_copy_string(r->memory, m->name),
                                 .sql = arena_copy_string(r->memory, m->sql),
                                 .transaction = !m->concurrent };
    if (row->name == NULL || row->sql == NULL)
        return error_memory(error);
    if (m->concurrent)
        return VDB_OK;
    vdb_status status = connection_execute(r->connection, m->sql, error);
    return status == VDB_OK ? note_locks(r, row, error) : migrate_explain(m, status, error);
}

static vdb_status rehearse_pending(rehearsal *r, migration_list list, const vdb_migration *state,
                                   vdb_migration_plan *rows, vdb_error *error)
{
    vdb_status status = schema_ask(r->connection, QUERY_MIGRATION_LOCK_TIMEOUT, NULL, NULL, error);
    if (status == VDB_OK)
        status = note_relations(r, error);
    for (size_t i = 0, row = 0; status == VDB_OK && i < list.count; i++) {
        if (strcmp(state[i].state, "pending") == 0)
            status = rehearse(r, &list.steps[i], &rows[row++], error);
    }
    free(r->relations);
    free(r->held);
    return status;
}

static vdb_status plan_on(connection *c, migration_list list, const vdb_migration_plan **rows, size_t *count,
                          vdb_error *error)
{
    const vdb_migration *state;
    size_t steps;
    vdb_status status = ledger_read(c, list, &state, &steps, error);
    if (status != VDB_OK)
        return status;
    rehearsal r = { .connection = c };
    size_t pending = ledger_count(state, steps, "pending");
    vdb_migration_plan *made = NULL;
    status = ledger_refuse_changed(state, steps, error);
    if (status == VDB_OK) {
        made = rows_allocate(sizeof *made, pending, &r.memory);
        status = made == NULL ? error_memory(error) : rehearse_pending(&r, list, state, made, error);
    }
    vdb_rows_free(state);
    if (status != VDB_OK) {
        vdb_rows_free(made);
        return status;
    }
    *rows = made;
    *count = pending;
    return VDB_OK;
}

vdb_status migrate_plan(vdb_pool *pool, migration_list list, const vdb_migration_plan **rows, size_t *count,
                        vdb_error *error)
{
    connection *c;
    vdb_status status = pool_open_patient(pool, &c, error);
    if (status != VDB_OK)
        return status;
    status = connection_begin(c, error);
    if (status == VDB_OK)
        status = plan_on(c, list, rows, count, error);
    connection_rollback(c);
    connection_close(c);
    return status;
}

vdb_status vdb_migrate_plan(vdb_pool *pool, const vdb_migration_plan **rows, size_t *count, vdb_error *error)
{
    vdb_error local;
    error = error == NULL ? &local : error;
    error_clear(error);
    return migrate_plan(pool, migrations, rows, count, error);
}
