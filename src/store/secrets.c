#include "store/secrets.h"

#include "base/uuid.h"

#include <ctype.h>
#include <sodium.h>
#include <string.h>

void secrets_new_uuid(char text[37])
{
    const uuid id = uuid_random();
    uuid_format(&id, text);
}

/* ---- data keys --------------------------------------------------------------------------------------------------- */

static vdb_status make_key(vdb_tenant *t, data_key *key, PGresult **result, vdb_error *error)
{
    arena *a = arena_new();
    const char *sealed = NULL;
    secrets_new_uuid(key->uuid);
    randombytes_buf(key->bytes, sizeof key->bytes);
    vdb_status status =
        a == NULL ? error_memory(error) : keyring_seal(pool_keyring(t->pool), a, t->uuid, key, &sealed, error);
    if (status == VDB_OK) {
        const request r = REQUEST(DATA_KEY_ADD, P(key->uuid), P(sealed));
        status = tenant_run(t, &r, 1, result, error);
    }
    sodium_memzero(key, sizeof *key);
    arena_free(a);
    return status;
}

vdb_status secrets_data_key(vdb_tenant *t, data_key *key, vdb_error *error)
{
    PGresult *result;
    const request get = { .id = QUERY_DATA_KEY_GET };
    vdb_status status = tenant_run(t, &get, 1, &result, error);
    if (status == VDB_OK && PQntuples(result) == 0) {
        PQclear(result);
        status = make_key(t, key, &result, error);
    }
    if (status == VDB_OK && PQntuples(result) == 0) {
        PQclear(result);
        status = tenant_run(t, &get, 1, &result, error);
    }
    if (status != VDB_OK)
        return status;
    if (PQntuples(result) == 0)
        status = error_set(error, VDB_CONFLICT, "Try again.", "the tenant's data key came and went");
    else
        status = keyring_open(pool_keyring(t->pool), t->uuid, PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1), key,
                              error);
    PQclear(result);
    return status;
}

vdb_status secrets_open_key(vdb_tenant *t, const char *data_key_column, data_key *key, vdb_error *error)
{
    char name[37];
    *key = (data_key){ .uuid = "" };
    if (data_key_column == NULL || data_key_column[0] == '\0')
        return VDB_OK;
    snprintf(name, sizeof name, "%s", data_key_column);
    const char *sealed = strlen(data_key_column) > sizeof name ? data_key_column + sizeof name : "";
    return keyring_open(pool_keyring(t->pool), t->uuid, name, sealed, key, error);
}

/* ---- configs ----------------------------------------------------------------------------------------------------- */

seal_place secrets_place(const char *domain_uuid, const char *table, const char *row_uuid)
{
    bool settings = strcmp(table, SETTINGS_TABLE) == 0;
    return (seal_place){ .domain = domain_uuid,
                         .table = settings ? SETTINGS_TABLE : PROVIDERS_TABLE,
                         .row = row_uuid,
                         .column = settings ? WEBHOOK_CONFIG_COLUMN : CONFIG_COLUMN };
}

static vdb_status seal(vdb_tenant *t, const seal_place *place, const char *config, sealed_config *sealed,
                       vdb_error *error)
{
    data_key key;
    const seal_order order = { .place = place, .key = &key };
    vdb_status status = secrets_data_key(t, &key, error);
    if (status == VDB_OK)
        status = config_seal(sealed->memory, config, &order, &sealed->text, error);
    memcpy(sealed->room, key.uuid, sizeof key.uuid);
    sodium_memzero(&key, sizeof key);
    sealed->data_key = sealed->room;
    return status;
}

vdb_status secrets_seal_at(vdb_tenant *t, const seal_place *place, const char *config, sealed_config *sealed,
                           vdb_error *error)
{
    int64_t secrets, plain;
    *sealed = (sealed_config){ .text = config };
    vdb_status status = config_count(config, &secrets, &plain, error);
    if (status != VDB_OK || secrets + plain == 0)
        return status;
    sealed->memory = arena_new();
    return sealed->memory == NULL ? error_memory(error) : seal(t, place, config, sealed, error);
}

vdb_status secrets_seal_config(vdb_tenant *t, const char *config, const char *provider_uuid, sealed_config *sealed,
                               vdb_error *error)
{
    char row[37];
    *sealed = (sealed_config){ .text = config };
    if (config == NULL)
        return VDB_OK;
    for (size_t i = 0; i < sizeof row; i++)
        row[i] = (char)tolower((unsigned char)provider_uuid[i]);
    const seal_place place = secrets_place(t->uuid, PROVIDERS_TABLE, row);
    return secrets_seal_at(t, &place, config, sealed, error);
}

void sealed_config_free(sealed_config *sealed)
{
    arena_free(sealed->memory);
}

vdb_status secrets_open_at(vdb_tenant *t, arena *owner, const seal_place *place, const char *column,
                           const char **config, vdb_error *error)
{
    if (*config == NULL || !config_has_sealed(*config))
        return VDB_OK;
    data_key key;
    vdb_status status = secrets_open_key(t, column, &key, error);
    arena *private = status == VDB_OK ? arena_new_private() : NULL;
    if (status == VDB_OK && private == NULL)
        status = error_memory(error);
    if (private != NULL)
        arena_adopt(owner, private);
    if (status == VDB_OK)
        status = config_open(private, *config, place, key.uuid[0] == '\0' ? NULL : &key, config, error);
    sodium_memzero(&key, sizeof key);
    return status;
}

vdb_status secrets_open_config(vdb_tenant *t, arena *owner, const char *provider_uuid, const char *column,
                               const char **config, vdb_error *error)
{
    const seal_place place = secrets_place(t->uuid, PROVIDERS_TABLE, provider_uuid);
    return secrets_open_at(t, owner, &place, column, config, error);
}

vdb_status secrets_open_with(vdb_tenant *t, arena *private, const char *provider_uuid, const data_key *key,
                             const char **config, vdb_error *error)
{
    const seal_place place = secrets_place(t->uuid, PROVIDERS_TABLE, provider_uuid);
    return config_has_sealed(*config)
               ? config_open(private, *config, &place, key->uuid[0] == '\0' ? NULL : key, config, error)
               : VDB_OK;
}

bool secrets_key_was_replaced(vdb_status status, const vdb_error *error)
{
    return status == VDB_CONFLICT && strcmp(error->sqlstate, "23503") == 0 && strstr(error->detail, "data_key") != NULL;
}
