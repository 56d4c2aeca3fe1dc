#include "store/reembed.h"

#include <stdlib.h>
#include <string.h>

const reembed_place reembed_start = { "00000000-0000-0000-0000-000000000000", -1 };

static int64_t integer_at(const PGresult *result, int column)
{
    return strtoll(PQgetvalue(result, 0, column), NULL, 10);
}

vdb_status reembed_count(vdb_tenant *t, const char *model, reembed_numbers *numbers, vdb_error *error)
{
    PGresult *result;
    const request r = REQUEST(REEMBED_PLAN, P(model));
    vdb_status status = tenant_run_patiently(t, &r, 1, &result, error);
    if (status != VDB_OK)
        return status;
    *numbers =
        (reembed_numbers){ integer_at(result, 0), integer_at(result, 1), integer_at(result, 2), integer_at(result, 3) };
    PQclear(result);
    return VDB_OK;
}

static request next_of(const char *model, const reembed_place *place, const char *count, number *index, param params[4])
{
    params[0] = P(place->document_uuid);
    params[1] = p_int(&place->chunk_index, index);
    params[2] = P(model);
    params[3] = P(count);
    return (request){ QUERY_REEMBED_NEXT, 4, params };
}

vdb_status reembed_next(vdb_tenant *t, const char *model, reembed_place *place, int count, PGresult **result,
                        vdb_error *error)
{
    number index, most;
    param params[4];
    p_int(&(int64_t){ count }, &most);
    const request r = next_of(model, place, most.text, &index, params);
    vdb_status status = tenant_run_patiently(t, &r, 1, result, error);
    int rows = status == VDB_OK ? PQntuples(*result) : 0;
    if (rows > 0) {
        snprintf(place->document_uuid, sizeof place->document_uuid, "%s", PQgetvalue(*result, rows - 1, 0));
        place->chunk_index = strtoll(PQgetvalue(*result, rows - 1, 1), NULL, 10);
    }
    return status;
}

/* A document that is being stored is not waited for: others that come behind would have to wait too. */
static vdb_status take_lock(vdb_tenant *t, connection *c, bool *taken, vdb_error *error)
{
    PGresult *result;
    const request r = { .id = QUERY_REEMBED_LOCK };
    vdb_status status = tenant_run_on(t, c, true, &r, 1, &result, error);
    if (status != VDB_OK)
        return status;
    *taken = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return VDB_OK;
}

/* With the lock, so that no document is stored meanwhile. */
static vdb_status look_for_missing(vdb_tenant *t, connection *c, const char *model, bool *complete, vdb_error *error)
{
    PGresult *result;
    number index;
    param params[4];
    const request r = next_of(model, &reembed_start, "1", &index, params);
    vdb_status status = take_lock(t, c, complete, error);
    if (status != VDB_OK || !*complete)
        return status;
    status = tenant_run_on(t, c, false, &r, 1, &result, error);
    if (status != VDB_OK)
        return status;
    *complete = PQntuples(result) == 0;
    PQclear(result);
    return VDB_OK;
}

static vdb_status switch_chunks(vdb_tenant *t, connection *c, const char *model, vdb_error *error)
{
    const request requests[] = {
        REQUEST(REEMBED_KEEP, P(model)),
        REQUEST(REEMBED_SWITCH, P(model)),
        REQUEST(REEMBED_RELEASE, P(model)),
    };
    return tenant_run_on(t, c, false, requests, 3, NULL, error);
}

static vdb_status switch_provider(vdb_tenant *t, connection *c, const char *provider_uuid, vdb_error *error)
{
    const request requests[] = {
        REQUEST(PROVIDER_CLEAR_DEFAULT, P(provider_uuid), P(NULL)),
        REQUEST(REEMBED_PROVIDER, P(provider_uuid)),
        REQUEST(REEMBED_SECRETARIES, P(provider_uuid)),
    };
    return tenant_run_on(t, c, false, requests, 3, NULL, error);
}

vdb_status reembed_switch(vdb_tenant *t, const char *model, const char *provider_uuid, bool *complete, vdb_error *error)
{
    connection *c;
    *complete = false;
    vdb_status status = pool_open_patient(t->pool, &c, error);
    if (status != VDB_OK)
        return status;
    status = connection_begin(c, error);
    if (status == VDB_OK)
        status = look_for_missing(t, c, model, complete, error);
    if (status == VDB_OK && *complete)
        status = switch_chunks(t, c, model, error);
    if (status == VDB_OK && *complete)
        status = switch_provider(t, c, provider_uuid, error);
    if (status == VDB_OK && *complete)
        status = connection_commit(c, error);
    else
        connection_rollback(c);
    connection_close(c);
    return status;
}

vdb_status vdb_reembed_discard(vdb_tenant *tenant, int64_t *count, vdb_error *error)
{
    PGresult *result;
    const request r = { .id = QUERY_REEMBED_DISCARD };
    vdb_status status = tenant_run_patiently(tenant, &r, 1, &result, error);
    if (status != VDB_OK)
        return status;
    *count = PQntuples(result);
    PQclear(result);
    return VDB_OK;
}
