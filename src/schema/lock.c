#include "schema/lock.h"

#include "queries.h"
#include "schema/ledger.h"

#include <time.h>

enum { LONGEST_PAUSE_MS = 2000 };

int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool pause_until(int64_t deadline, int *pause_ms)
{
    if (now_ms() >= deadline)
        return false;
    nanosleep(&(struct timespec){ *pause_ms / 1000, (long)(*pause_ms % 1000) * 1000000 }, NULL);
    *pause_ms = *pause_ms * 2 > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : *pause_ms * 2;
    return true;
}

static vdb_status try_lock(connection *c, bool *locked, vdb_error *error)
{
    PGresult *result;
    vdb_status status = schema_ask(c, QUERY_MIGRATION_LOCK, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    *locked = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return VDB_OK;
}

vdb_status check_direct(connection *c, vdb_error *error)
{
    if (!connection_needs_settings(c))
        return VDB_OK;
    return error_set(error, VDB_USAGE, "Connect to PostgreSQL itself (PGHOST, PGPORT), past the pooler.",
                     "this cannot be done through a pooler: it would keep the lock, or lose it");
}

vdb_status schema_lock(connection *c, int patience_ms, vdb_error *error)
{
    vdb_status status = check_direct(c, error);
    if (status == VDB_OK)
        status = schema_ask(c, QUERY_MIGRATION_SESSION, NULL, NULL, error);
    int64_t deadline = now_ms() + patience_ms;
    int pause_ms = FIRST_PAUSE_MS;
    bool locked = false;
    while (status == VDB_OK && !locked) {
        status = try_lock(c, &locked, error);
        if (status == VDB_OK && !locked && !pause_until(deadline, &pause_ms))
            status = error_set(error, VDB_CONFLICT, "Wait for it to end and run the command again.",
                               "another voicedb is changing the schema");
    }
    return status;
}
