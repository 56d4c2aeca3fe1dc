#include "backup/operator.h"

#include "queries.h"
#include "schema/lock.h"

static vdb_status settings(connection *c, vdb_status begun, vdb_error *error)
{
    return begun == VDB_OK ? connection_run(c, &(statement){ &queries[QUERY_BACKUP_SETTINGS], NULL }, 1, NULL, error)
                           : begun;
}

vdb_status operator_begin_snapshot(connection *c, vdb_error *error)
{
    return settings(c, connection_begin_snapshot(c, false, error), error);
}

vdb_status operator_begin_repeatable(connection *c, vdb_error *error)
{
    return settings(c, connection_begin_snapshot(c, true, error), error);
}

vdb_status operator_begin(connection *c, vdb_error *error)
{
    return settings(c, connection_begin(c, error), error);
}

vdb_status operator_lock(connection *c, vdb_error *error)
{
    vdb_status direct = check_direct(c, error);
    int64_t deadline = now_ms() + DEFAULT_PATIENCE_MS;
    if (direct != VDB_OK)
        return direct;
    for (int pause_ms = FIRST_PAUSE_MS;;) {
        PGresult *result;
        vdb_status status = connection_run(c, &(statement){ &queries[QUERY_RESTORE_LOCK], NULL }, 1, &result, error);
        if (status != VDB_OK)
            return status;
        bool locked = PQgetvalue(result, 0, 0)[0] == 't';
        PQclear(result);
        if (locked)
            return VDB_OK;
        if (!pause_until(deadline, &pause_ms))
            return error_set(error, VDB_CONFLICT, "Wait for it to end and run the same command again.",
                             "another restore, import or erasure is at work");
    }
}
