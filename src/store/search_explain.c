#include "store/search_explain.h"

#include "base/buffer.h"
#include "base/clock.h"

#include <string.h>

enum { LARGEST_PLAN = 1 << 22 };

static const char no_such_statement[] = "26000";

static enum query_id explainer_of(enum query_id id)
{
    return id == QUERY_SEARCH_TWO_STAGE ? QUERY_EXPLAIN_TWO_STAGE
           : id == QUERY_SEARCH_INDEXED ? QUERY_EXPLAIN_INDEXED
           : id == QUERY_SEARCH_LEXICAL ? QUERY_EXPLAIN_LEXICAL
                                        : QUERY_EXPLAIN_EXACT;
}

/* Text comes as a row for each line. */
static vdb_status read_plan(const PGresult *rows, char **plan, vdb_error *error)
{
    buffer text;
    buffer_init(&text, LARGEST_PLAN);
    for (int i = 0; i < PQntuples(rows); i++)
        buffer_printf(&text, i == 0 ? "%s" : "\n%s", PQgetvalue(rows, i, 0));
    if (text.failed) {
        buffer_free(&text);
        return error_memory(error);
    }
    *plan = text.data; /* handed over */
    return VDB_OK;
}

static vdb_status explain(vdb_tenant *t, connection *c, vdb_explain form, const request *asked, char **plan,
                          vdb_error *error)
{
    param params[MOST_PARAMETERS];
    memcpy(params, asked->params, asked->count * sizeof params[0]);
    params[asked->count] = P(form == VDB_EXPLAIN_JSON ? "JSON" : "TEXT");
    const request make = { explainer_of(asked->id), asked->count + 1, params };
    PGresult *made, *rows;
    vdb_status status = tenant_run_on(t, c, false, &make, 1, &made, error);
    if (status != VDB_OK)
        return status;
    status = connection_ask(c, PQgetvalue(made, 0, 0), &rows, error);
    PQclear(made);
    if (status != VDB_OK)
        return status;
    status = read_plan(rows, plan, error);
    PQclear(rows);
    return status;
}

/* Some poolers give prepared statements names of their own. */
static vdb_status explain_all(vdb_tenant *t, connection *c, vdb_explain form, const request *requests, int nearest,
                              int worded, chunk_finds *finds, vdb_error *error)
{
    double started = clock_ms();
    vdb_status status = VDB_OK;
    finds->unexplained = !pool_prepares(t->pool);
    if (!finds->unexplained && nearest >= 0)
        status = explain(t, c, form, &requests[nearest], &finds->vector_plan, error);
    if (!finds->unexplained && status == VDB_OK && worded >= 0)
        status = explain(t, c, form, &requests[worded], &finds->words_plan, error);
    if (status != VDB_OK && strcmp(error->sqlstate, no_such_statement) == 0) {
        finds->unexplained = true;
        error_clear(error);
        status = VDB_OK;
    }
    finds->explain_ms = clock_ms() - started;
    return status;
}

vdb_status search_explained(vdb_tenant *t, vdb_explain form, const request *requests, size_t count, int nearest,
                            int worded, PGresult **results, chunk_finds *finds, vdb_error *error)
{
    connection *c;
    vdb_status status = pool_acquire(t->pool, &c, error);
    if (status != VDB_OK)
        return status;
    status = connection_begin(c, error);
    if (status == VDB_OK)
        status = tenant_run_all_on(t, c, true, requests, count, results, error);
    if (status == VDB_OK)
        status = explain_all(t, c, form, requests, nearest, worded, finds, error);
    connection_rollback(c);
    pool_release(t->pool, c);
    return status;
}
