/* Whether the search that calls make uses its vector index: its plan, as the role that calls act as. */
#include "doctor/doctor.h"

#include "base/buffer.h"
#include "queries.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Below so many passages exact search is as fast as any, and the planner's choice is its own business. */
enum { LARGE_TENANT = 1000 };

/* The tenant that suffers first. */
typedef struct largest {
    const char *domain_uuid; /* NULL: no tenant has passages */
    const char *domain_name;
    int64_t chunks;
} largest;

static vdb_status find_largest(doctor *d, largest *l, vdb_error *error)
{
    PGresult *result;
    vdb_status status = doctor_ask(d, QUERY_DOCTOR_LARGEST_TENANT, (const param[]){ P(d->domain) }, &result, error);
    if (status != VDB_OK)
        return status;
    *l = (largest){ 0 };
    if (PQntuples(result) == 1) {
        l->domain_uuid = arena_copy_string(d->memory, PQgetvalue(result, 0, 0));
        l->domain_name = arena_copy_string(d->memory, PQgetvalue(result, 0, 1));
        l->chunks = strtoll(PQgetvalue(result, 0, 2), NULL, 10);
        status = l->domain_uuid == NULL || l->domain_name == NULL ? error_memory(error) : VDB_OK;
    }
    PQclear(result);
    return status;
}

/* The way searches go now. */
static vdb_status find_way(doctor *d, vdb_index *way, bool *tenantvec, vdb_error *error)
{
    const vdb_index *rows;
    size_t count;
    vdb_status status = vdb_index_show(d->pool, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    *tenantvec = false;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].in_use)
            *way = rows[i];
        *tenantvec |= rows[i].available && strcmp(rows[i].strategy, "tenantvec") == 0;
    }
    way->strategy = arena_copy_string(d->memory, way->strategy);
    way->index_name = arena_copy_string(d->memory, way->index_name);
    vdb_rows_free(rows);
    return way->strategy == NULL ? error_memory(error) : VDB_OK;
}

/* ---- the plan ---------------------------------------------------------------------------------------------------- */

/* No value goes into a generic plan, so that none need be known. */
static vdb_status explain(doctor *d, const query *q, PGresult **result, vdb_error *error)
{
    buffer text;
    buffer_init(&text, (size_t)1 << 16);
    buffer_printf(&text, "PREPARE voicedb_doctor AS %s", q->text);
    vdb_status status = text.failed ? error_memory(error) : connection_execute(d->c, text.data, error);
    buffer_reset(&text);
    buffer_append_string(&text, "EXPLAIN (COSTS OFF) EXECUTE voicedb_doctor (");
    for (int i = 0; i < q->parameters; i++)
        buffer_append_string(&text, i == 0 ? "NULL" : ", NULL");
    buffer_append_string(&text, ")");
    if (status == VDB_OK)
        status = text.failed ? error_memory(error) : connection_ask(d->c, text.data, result, error);
    buffer_free(&text);
    return status;
}

static vdb_status act_as(doctor *d, const char *domain_uuid, vdb_error *error)
{
    static const char no_timeout[] = "0";
    const param timeout[] = { P(no_timeout) }, tenant[] = { P(domain_uuid) };
    const statement statements[] = { { &queries[QUERY_SESSION_SETTINGS], timeout },
                                     { &queries[QUERY_TENANT_SCOPE], tenant } };
    return connection_run(d->c, statements, 2, NULL, error);
}

static const char *lines_of(doctor *d, const PGresult *result)
{
    buffer text;
    buffer_init(&text, (size_t)1 << 20);
    for (int i = 0; i < PQntuples(result); i++)
        buffer_printf(&text, "%s%s", i == 0 ? "" : "\n", PQgetvalue(result, i, 0));
    const char *copy = text.failed || text.data == NULL ? NULL : arena_copy(d->memory, text.data, text.length);
    buffer_free(&text);
    return copy;
}

/* A prepared statement outlives its transaction. */
static vdb_status read_plan(doctor *d, const query *q, const char *domain_uuid, const char **plan, vdb_error *error)
{
    PGresult *result = NULL;
    vdb_status status = connection_begin(d->c, error);
    if (status == VDB_OK)
        status = act_as(d, domain_uuid, error);
    if (status == VDB_OK)
        status = explain(d, q, &result, error);
    connection_rollback(d->c);
    (void)connection_execute(d->c, "DEALLOCATE voicedb_doctor", NULL);
    if (status != VDB_OK)
        return status;
    *plan = lines_of(d, result);
    PQclear(result);
    return *plan == NULL ? error_memory(error) : VDB_OK;
}

/* ---- judging ----------------------------------------------------------------------------------------------------- */

static vdb_status report_no_index(doctor *d, const largest *l, bool tenantvec, const char *plan, vdb_error *error)
{
    const report r = { .severity = "warning",
                       .problem = LINE(d,
                                       "There is no vector index: a question to %s is compared with all of its %" PRId64
                                       " passages.",
                                       l->domain_name, l->chunks),
                       .detail = plan,
                       .mend_by = "voicedb",
                       .mend = tenantvec ? "index use tenantvec" : "index use two-stage" };
    return doctor_report(d, &r, error);
}

static vdb_status report_unused(doctor *d, const largest *l, const vdb_index *way, const char *plan, vdb_error *error)
{
    bool two_stage = strcmp(way->strategy, "two-stage") == 0;
    report r = { .severity = "warning",
                 .detail = plan,
                 .mend_by = two_stage ? "psql" : "voicedb",
                 .mend = two_stage ? "VACUUM (ANALYZE) public.v_voice_document_chunks;" : "index use two-stage" };
    PGresult *result;
    vdb_status status = doctor_ask(d, QUERY_DOCTOR_PLANNER, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    bool forbidden = PQntuples(result) > 0;
    if (forbidden) {
        r.mend_by = "psql";
        r.mend = LINE(d, "%s", PQgetvalue(result, 0, 1));
    }
    r.problem = LINE(d, "Searches do not use their index %s; %s has %" PRId64 " passages.%s%s", way->index_name,
                     l->domain_name, l->chunks, forbidden ? " " : "", forbidden ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return doctor_report(d, &r, error);
}

vdb_status check_search_plan(doctor *d, vdb_error *error)
{
    largest l;
    vdb_index way = { 0 };
    bool tenantvec;
    vdb_status status = find_largest(d, &l, error);
    if (status == VDB_OK)
        status = find_way(d, &way, &tenantvec, error);
    if (status != VDB_OK || l.chunks < LARGE_TENANT)
        return status;
    bool two_stage = strcmp(way.strategy, "two-stage") == 0;
    const query *q = &queries[way.index_name == NULL ? QUERY_SEARCH_EXACT
                              : two_stage            ? QUERY_SEARCH_TWO_STAGE
                                                     : QUERY_SEARCH_INDEXED];
    const char *plan;
    status = read_plan(d, q, l.domain_uuid, &plan, error);
    if (status != VDB_OK)
        return status;
    if (way.index_name == NULL)
        return report_no_index(d, &l, tenantvec, plan, error);
    return strstr(plan, way.index_name) == NULL ? report_unused(d, &l, &way, plan, error) : VDB_OK;
}
