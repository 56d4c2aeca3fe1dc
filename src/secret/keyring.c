#include "secret/keyring.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BOUND_ROOM = 128, PATH_ROOM = 4096 };

static const char standard_path[] = "/etc/voicedb/master.key";

struct keyring {
    pthread_mutex_t lock;
    char *path;            /* given; NULL: look for one */
    char place[PATH_ROOM]; /* where the credential is */
    master_key *keys;      /* of sodium_malloc(); NULL: not read yet */
    size_t count;
};

keyring *keyring_new(const char *path)
{
    if (sodium_init() < 0)
        return NULL;
    keyring *k = calloc(1, sizeof *k);
    if (k == NULL)
        return NULL;
    if (path != NULL && (k->path = strdup(path)) == NULL) {
        free(k);
        return NULL;
    }
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    int length = credentials == NULL ? 0 : snprintf(k->place, PATH_ROOM, "%s/voicedb-master.key", credentials);
    if (length >= PATH_ROOM)
        k->place[0] = '\0';
    pthread_mutex_init(&k->lock, NULL);
    return k;
}

void keyring_free(keyring *k)
{
    if (k == NULL)
        return;
    sodium_free(k->keys);
    pthread_mutex_destroy(&k->lock);
    free(k->path);
    free(k);
}

const char *keyring_path(const keyring *k)
{
    if (k->path != NULL)
        return k->path;
    const char *named = getenv("VOICEDB_MASTER_KEY");
    if (named != NULL && named[0] != '\0')
        return named;
    if (k->place[0] != '\0' && access(k->place, F_OK) == 0)
        return k->place;
    return access(standard_path, F_OK) == 0 ? standard_path : NULL;
}

/* Under the lock. What was read before stays when this fails. */
static vdb_status read_keys(keyring *k, vdb_error *error)
{
    const char *path = keyring_path(k);
    if (path == NULL)
        return error_set(error, VDB_NOT_ALLOWED,
                         "Run `voicedb key init /etc/voicedb/master.key`, or name a key file by VOICEDB_MASTER_KEY.",
                         "there is no master key for secrets");
    master_key *keys = sodium_malloc(MOST_MASTER_KEYS * sizeof *keys);
    if (keys == NULL)
        return error_memory(error);
    size_t count;
    vdb_status status = key_file_read(path, keys, &count, error);
    if (status != VDB_OK) {
        sodium_free(keys);
        return status;
    }
    (void)sodium_mprotect_readonly(keys);
    sodium_free(k->keys);
    k->keys = keys;
    k->count = count;
    return VDB_OK;
}

static vdb_status read_once(keyring *k, vdb_error *error)
{
    return k->keys != NULL ? VDB_OK : read_keys(k, error);
}

vdb_status keyring_load(keyring *k, vdb_error *error)
{
    pthread_mutex_lock(&k->lock);
    vdb_status status = read_keys(k, error);
    pthread_mutex_unlock(&k->lock);
    return status;
}

vdb_status keyring_ids(keyring *k, char ids[MOST_MASTER_KEYS][MASTER_ID_ROOM], size_t *count, vdb_error *error)
{
    *count = 0;
    if (keyring_path(k) == NULL)
        return VDB_OK;
    pthread_mutex_lock(&k->lock);
    vdb_status status = read_once(k, error);
    for (; status == VDB_OK && k->keys != NULL && *count < k->count; (*count)++)
        memcpy(ids[*count], k->keys[*count].id, MASTER_ID_ROOM);
    pthread_mutex_unlock(&k->lock);
    return status;
}

vdb_status keyring_create(const char *path, const char *after, char id[MASTER_ID_ROOM], vdb_error *error)
{
    if (sodium_init() < 0)
        return error_memory(error);
    if (after == NULL)
        return key_file_create(path, NULL, 0, id, error);
    master_key *before = sodium_malloc(MOST_MASTER_KEYS * sizeof *before);
    if (before == NULL)
        return error_memory(error);
    size_t count;
    vdb_status status = key_file_read(after, before, &count, error);
    if (status == VDB_OK)
        status = key_file_create(path, before, count, id, error);
    sodium_free(before);
    return status;
}

/* What a data key is bound to. */
static void bind_key(char bound[BOUND_ROOM], const char *domain, const char *uuid)
{
    snprintf(bound, BOUND_ROOM, "voicedb data key\n%.36s\n%.36s", domain, uuid);
}

vdb_status keyring_seal(keyring *k, arena *a, const char *domain, const data_key *key, const char **sealed,
                        vdb_error *error)
{
    char bound[BOUND_ROOM];
    bind_key(bound, domain, key->uuid);
    pthread_mutex_lock(&k->lock);
    vdb_status status = read_once(k, error);
    if (status == VDB_OK) {
        *sealed = seal_text(a, k->keys[0].id, k->keys[0].bytes, bound, key->bytes, sizeof key->bytes);
        status = *sealed == NULL ? error_memory(error) : VDB_OK;
    }
    pthread_mutex_unlock(&k->lock);
    return status;
}

static const master_key *find(const keyring *k, const char *id)
{
    for (size_t i = 0; k->keys != NULL && i < k->count; i++) {
        if (strcmp(k->keys[i].id, id) == 0)
            return &k->keys[i];
    }
    return NULL;
}

/* Under the lock. */
static vdb_status find_or_read(keyring *k, const char *id, const master_key **found, vdb_error *error)
{
    *found = find(k, id);
    if (*found != NULL)
        return VDB_OK;
    vdb_error reason = { 0 };
    vdb_status status = read_keys(k, &reason);
    *found = status == VDB_OK ? find(k, id) : NULL;
    if (*found != NULL)
        return VDB_OK;
    if (status == VDB_OK)
        return error_set(error, VDB_NOT_ALLOWED, "Add the line of that key to the key file.",
                         "the master key %s is not in %s", id, keyring_path(k));
    error_set(error, status, reason.hint, "the master key %s is needed: %s", id, reason.message);
    if (reason.detail[0] != '\0')
        error_detail(error, "%s", reason.detail);
    return status;
}

vdb_status keyring_open(keyring *k, const char *domain, const char *uuid, const char *sealed, data_key *key,
                        vdb_error *error)
{
    char id[SEAL_KEY_NAME_ROOM], bound[BOUND_ROOM];
    unsigned char plain[256];
    if (!seal_key_name(sealed, id) || seal_room(sealed) > sizeof plain)
        return error_set(error, VDB_BAD_INPUT, "Restore it from a backup, or install a newer voicedb.",
                         "the data key %s of domain %s cannot be read", uuid, domain);
    bind_key(bound, domain, uuid);
    pthread_mutex_lock(&k->lock);
    const master_key *master;
    size_t length = 0;
    vdb_status status = find_or_read(k, id, &master, error);
    bool opened =
        status == VDB_OK && seal_open(sealed, master->bytes, bound, plain, &length) && length == sizeof key->bytes;
    pthread_mutex_unlock(&k->lock);
    if (opened) {
        snprintf(key->uuid, sizeof key->uuid, "%s", uuid);
        memcpy(key->bytes, plain, sizeof key->bytes);
    }
    sodium_memzero(plain, sizeof plain);
    if (status != VDB_OK || opened)
        return status;
    return error_set(error, VDB_BAD_INPUT, "Restore the row from a backup.",
                     "the data key %s of domain %s does not open with the master key %s: it was changed, or is of "
                     "another tenant",
                     uuid, domain, id);
}
