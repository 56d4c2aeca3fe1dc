#include "store/documents.h"

static const char kind[] = "document";

vdb_status vdb_document_list(vdb_tenant *tenant, const vdb_document **rows, size_t *count, vdb_error *error)
{
    return tenant_rows(tenant, (request){ .id = QUERY_DOCUMENT_LIST }, &document_record, (const void **)rows, count,
                       error);
}

vdb_status vdb_document_get(vdb_tenant *tenant, const char *document, const vdb_document **row, vdb_error *error)
{
    vdb_status status = check_required(document, kind, error);
    if (status != VDB_OK)
        return status;
    return tenant_row(tenant, REQUEST(DOCUMENT_GET, P(document)), &document_record,
                      (subject){ .kind = kind, .name = document }, (const void **)row, error);
}

vdb_status vdb_document_enable(vdb_tenant *tenant, const char *document_uuid, bool enabled, vdb_error *error)
{
    vdb_status status = check_uuid(document_uuid, kind, error);
    if (status != VDB_OK)
        return status;
    const request r = REQUEST(DOCUMENT_ENABLE, p_bool(&enabled), P(document_uuid));
    return tenant_uuid(tenant, &r, 1, (subject){ .kind = kind, .name = document_uuid }, NULL, error);
}

vdb_status vdb_document_remove(vdb_tenant *tenant, const char *document_uuid, vdb_error *error)
{
    vdb_status status = check_uuid(document_uuid, kind, error);
    if (status != VDB_OK)
        return status;
    const request r = REQUEST(DOCUMENT_REMOVE, P(document_uuid));
    return tenant_uuid(tenant, &r, 1, (subject){ .kind = kind, .name = document_uuid }, NULL, error);
}

vdb_status vdb_chunk_list(vdb_tenant *tenant, const char *document_uuid, const vdb_chunk **rows, size_t *count,
                          vdb_error *error)
{
    vdb_status status = check_uuid(document_uuid, kind, error);
    if (status != VDB_OK)
        return status;
    return tenant_rows(tenant, REQUEST(CHUNK_LIST, P(document_uuid)), &chunk_record, (const void **)rows, count, error);
}

/* ---- documents that wait to be processed ------------------------------------------------------------------------- */

vdb_status document_claim(vdb_tenant *t, const char *lease, int seconds, const claimed_document **row, vdb_error *error)
{
    number duration;
    const void *rows;
    size_t count;
    const request r = REQUEST(DOCUMENT_CLAIM, P(lease), p_int(&(int64_t){ seconds }, &duration));
    vdb_status status = tenant_rows(t, r, &claimed_document_record, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    *row = count == 0 ? NULL : rows;
    if (count == 0)
        vdb_rows_free(rows);
    return VDB_OK;
}

vdb_status document_release(vdb_tenant *t, const char *document_uuid, const char *lease, const char *processing_status,
                            const char *reason, int seconds, bool forgiven, vdb_error *error)
{
    number delay, count;
    const request r = REQUEST(DOCUMENT_RELEASE, P(processing_status), P(reason), p_int(&(int64_t){ seconds }, &delay),
                              p_int(&(int64_t){ forgiven }, &count), P(document_uuid), P(lease));
    return tenant_run(t, &r, 1, NULL, error);
}

vdb_status vdb_document_waiting(vdb_pool *pool, const vdb_document_queue **rows, size_t *count, vdb_error *error)
{
    PGresult *result;
    error_clear(error);
    vdb_status status = unscoped_sees_all(pool, QUERY_TENANTS_SEES_ALL, error);
    if (status == VDB_OK)
        status = unscoped_run(pool, QUERY_DOCUMENT_WAITING, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    status = record_decode(&document_queue_record, result, (const void **)rows, count, error);
    PQclear(result);
    return status;
}
