/* A caller's rights over what a tenant has of the calls: to be told, to get it, to be forgotten. */
#include "privacy/erasures.h"

#include "store/tenant.h"

#include <sodium.h>
#include <stdlib.h>

enum { LARGEST_HASHES = 1 << 16 };

/* The tenant's spellings of a number, as the queries take them; for free(). */
static vdb_status spellings_of(vdb_tenant *tenant, const char *whose, caller *c, char **callers, vdb_error *error)
{
    PGresult *result;
    const request r = { .id = QUERY_PRIVACY_CALLERS };
    vdb_status status = caller_read(whose, c, error);
    if (status == VDB_OK)
        status = tenant_run(tenant, &r, 1, &result, error);
    if (status != VDB_OK)
        return status;
    *callers = erasure_spellings(result, c, NULL);
    PQclear(result);
    return *callers == NULL ? error_memory(error) : VDB_OK;
}

static vdb_status ask(vdb_tenant *tenant, enum query_id id, const char *whose, const record *shape, const void **rows,
                      size_t *count, vdb_error *error)
{
    caller c;
    char *callers;
    vdb_status status = spellings_of(tenant, whose, &c, &callers, error);
    if (status != VDB_OK)
        return status;
    status = tenant_rows(tenant, (request){ id, 1, (const param[]){ P(callers) } }, shape, rows, count, error);
    free(callers);
    return status;
}

vdb_status vdb_privacy_find(vdb_tenant *tenant, const char *caller_id, const vdb_personal_data **rows, size_t *count,
                            vdb_error *error)
{
    return ask(tenant, QUERY_PRIVACY_FIND, caller_id, &personal_data_record, (const void **)rows, count, error);
}

vdb_status vdb_privacy_export(vdb_tenant *tenant, const char *caller_id, const vdb_personal_copy **rows, size_t *count,
                              vdb_error *error)
{
    return ask(tenant, QUERY_PRIVACY_EXPORT, caller_id, &personal_copy_record, (const void **)rows, count, error);
}

/* The entry in the ledger and what it tells of are one transaction. */
static vdb_status erase(vdb_tenant *tenant, const erasure_key *key, const caller *c, const char *callers,
                        const vdb_erased **erased, vdb_error *error)
{
    PGresult *result = NULL;
    size_t count;
    buffer hashes;
    buffer_init(&hashes, LARGEST_HASHES);
    erasure_hash(key, tenant->uuid, c, &hashes);
    const request requests[] = { REQUEST(ERASURE_ADD, P(key->id), P(hashes.data)), REQUEST(PRIVACY_ERASE, P(callers)) };
    vdb_status status = hashes.failed ? error_memory(error) : tenant_run(tenant, requests, 2, &result, error);
    buffer_free(&hashes);
    if (status == VDB_OK)
        status = record_decode(&erased_record, result, (const void **)erased, &count, error);
    PQclear(result);
    return status;
}

vdb_status vdb_privacy_erase(vdb_tenant *tenant, const char *caller_id, const char *key_file, const vdb_erased **erased,
                             vdb_error *error)
{
    caller c;
    char *callers;
    erasure_key key;
    error_clear(error);
    vdb_status status = check_required(key_file, "erasure key", error);
    if (status == VDB_OK)
        status = erasure_key_read(key_file, &key, error);
    if (status != VDB_OK)
        return status;
    status = spellings_of(tenant, caller_id, &c, &callers, error);
    if (status == VDB_OK) {
        status = erase(tenant, &key, &c, callers, erased, error);
        free(callers);
    }
    sodium_memzero(&key, sizeof key);
    return status;
}
