#include "knowledge/provider.h"

#include "knowledge/account.h"
#include "store/secrets.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_IDLE = 8, MOST_REMEMBERED = 16 };

typedef struct idle {
    embedder *embedder;
    char *name;
    char *config;
} idle;

typedef struct remembered {
    char *name, *config, *question;
    float *vector;
    int dimensions;
} remembered;

struct tenant_attachment {
    pthread_mutex_t lock;
    size_t count;
    idle idle[MOST_IDLE];
    remembered remembered[MOST_REMEMBERED];
    size_t oldest;
};

static void discard(idle *i)
{
    embedder_free(i->embedder);
    free(i->name);
    free(i->config);
}

static void forget(remembered *r)
{
    free(r->name);
    free(r->config);
    free(r->question);
    free(r->vector);
    *r = (remembered){ 0 };
}

static void destroy(struct tenant_attachment *cache)
{
    for (size_t i = 0; i < MOST_REMEMBERED; i++)
        forget(&cache->remembered[i]);
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
    if (status == VDB_OK)
        embedder_set_account(*e, account_of(t));
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

static bool is_of(const remembered *r, const search_context *context, const char *question)
{
    return r->vector != NULL && strcmp(r->question, question) == 0 && strcmp(r->name, context->provider_name) == 0 &&
           strcmp(r->config, context->provider_config) == 0;
}

bool provider_recall(vdb_tenant *t, const search_context *context, const char *question, float *vector, int *dimensions)
{
    struct tenant_attachment *cache = cache_of(t);
    bool found = false;
    if (cache == NULL || context->provider_name == NULL)
        return false;
    pthread_mutex_lock(&cache->lock);
    for (size_t i = 0; !found && i < MOST_REMEMBERED; i++) {
        const remembered *r = &cache->remembered[i];
        found = is_of(r, context, question);
        if (found) {
            memcpy(vector, r->vector, VDB_DIMENSIONS * sizeof *vector);
            *dimensions = r->dimensions;
        }
    }
    pthread_mutex_unlock(&cache->lock);
    return found;
}

void provider_remember(vdb_tenant *t, const search_context *context, const char *question, const float *vector,
                       int dimensions)
{
    struct tenant_attachment *cache = cache_of(t);
    remembered r = { strdup(context->provider_name), strdup(context->provider_config), strdup(question),
                     malloc(VDB_DIMENSIONS * sizeof *vector), dimensions };
    if (cache == NULL || r.name == NULL || r.config == NULL || r.question == NULL || r.vector == NULL) {
        forget(&r);
        return;
    }
    memcpy(r.vector, vector, VDB_DIMENSIONS * sizeof *vector);
    pthread_mutex_lock(&cache->lock);
    remembered evicted = cache->remembered[cache->oldest];
    cache->remembered[cache->oldest] = r;
    cache->oldest = (cache->oldest + 1) % MOST_REMEMBERED;
    pthread_mutex_unlock(&cache->lock);
    forget(&evicted);
}
