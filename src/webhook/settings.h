/* What a tenant wants of its notices: the secrets that sign them. */
#ifndef VDB_WEBHOOK_SETTINGS_H
#define VDB_WEBHOOK_SETTINGS_H

#include "pg/pool.h"
#include "webhook/signature.h"

/* Those that sign now, the newest first. Wipe it. */
typedef struct webhook_secrets {
    char room[2][WEBHOOK_SECRET_ROOM];
    const char *list[3]; /* ends with NULL */
} webhook_secrets;

/*
 * From the column webhook_config, its secrets opened by `sealed_key` (as secrets_open_key() takes it): {"secret": …,
 * "previous_secret": …, "previous_until": seconds since 1970}. None is no error.
 */
vdb_status webhook_secrets_open(vdb_pool *pool, const char *domain_uuid, const char *config, const char *sealed_key,
                                webhook_secrets *secrets, vdb_error *error);
void webhook_secrets_wipe(webhook_secrets *secrets);

#endif
