#include "backup/references.h"

#include "queries.h"

#include <stdlib.h>
#include <string.h>

static vdb_status ask(connection *c, enum query_id id, const param *params, PGresult **result, vdb_error *error)
{
    return connection_run(c, &(statement){ &queries[id], params }, 1, result, error);
}

static vdb_status hold_domains(connection *c, const manifest *m, vdb_error *error)
{
    char *json = json_dumps(m->domains, JSON_COMPACT);
    if (json == NULL)
        return error_memory(error);
    vdb_status status = ask(c, QUERY_RESTORE_HOLD_DOMAINS, (const param[]){ P(json) }, NULL, error);
    free(json);
    return status;
}

vdb_status references_defer(connection *c, const manifest *m, bool *deferred, vdb_error *error)
{
    PGresult *result;
    vdb_status status = ask(c, QUERY_RESTORE_WITHOUT_TRIGGERS, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    *deferred = PQntuples(result) > 0;
    PQclear(result);
    return *deferred ? hold_domains(c, m, error) : VDB_OK;
}

static vdb_status check(connection *c, const char *table, const char *constraint, const char *sql, vdb_error *error)
{
    PGresult *result;
    vdb_status status = connection_ask(c, sql, &result, error);
    if (status != VDB_OK)
        return status;
    if (strcmp(PQgetvalue(result, 0, 0), "0") != 0)
        status =
            error_set(error, VDB_BAD_INPUT, "Use another backup; nothing was kept.",
                      "%s rows of %s refer to what is not there (%s)", PQgetvalue(result, 0, 0), table, constraint);
    PQclear(result);
    return status;
}

vdb_status references_check(connection *c, vdb_error *error)
{
    PGresult *all;
    vdb_status status = ask(c, QUERY_RESTORE_REFERENCES, NULL, &all, error);
    if (status != VDB_OK)
        return status;
    for (int row = 0; status == VDB_OK && row < PQntuples(all); row++)
        status = check(c, PQgetvalue(all, row, 0), PQgetvalue(all, row, 1), PQgetvalue(all, row, 2), error);
    PQclear(all);
    return status;
}
