/* Which vector index searches use, and changing it beside running calls. */
#include "pg/pool.h"
#include "pg/record.h"
#include "queries.h"
#include "schema/lock.h"

#include <string.h>

#define TYPE vdb_index
static const field fields[] = {
    { "strategy", FIELD_TEXT, offsetof(TYPE, strategy) },
    { "index_name", FIELD_TEXT, offsetof(TYPE, index_name) },
    { "available", FIELD_BOOLEAN, offsetof(TYPE, available) },
    { "in_use", FIELD_BOOLEAN, offsetof(TYPE, in_use) },
    { "valid", FIELD_BOOLEAN, offsetof(TYPE, valid) },
    { "size_bytes", FIELD_INTEGER, offsetof(TYPE, size_bytes) },
    { "reason", FIELD_TEXT, offsetof(TYPE, reason) },
};
const record index_record = { sizeof(TYPE), sizeof fields / sizeof fields[0], fields };
#undef TYPE

enum { NO_QUERY = -1 };

/* In the order of preference of the query index_list. */
static const struct strategy {
    const char *name;
    int prepare, build, drop;
    const char *in_use;  /* the reason, when it is */
    const char *missing; /* what to do when the server cannot build it */
} strategies[] = {
    { "tenantvec", QUERY_INDEX_PREPARE_TENANTVEC, QUERY_INDEX_BUILD_TENANTVEC, QUERY_INDEX_DROP_TENANTVEC,
      "One index scan reads the tenant's codes only and ranks exactly.",
      "Install the extension tenantvec on the server." },
    { "two-stage", QUERY_INDEX_PREPARE_TWO_STAGE, QUERY_INDEX_BUILD_TWO_STAGE, QUERY_INDEX_DROP_TWO_STAGE,
      "The nearest one-bit codes of the tenant, then their exact distance.", "Update pgvector to 0.7 or newer." },
    { "hnsw", NO_QUERY, QUERY_INDEX_BUILD_HNSW, QUERY_INDEX_DROP_HNSW,
      "The planner decides for each query; where it takes this index, a tenant may get too few or wrong rows.",
      "Update pgvector to 0.5 or newer." },
    { "ivfflat", NO_QUERY, QUERY_INDEX_BUILD_IVFFLAT, QUERY_INDEX_DROP_IVFFLAT,
      "The planner decides for each query; where it takes this index, a tenant may get too few or wrong rows.",
      "Install pgvector on the server." },
    { "none", NO_QUERY, NO_QUERY, NO_QUERY, "Exact: every chunk of the tenant is compared.", "" },
};
enum { STRATEGIES = sizeof strategies / sizeof strategies[0] };

static const char *reason_against(const vdb_index *row, const struct strategy *s)
{
    if (!row->available)
        return s->missing;
    if (row->index_name == NULL)
        return "Another way is in use.";
    if (row->size_bytes == 0)
        return "There is no such index.";
    return row->valid ? "A better way is in use." : "An interrupted build left it invalid.";
}

static vdb_status list(connection *c, vdb_index **rows, vdb_error *error)
{
    PGresult *result;
    vdb_status status = connection_run(c, &(statement){ &queries[QUERY_INDEX_LIST], NULL }, 1, &result, error);
    if (status != VDB_OK)
        return status;
    const void *decoded;
    size_t count;
    status = record_decode(&index_record, result, &decoded, &count, error);
    PQclear(result);
    if (status != VDB_OK)
        return status;
    *rows = (vdb_index *)(uintptr_t)decoded;
    bool taken = false;
    for (size_t i = 0; i < STRATEGIES; i++) {
        vdb_index *row = &(*rows)[i];
        row->in_use = !taken && row->valid && (row->size_bytes > 0 || row->index_name == NULL);
        taken = taken || row->in_use;
        row->reason = row->in_use ? strategies[i].in_use : reason_against(row, &strategies[i]);
    }
    return VDB_OK;
}

vdb_status vdb_index_show(vdb_pool *pool, const vdb_index **rows, size_t *count, vdb_error *error)
{
    connection *c;
    error_clear(error);
    vdb_status status = pool_acquire(pool, &c, error);
    if (status != VDB_OK)
        return status;
    vdb_index *listed;
    status = list(c, &listed, error);
    pool_release(pool, c);
    if (status != VDB_OK)
        return status;
    *rows = listed;
    *count = STRATEGIES;
    return VDB_OK;
}

static vdb_status execute(connection *c, int query_id, vdb_error *error)
{
    return query_id == NO_QUERY ? VDB_OK : connection_execute(c, queries[query_id].text, error);
}

static bool is_built(const vdb_index *row)
{
    return row->valid && row->size_bytes > 0;
}

/* Builds what is wanted before dropping the rest, so that no search is ever without its index. What an interrupted
 * build leaves may be of no size, as if it were not there: it is dropped in any case. */
static vdb_status use(connection *c, size_t wanted, vdb_error *error)
{
    vdb_index *rows;
    vdb_status status = list(c, &rows, error);
    if (status != VDB_OK)
        return status;
    const struct strategy *s = &strategies[wanted];
    if (!rows[wanted].available)
        status = error_set(error, VDB_CONFLICT, s->missing, "this server cannot build the index of %s", s->name);
    if (status == VDB_OK && !is_built(&rows[wanted])) {
        status = execute(c, s->drop, error);
        if (status == VDB_OK)
            status = execute(c, s->prepare, error);
        if (status == VDB_OK)
            status = execute(c, s->build, error);
    }
    for (size_t i = 0; status == VDB_OK && i < STRATEGIES; i++) {
        if (i != wanted)
            status = execute(c, strategies[i].drop, error);
    }
    vdb_rows_free(rows);
    return status;
}

vdb_status vdb_index_use(vdb_pool *pool, const char *strategy, vdb_error *error)
{
    error_clear(error);
    size_t wanted = 0;
    while (wanted < STRATEGIES && (strategy == NULL || strcmp(strategy, strategies[wanted].name) != 0))
        wanted++;
    if (wanted == STRATEGIES)
        return error_set(error, VDB_USAGE, "Give one of two-stage, tenantvec, hnsw, ivfflat, none.",
                         "\"%s\" is no strategy of search", strategy == NULL ? "" : strategy);
    connection *c;
    vdb_status status = pool_open_patient(pool, &c, error);
    if (status != VDB_OK)
        return status;
    status = schema_lock(c, DEFAULT_PATIENCE_MS, error);
    if (status == VDB_OK)
        status = use(c, wanted, error);
    connection_close(c);
    pool_note(pool, -1);
    return status;
}
