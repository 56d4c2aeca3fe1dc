/* A tenant's secrets: its data key, and the fields that hold values sealed by it. */
#ifndef VDB_STORE_SECRETS_H
#define VDB_STORE_SECRETS_H

#include "secret/config.h"
#include "store/tenant.h"

#define DATA_KEYS_TABLE "v_voice_data_keys"
#define PROVIDERS_TABLE "v_voice_ai_providers"
#define CONFIG_COLUMN "config"
#define SETTINGS_TABLE "v_voice_tenant_settings"
#define WEBHOOK_CONFIG_COLUMN "webhook_config"

/* Where a config stands: in a provider, or in the tenant's settings, whose row is the tenant's. */
seal_place secrets_place(const char *domain_uuid, const char *table, const char *row_uuid);

/* A UUID of version 4, of this process's making. */
void secrets_new_uuid(char text[37]);

/* The tenant's data key; the first one who asks makes it. Wipe it with sodium_memzero(). */
vdb_status secrets_data_key(vdb_tenant *t, data_key *key, vdb_error *error);

/* Opens a data key that a query gave as "UUID SEALED"; NULL or "": the tenant has none, and `*key` is emptied. */
vdb_status secrets_open_key(vdb_tenant *t, const char *data_key_column, data_key *key, vdb_error *error);

/* A config on its way to a row. */
typedef struct sealed_config {
    arena *memory;
    const char *text;     /* NULL: none was given */
    const char *data_key; /* UUID; NULL: the config holds no secret */
    char room[37];
} sealed_config;

/* Seals what is secret in `config` (NULL: there is none). Release with sealed_config_free(), also after a failure. */
vdb_status secrets_seal_config(vdb_tenant *t, const char *config, const char *provider_uuid, sealed_config *sealed,
                               vdb_error *error);
/* The same of another config than a provider's. */
vdb_status secrets_seal_at(vdb_tenant *t, const seal_place *place, const char *config, sealed_config *sealed,
                           vdb_error *error);
void sealed_config_free(sealed_config *sealed);

/*
 * Opens `*config` of a provider in place, `column` being its data key as a query gave it. The text is in private
 * memory that is released with `owner`. NULL stays NULL.
 */
vdb_status secrets_open_config(vdb_tenant *t, arena *owner, const char *provider_uuid, const char *column,
                               const char **config, vdb_error *error);

/* The same of another config than a provider's. */
vdb_status secrets_open_at(vdb_tenant *t, arena *owner, const seal_place *place, const char *column,
                           const char **config, vdb_error *error);

/* That of a provider with an opened data key, into private memory that the caller has. */
vdb_status secrets_open_with(vdb_tenant *t, arena *private, const char *provider_uuid, const data_key *key,
                             const char **config, vdb_error *error);

/* True when what was sealed could not be stored: the tenant's data key was replaced meanwhile. Seal it again then. */
bool secrets_key_was_replaced(vdb_status status, const vdb_error *error);

/* vdb_key_status() of one tenant; `domain_uuid` NULL: of all. */
vdb_status keys_survey(vdb_pool *pool, const char *domain_uuid, const vdb_key_report **report, vdb_error *error);

/* vdb_provider_get() and vdb_secretary_get() without opening the configs: they need no key. */
vdb_status provider_find(vdb_tenant *t, const char *type, const char *provider, const vdb_provider **row,
                         vdb_error *error);
vdb_status secretary_find(vdb_tenant *t, const char *secretary, const vdb_secretary **row, vdb_error *error);

#endif
