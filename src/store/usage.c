#include "store/usage.h"

#include <stdlib.h>

vdb_status usage_add(vdb_tenant *t, usage_key key, const usage *u, vdb_error *error)
{
    number requests, texts, tokens, price;
    const request steps[] = {
        REQUEST(USAGE_BEGIN, P(key.provider_name), P(key.embedding_model)),
        REQUEST(USAGE_ADD, p_int(&u->requests, &requests), p_int(&u->texts, &texts), p_int(&u->tokens, &tokens),
                p_real(&u->price, &price), P(key.provider_name), P(key.embedding_model)),
    };
    return tenant_run(t, steps, 2, NULL, error);
}

vdb_status usage_pace(vdb_tenant *t, usage_key key, double seconds, double *wait_ms, vdb_error *error)
{
    PGresult *result;
    number interval;
    const request steps[] = {
        REQUEST(USAGE_BEGIN, P(key.provider_name), P(key.embedding_model)),
        REQUEST(USAGE_PACE, p_real(&seconds, &interval), P(key.provider_name), P(key.embedding_model)),
    };
    vdb_status status = tenant_run(t, steps, 2, &result, error);
    if (status != VDB_OK)
        return status;
    *wait_ms = PQntuples(result) == 0 ? 0 : strtod(PQgetvalue(result, 0, 0), NULL); /* none: midnight came between */
    PQclear(result);
    return VDB_OK;
}

vdb_status vdb_provider_usage_list(vdb_tenant *tenant, int days, const vdb_provider_usage **rows, size_t *count,
                                   vdb_error *error)
{
    number window;
    if (days < 1)
        return error_set(error, VDB_USAGE, "Give a number of days from 1 on.", "%d is no number of days", days);
    return tenant_rows(tenant, REQUEST(USAGE_LIST, p_int(&(int64_t){ days }, &window)), &provider_usage_record,
                       (const void **)rows, count, error);
}
