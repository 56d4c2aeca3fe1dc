#include "knowledge/provider.h"

#include "store/secrets.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_IDLE = 8 };

typedef struct idle {
    embedder *embedder;
    char *name;
    char *config;
} idle;

struct tenant_attachment {
    pthread_mutex_t lock;
    size_t count;
    idle idle[MOST_IDLE];
};

static void discard(idle *i)
{
    embedder_free(i->embedder);
    free(i->name);
    free(i->config);
}

static void destroy(struct tenant_attachment *cache)
{
    while (cache->count > 0)
        discard(&cache->idle[--cache->count]);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

/* The handle's cache, made by its first user. NULL: memory ran out; the embedder is then made and freed each time. */
static struct tenant_attachment *cache_of(vdb_tenant *t)
{
    struct tenant_attachment *there = atomic_load(&t->attachment);
    if (there != NULL)
        return there;
    struct tenant_attachment *new = calloc(1, sizeof *new);
    if (new == NULL)
        return NULL;
    pthread_mutex_init(&new->lock, NULL);
    t->destroy_attachment = destroy;
    if (atomic_compare_exchange_strong(&t->attachment, &there, new))
        return new;
    destroy(new);
    return there;
}

static embedder *take(struct tenant_attachment *cache, const search_context *context)
{
    embedder *found = NULL;
    pthread_mutex_lock(&cache->lock);
    for (size_t i = 0; found == NULL && i < cache->count; i++) {
        idle *candidate = &cache->idle[i];
        if (strcmp(candidate->name, context->provider_name) == 0 &&
            strcmp(candidate->config, context->provider_config) == 0) {
            found = candidate->embedder;
            free(candidate->name);
            free(candidate->config);
            *candidate = cache->idle[--cache->count];
        }
    }
    pthread_mutex_unlock(&cache->lock);
    return found;
}

static vdb_status make(vdb_tenant *t, const search_context *context, embedder **e, vdb_error *error)
{
    arena *a = arena_new();
    const char *config = context->provider_config;
    vdb_status status = a == NULL
                            ? error_memory(error)
                            : secrets_open_config(t, a, context->provider_uuid, context->data_key, &config, error);
    if (status == VDB_OK)
        status = embedder_new(context->provider_name, config, e, error);
    arena_free(a);
    return status;
}

vdb_status provider_borrow(vdb_tenant *t, const search_context *context, embedder **e, vdb_error *error)
{
    if (context->provider_name == NULL)
        return error_set(
            error, VDB_NOT_FOUND,
            "Run `voicedb provider add --type embeddings --name builtin --default`, or name the secretary's own.",
            "the tenant has no embeddings provider to use here");
    if (!context->provider_enabled) {
        char hint[192];
        snprintf(hint, sizeof hint, "Run `voicedb provider update %.100s --type embeddings --enabled on`.",
                 context->provider_name);
        return error_set(error, VDB_CONFLICT, hint, "the embeddings provider \"%s\" is disabled",
                         context->provider_name);
    }
    struct tenant_attachment *cache = cache_of(t);
    *e = cache == NULL ? NULL : take(cache, context);
    return *e != NULL ? VDB_OK : make(t, context, e, error);
}

void provider_release(vdb_tenant *t, const search_context *context, embedder *e)
{
    struct tenant_attachment *cache = cache_of(t);
    idle i = { e, strdup(context->provider_name), strdup(context->provider_config) };
    bool kept = false;
    if (cache != NULL && i.name != NULL && i.config != NULL) {
        pthread_mutex_lock(&cache->lock);
        kept = cache->count < MOST_IDLE;
        if (kept)
            cache->idle[cache->count++] = i;
        pthread_mutex_unlock(&cache->lock);
    }
    if (!kept)
        discard(&i);
}
