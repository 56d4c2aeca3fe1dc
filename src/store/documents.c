#include "store/tenant.h"

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
