/* A tenant's notices: what became of them, and sending them again. */
#include "store/tenant.h"

#include <string.h>

enum { DEFAULT_LIMIT = 50, LARGEST_LIMIT = 10000 };

static vdb_status check_filter(const vdb_webhook_filter *f, vdb_error *error)
{
    static const char *const states[] = { "pending", "sending", "delivered", "dead" };
    bool known = f->state == NULL;
    for (size_t i = 0; !known && i < sizeof states / sizeof states[0]; i++)
        known = strcmp(f->state, states[i]) == 0;
    if (!known)
        return error_set(error, VDB_USAGE, "Give one of pending, sending, delivered, dead.", "\"%s\" is no state",
                         f->state);
    if (f->limit < 0 || f->limit > LARGEST_LIMIT)
        return error_set(error, VDB_USAGE, "Give a number from 1 to 10000.", "the limit %d is out of range", f->limit);
    return f->conversation == NULL ? VDB_OK : check_uuid(f->conversation, "conversation", error);
}

vdb_status vdb_webhook_list(vdb_tenant *tenant, const vdb_webhook_filter *filter, const vdb_webhook_delivery **rows,
                            size_t *count, vdb_error *error)
{
    static const vdb_webhook_filter all = { 0 };
    const vdb_webhook_filter *f = filter == NULL ? &all : filter;
    number limit;
    vdb_status status = check_filter(f, error);
    if (status != VDB_OK)
        return status;
    return tenant_rows(tenant,
                       REQUEST(WEBHOOK_LIST, P(f->state), P(f->conversation),
                               p_int(&(int64_t){ f->limit == 0 ? DEFAULT_LIMIT : f->limit }, &limit)),
                       &webhook_delivery_record, (const void **)rows, count, error);
}

vdb_status vdb_webhook_retry(vdb_tenant *tenant, const char *delivery_uuid, int64_t *count, vdb_error *error)
{
    PGresult *result;
    const request r = REQUEST(WEBHOOK_RETRY, P(delivery_uuid));
    vdb_status status = delivery_uuid == NULL ? VDB_OK : check_uuid(delivery_uuid, "notice", error);
    if (status == VDB_OK)
        status = tenant_run(tenant, &r, 1, &result, error);
    if (status != VDB_OK)
        return status;
    int sent = PQntuples(result);
    PQclear(result);
    if (delivery_uuid != NULL && sent == 0)
        return error_set(error, VDB_NOT_FOUND, "Run `voicedb webhook list` to see what there is.",
                         "no notice %s in this tenant, or it is on its way just now", delivery_uuid);
    if (count != NULL)
        *count = sent;
    return VDB_OK;
}
