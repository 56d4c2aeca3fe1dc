#include "store/tenant.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_REQUESTS = 4 };

static vdb_status check_count(const request *r, vdb_error *error)
{
    if (r->count + query_is_scoped[r->id] == (size_t)queries[r->id].parameters)
        return VDB_OK;
    return error_set(error, VDB_DEFECT, "Report this: a query and its call have drifted apart.",
                     "query %s takes %d parameters, not %zu", queries[r->id].name, queries[r->id].parameters,
                     r->count + query_is_scoped[r->id]);
}

/* Parameters of all requests, each with the tenant in front. */
typedef struct bound {
    param params[MOST_REQUESTS][MOST_PARAMETERS];
    param settings[1];
    char timeout[16];
    statement statements[MOST_REQUESTS + 2];
    size_t count;
} bound;

static void add(bound *b, enum query_id id, const param *params)
{
    b->statements[b->count++] = (statement){ &queries[id], params };
}

static vdb_status bind(vdb_tenant *t, bool scope, const request *requests, size_t count, bound *b, vdb_error *error)
{
    b->count = 0;
    if (scope && pool_needs_settings(t->pool)) {
        snprintf(b->timeout, sizeof b->timeout, "%d", pool_statement_timeout(t->pool));
        b->settings[0] = P(b->timeout);
        add(b, QUERY_SESSION_SETTINGS, b->settings);
    }
    static const param nothing;
    for (size_t i = 0; i < count; i++) {
        vdb_status status = check_count(&requests[i], error);
        if (status != VDB_OK)
            return status;
        b->params[i][0] = P(t->uuid);
        for (size_t j = 0; j < requests[i].count; j++)
            b->params[i][j + 1] = requests[i].params == NULL ? nothing : requests[i].params[j];
    }
    if (scope)
        add(b, QUERY_TENANT_SCOPE, b->params[0]);
    for (size_t i = 0; i < count; i++)
        add(b, requests[i].id, b->params[i]);
    return VDB_OK;
}

vdb_status unscoped_run(vdb_pool *pool, enum query_id id, const param *params, PGresult **result, vdb_error *error)
{
    char timeout[16];
    snprintf(timeout, sizeof timeout, "%d", pool_statement_timeout(pool));
    const param settings[] = { P(timeout) };
    const statement statements[] = { { &queries[QUERY_SESSION_SETTINGS], settings }, { &queries[id], params } };
    size_t skipped = pool_needs_settings(pool) ? 0 : 1;
    return pool_run(pool, statements + skipped, 2 - skipped, result, error);
}

vdb_status unscoped_sees_all(vdb_pool *pool, enum query_id id, vdb_error *error)
{
    PGresult *result;
    vdb_status status = unscoped_run(pool, id, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    bool sees_all = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return sees_all ? VDB_OK
                    : error_set(error, VDB_NOT_ALLOWED,
                                "Connect as the tables' owner or as a superuser, for example with --fusionpbx.",
                                "this role does not see all tenants");
}

vdb_status tenant_run(vdb_tenant *t, const request *requests, size_t count, PGresult **result, vdb_error *error)
{
    bound b;
    error_clear(error);
    vdb_status status = bind(t, true, requests, count, &b, error);
    return status == VDB_OK ? pool_run(t->pool, b.statements, b.count, result, error) : status;
}

vdb_status tenant_run_all(vdb_tenant *t, const request *requests, size_t count, PGresult **results, vdb_error *error)
{
    bound b;
    error_clear(error);
    vdb_status status = bind(t, true, requests, count, &b, error);
    return status == VDB_OK ? pool_run_all(t->pool, b.statements, b.count, results, count, error) : status;
}

/* The rest's results, and its connection given back; on another one where this one was lost. */
static vdb_status receive_rest(vdb_tenant *t, connection *spare, const bound *b, const request *rest, size_t count,
                               PGresult **results, vdb_error *error)
{
    vdb_status status = connection_receive(spare, b->count, results, count, error);
    bool lost = connection_lost(spare);
    pool_release(t->pool, spare);
    return status != VDB_OK && lost ? tenant_run_all(t, rest, count, results, error) : status;
}

vdb_status tenant_run_split(vdb_tenant *t, const request *requests, size_t count, size_t split, PGresult **results,
                            vdb_error *error)
{
    bound b;
    vdb_error of_rest = { 0 };
    error_clear(error);
    vdb_status status = bind(t, true, requests + split, count - split, &b, error);
    connection *spare = status == VDB_OK ? pool_acquire_spare(t->pool) : NULL;
    if (spare != NULL && connection_send(spare, b.statements, b.count, NULL) != VDB_OK) {
        pool_release(t->pool, spare);
        spare = NULL;
    }
    if (spare == NULL)
        return tenant_run_all(t, requests, count, results, error);
    status = tenant_run_all(t, requests, split, results, error);
    vdb_status rest = receive_rest(t, spare, &b, requests + split, count - split, results + split, &of_rest);
    if (status == VDB_OK && rest != VDB_OK && error != NULL)
        *error = of_rest;
    status = status == VDB_OK ? rest : status;
    for (size_t i = 0; status != VDB_OK && i < count; i++) {
        PQclear(results[i]);
        results[i] = NULL;
    }
    return status;
}

vdb_status tenant_run_on(vdb_tenant *t, connection *c, bool scope, const request *requests, size_t count,
                         PGresult **result, vdb_error *error)
{
    bound b;
    vdb_status status = bind(t, scope, requests, count, &b, error);
    return status == VDB_OK ? connection_run(c, b.statements, b.count, result, error) : status;
}

vdb_status tenant_send_on(vdb_tenant *t, connection *c, const request *requests, size_t count, vdb_error *error)
{
    bound b;
    vdb_status status = bind(t, false, requests, count, &b, error);
    return status == VDB_OK ? connection_send(c, b.statements, b.count, error) : status;
}

vdb_status tenant_run_all_on(vdb_tenant *t, connection *c, bool scope, const request *requests, size_t count,
                             PGresult **results, vdb_error *error)
{
    bound b;
    vdb_status status = bind(t, scope, requests, count, &b, error);
    return status == VDB_OK ? connection_run_all(c, b.statements, b.count, results, count, error) : status;
}

vdb_status tenant_run_patiently(vdb_tenant *t, const request *requests, size_t count, PGresult **result,
                                vdb_error *error)
{
    connection *c;
    error_clear(error);
    vdb_status status = pool_open_patient(t->pool, &c, error);
    if (status != VDB_OK)
        return status;
    status = tenant_run_on(t, c, true, requests, count, result, error);
    connection_close(c);
    return status;
}

vdb_status tenant_rows(vdb_tenant *t, request r, const record *shape, const void **rows, size_t *count,
                       vdb_error *error)
{
    PGresult *result;
    vdb_status status = tenant_run(t, &r, 1, &result, error);
    if (status != VDB_OK)
        return status;
    status = record_decode(shape, result, rows, count, error);
    PQclear(result);
    return status;
}

vdb_status subject_not_found(subject s, vdb_error *error)
{
    char hint[128];
    snprintf(hint, sizeof hint, "Run `voicedb %s list` to see what there is.", s.noun == NULL ? s.kind : s.noun);
    return error_set(error, VDB_NOT_FOUND, hint, "no %s \"%s\" in this tenant", s.kind, s.name == NULL ? "" : s.name);
}

vdb_status tenant_row(vdb_tenant *t, request r, const record *shape, subject s, const void **row, vdb_error *error)
{
    const void *rows;
    size_t count;
    vdb_status status = tenant_rows(t, r, shape, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    if (count == 1) {
        *row = rows;
        return VDB_OK;
    }
    vdb_rows_free(rows);
    if (count == 0)
        return subject_not_found(s, error);
    return error_set(error, VDB_CONFLICT, "Name it by its UUID.", "%zu %ss are named \"%s\" in this tenant", count,
                     s.kind, s.name);
}

vdb_status tenant_uuid(vdb_tenant *t, const request *requests, size_t count, subject s, char uuid[37], vdb_error *error)
{
    PGresult *result;
    vdb_status status = tenant_run(t, requests, count, &result, error);
    if (status != VDB_OK)
        return status;
    if (PQntuples(result) == 0)
        status = subject_not_found(s, error);
    else if (uuid != NULL)
        snprintf(uuid, 37, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return status;
}

vdb_status check_uuid(const char *uuid, const char *kind, vdb_error *error)
{
    if (uuid != NULL && text_is_uuid(uuid))
        return VDB_OK;
    return error_set(error, VDB_USAGE, "Give a UUID such as 2f1c1f6e-8f0a-4a57-9d0c-3a6d2f1b7c55.",
                     "\"%s\" is no UUID of a %s", uuid == NULL ? "" : uuid, kind);
}

vdb_status check_required(const char *value, const char *what, vdb_error *error)
{
    if (value != NULL && value[0] != '\0')
        return VDB_OK;
    char hint[96];
    snprintf(hint, sizeof hint, "Give a %s.", what);
    return error_set(error, VDB_USAGE, hint, "the %s is missing or empty", what);
}

/* What tenant_find gave: exactly one row makes a handle. */
static vdb_status handle_from(vdb_pool *pool, const char *domain, const PGresult *result, vdb_tenant **tenant,
                              vdb_error *error)
{
    if (PQntuples(result) == 0)
        return error_set(error, VDB_NOT_FOUND, "Run `voicedb tenant list` to see the domains.",
                         "there is no domain \"%s\"", domain);
    if (PQntuples(result) > 1)
        return error_set(error, VDB_CONFLICT, "Name the domain by its UUID.", "several domains are named \"%s\"",
                         domain);
    vdb_tenant *t = calloc(1, sizeof *t);
    char *name = t == NULL ? NULL : strdup(PQgetvalue(result, 0, 1));
    if (name == NULL) {
        free(t);
        return error_memory(error);
    }
    t->pool = pool;
    t->name = name;
    snprintf(t->uuid, sizeof t->uuid, "%s", PQgetvalue(result, 0, 0));
    *tenant = t;
    return VDB_OK;
}

vdb_status vdb_tenant_open(vdb_pool *pool, const char *domain, vdb_tenant **tenant, vdb_error *error)
{
    error_clear(error);
    vdb_status status = check_required(domain, "domain", error);
    if (status != VDB_OK)
        return status;
    PGresult *result;
    const param params[] = { P(domain) };
    status = unscoped_run(pool, QUERY_TENANT_FIND, params, &result, error);
    if (status != VDB_OK)
        return status;
    status = handle_from(pool, domain, result, tenant, error);
    PQclear(result);
    return status;
}

void vdb_tenant_close(vdb_tenant *tenant)
{
    if (tenant == NULL)
        return;
    struct tenant_attachment *attachment = atomic_load(&tenant->attachment);
    if (attachment != NULL)
        tenant->destroy_attachment(attachment);
    free(tenant->name);
    free(tenant);
}

const char *vdb_tenant_uuid(const vdb_tenant *tenant)
{
    return tenant->uuid;
}

const char *vdb_tenant_name(const vdb_tenant *tenant)
{
    return tenant->name;
}

vdb_status vdb_tenant_list(vdb_pool *pool, const vdb_tenant_row **rows, size_t *count, vdb_error *error)
{
    error_clear(error);
    PGresult *result;
    vdb_status status = unscoped_run(pool, QUERY_TENANT_LIST, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    const void *decoded;
    status = record_decode(&tenant_record, result, &decoded, count, error);
    PQclear(result);
    if (status == VDB_OK)
        *rows = decoded;
    return status;
}
