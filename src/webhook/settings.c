#include "webhook/settings.h"

#include "base/json.h"
#include "store/secrets.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OVERLAP_S = 86400 };

_Static_assert(WEBHOOK_SECRET_ROOM == VDB_WEBHOOK_SECRET_ROOM, "one size");

static const char what[] = "the tenant's webhook_config";

/* `*secret` NULL: there is none. */
static vdb_status member(const json_t *config, const char *name, const char **secret, vdb_error *error)
{
    const json_t *value = json_object_get(config, name);
    *secret = NULL;
    if (value == NULL || json_is_null(value))
        return VDB_OK;
    if (!json_is_string(value))
        return error_set(error, VDB_BAD_INPUT, "Set the secret anew with `voicedb webhook secret`.",
                         "`%s` in %s is no text", name, what);
    *secret = json_string_value(value);
    return signature_check_secret(*secret, error);
}

static void add(webhook_secrets *secrets, const char *secret)
{
    size_t used = 0;
    while (secrets->list[used] != NULL)
        used++;
    snprintf(secrets->room[used], sizeof secrets->room[used], "%s", secret);
    secrets->list[used] = secrets->room[used];
}

static vdb_status parse(const char *config, webhook_secrets *secrets, vdb_error *error)
{
    const char *present, *previous = NULL;
    json_t *object = json_parse_object(config, what, error);
    if (object == NULL)
        return VDB_BAD_INPUT;
    bool overlap = json_integer_value(json_object_get(object, "previous_until")) > (json_int_t)time(NULL);
    vdb_status status = member(object, "secret", &present, error);
    if (status == VDB_OK && overlap)
        status = member(object, "previous_secret", &previous, error);
    if (status == VDB_OK && present != NULL)
        add(secrets, present);
    if (status == VDB_OK && previous != NULL)
        add(secrets, previous);
    json_decref(object);
    return status;
}

vdb_status webhook_secrets_open(vdb_pool *pool, const char *domain_uuid, const char *config, const char *sealed_key,
                                webhook_secrets *secrets, vdb_error *error)
{
    vdb_tenant tenant = { .pool = pool };
    snprintf(tenant.uuid, sizeof tenant.uuid, "%s", domain_uuid);
    const seal_place place = secrets_place(tenant.uuid, SETTINGS_TABLE, tenant.uuid);
    *secrets = (webhook_secrets){ 0 };
    arena *a = arena_new();
    vdb_status status =
        a == NULL ? error_memory(error) : secrets_open_at(&tenant, a, &place, sealed_key, &config, error);
    if (status == VDB_OK)
        status = parse(config, secrets, error);
    arena_free(a);
    return status;
}

void webhook_secrets_wipe(webhook_secrets *secrets)
{
    sodium_memzero(secrets, sizeof *secrets);
}

/* ---- changing them ----------------------------------------------------------------------------------------------- */

void vdb_webhook_secret_make(char secret[VDB_WEBHOOK_SECRET_ROOM])
{
    signature_new_secret(secret);
}

/* The new object's text, for free(); NULL: memory ran out. */
static char *replace(const webhook_secrets *before, const char *secret)
{
    const char *old = before->list[0];
    json_t *made = json_object();
    bool whole = made != NULL && (secret == NULL || json_object_set_new(made, "secret", json_string(secret)) == 0);
    if (whole && old != NULL && secret != NULL)
        whole = json_object_set_new(made, "previous_secret", json_string(old)) == 0 &&
                json_object_set_new(made, "previous_until", json_integer((json_int_t)time(NULL) + OVERLAP_S)) == 0;
    char *text = whole ? json_dumps(made, JSON_COMPACT) : NULL;
    json_decref(made);
    return text;
}

static vdb_status read_secrets(vdb_tenant *tenant, webhook_secrets *secrets, vdb_error *error)
{
    PGresult *result;
    const request r = { .id = QUERY_WEBHOOK_SECRET_GET };
    vdb_status status = tenant_run(tenant, &r, 1, &result, error);
    if (status != VDB_OK)
        return status;
    /* One that cannot be read is replaced all the same. */
    if (PQntuples(result) > 0)
        (void)webhook_secrets_open(tenant->pool, tenant->uuid, PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1),
                                   secrets, NULL);
    PQclear(result);
    return VDB_OK;
}

static vdb_status store(vdb_tenant *tenant, const char *config, vdb_error *error)
{
    sealed_config sealed;
    const seal_place place = secrets_place(tenant->uuid, SETTINGS_TABLE, tenant->uuid);
    vdb_status status = secrets_seal_at(tenant, &place, config, &sealed, error);
    if (status == VDB_OK) {
        const request requests[] = { { .id = QUERY_SETTINGS_BEGIN },
                                     REQUEST(WEBHOOK_SECRET_SET, P(sealed.text), P(sealed.data_key)) };
        status = tenant_run(tenant, requests, 2, NULL, error);
    }
    sealed_config_free(&sealed);
    return status;
}

vdb_status vdb_webhook_secret_set(vdb_tenant *tenant, const char *secret, vdb_error *error)
{
    webhook_secrets before = { 0 };
    vdb_error local = { 0 };
    error = error == NULL ? &local : error;
    vdb_status status = secret == NULL ? VDB_OK : signature_check_secret(secret, error);
    if (status == VDB_OK)
        status = read_secrets(tenant, &before, error);
    bool same = status == VDB_OK && before.list[0] != NULL && secret != NULL && strcmp(before.list[0], secret) == 0;
    if (status != VDB_OK || same) {
        webhook_secrets_wipe(&before);
        return status;
    }
    char *config = replace(&before, secret);
    webhook_secrets_wipe(&before);
    if (config == NULL)
        return error_memory(error);
    do
        status = store(tenant, config, error);
    while (secrets_key_was_replaced(status, error));
    sodium_memzero(config, strlen(config));
    free(config);
    return status;
}
