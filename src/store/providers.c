#include "store/secrets.h"

#include <string.h>

enum { MOST_TRIES = 10 };

static const char kind[] = "provider";

static bool is_type(const char *type)
{
    static const char *const types[] = { "stt", "tts", "llm", "embeddings" };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(type, types[i]) == 0)
            return true;
    }
    return false;
}

static vdb_status check_type(const char *type, vdb_error *error)
{
    if (type == NULL || is_type(type))
        return VDB_OK;
    return error_set(error, VDB_USAGE, "Give one of stt, tts, llm, embeddings.", "\"%s\" is no type of provider", type);
}

static bool is_true(const bool *value)
{
    return value != NULL && *value;
}

/* What the keys of the table mean for a provider. */
static vdb_status explain(vdb_status status, const vdb_provider_input *input, vdb_error *error)
{
    if (strcmp(error->sqlstate, "23505") != 0)
        return status;
    if (strstr(error->detail, "idx_voice_ai_providers_default") != NULL)
        return error_set(error, status, "Try again.", "another provider became the default at the same moment");
    return error_set(error, status, "Choose another name, or run `voicedb provider update`.",
                     "the tenant has a provider \"%s\" of %s%s", input->provider_name,
                     input->provider_type == NULL ? "this type" : "type ",
                     input->provider_type == NULL ? "" : input->provider_type);
}

static vdb_status add(vdb_tenant *tenant, const vdb_provider_input *input, char uuid[37], bool *again, vdb_error *error)
{
    char new[37];
    sealed_config config;
    secrets_new_uuid(new);
    *again = false;
    vdb_status status = secrets_seal_config(tenant, input->config, new, &config, error);
    if (status == VDB_OK) {
        const request requests[] = {
            REQUEST(PROVIDER_CLEAR_DEFAULT, P(NULL), P(input->provider_type)),
            REQUEST(PROVIDER_ADD, P(new), P(input->provider_type), P(input->provider_name), P(input->display_name),
                    P(config.text), p_bool(input->is_default), p_bool(input->enabled), P(config.data_key)),
        };
        size_t skipped = is_true(input->is_default) ? 0 : 1;
        status = tenant_uuid(tenant, requests + skipped, 2 - skipped,
                             (subject){ .kind = kind, .name = input->provider_name }, uuid, error);
        *again = secrets_key_was_replaced(status, error);
    }
    sealed_config_free(&config);
    return status;
}

vdb_status vdb_provider_add(vdb_tenant *tenant, const vdb_provider_input *input, char uuid[37], vdb_error *error)
{
    vdb_status status = check_required(input->provider_type, "provider type", error);
    if (status == VDB_OK)
        status = check_type(input->provider_type, error);
    if (status == VDB_OK)
        status = check_required(input->provider_name, "provider name", error);
    if (status != VDB_OK)
        return status;
    vdb_error local = { 0 };
    error = error == NULL ? &local : error;
    bool again = true;
    for (int tries = 0; again && tries < MOST_TRIES; tries++)
        status = add(tenant, input, uuid, &again, error);
    return explain(status, input, error);
}

vdb_status vdb_provider_list(vdb_tenant *tenant, const char *type, const vdb_provider **rows, size_t *count,
                             vdb_error *error)
{
    vdb_status status = check_type(type, error);
    if (status != VDB_OK)
        return status;
    return tenant_rows(tenant, REQUEST(PROVIDER_LIST, P(type)), &provider_record, (const void **)rows, count, error);
}

vdb_status provider_find(vdb_tenant *tenant, const char *type, const char *provider, const vdb_provider **row,
                         vdb_error *error)
{
    vdb_status status = check_type(type, error);
    if (status == VDB_OK)
        status = check_required(provider, "provider", error);
    if (status != VDB_OK)
        return status;
    return tenant_row(tenant, REQUEST(PROVIDER_GET, P(type), P(provider)), &provider_row_record,
                      (subject){ .kind = kind, .name = provider }, (const void **)row, error);
}

vdb_status vdb_provider_get(vdb_tenant *tenant, const char *type, const char *provider, const vdb_provider **row,
                            vdb_error *error)
{
    const vdb_provider *found;
    vdb_status status = provider_find(tenant, type, provider, &found, error);
    if (status != VDB_OK)
        return status;
    provider_row *r = (provider_row *)(uintptr_t)found;
    status =
        secrets_open_config(tenant, rows_memory(r), r->provider.provider_uuid, r->data_key, &r->provider.config, error);
    if (status == VDB_OK)
        *row = found;
    else
        vdb_rows_free(found);
    return status;
}

static vdb_status update(vdb_tenant *tenant, const char *provider_uuid, const vdb_provider_input *input, bool *again,
                         vdb_error *error)
{
    sealed_config config;
    *again = false;
    vdb_status status = secrets_seal_config(tenant, input->config, provider_uuid, &config, error);
    if (status == VDB_OK) {
        const request requests[] = {
            REQUEST(PROVIDER_CLEAR_DEFAULT, P(provider_uuid), P(NULL)),
            REQUEST(PROVIDER_UPDATE, P(input->provider_name), P(input->display_name), P(config.text),
                    P(config.data_key), p_bool(input->is_default), p_bool(input->enabled), P(provider_uuid)),
        };
        size_t skipped = is_true(input->is_default) ? 0 : 1;
        status = tenant_uuid(tenant, requests + skipped, 2 - skipped, (subject){ .kind = kind, .name = provider_uuid },
                             NULL, error);
        *again = secrets_key_was_replaced(status, error);
    }
    sealed_config_free(&config);
    return status;
}

vdb_status vdb_provider_update(vdb_tenant *tenant, const char *provider_uuid, const vdb_provider_input *input,
                               vdb_error *error)
{
    vdb_status status = check_uuid(provider_uuid, kind, error);
    if (status == VDB_OK && input->provider_type != NULL)
        status = error_set(error, VDB_USAGE, "Add another provider of the type you want.",
                           "the type of a provider cannot change");
    if (status == VDB_OK && input->provider_name != NULL)
        status = check_required(input->provider_name, "provider name", error);
    if (status != VDB_OK)
        return status;
    vdb_error local = { 0 };
    error = error == NULL ? &local : error;
    bool again = true;
    for (int tries = 0; again && tries < MOST_TRIES; tries++)
        status = update(tenant, provider_uuid, input, &again, error);
    return explain(status, input, error);
}

vdb_status vdb_provider_remove(vdb_tenant *tenant, const char *provider_uuid, vdb_error *error)
{
    vdb_status status = check_uuid(provider_uuid, kind, error);
    if (status != VDB_OK)
        return status;
    const request r = REQUEST(PROVIDER_REMOVE, P(provider_uuid));
    status = tenant_uuid(tenant, &r, 1, (subject){ .kind = kind, .name = provider_uuid }, NULL, error);
    if (status == VDB_CONFLICT)
        return error_set(error, VDB_CONFLICT,
                         "Give its secretaries another provider first (`voicedb secretary update`).",
                         "a secretary uses this provider");
    return status;
}
