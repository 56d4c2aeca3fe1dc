#include "knowledge/embed.h"

#include "knowledge/builtin.h"
#include "knowledge/remote.h"

#include <stdlib.h>
#include <string.h>

/* One of the two is there. */
struct embedder {
    builtin *lexical;
    remote *remote;
};

vdb_status embedder_new(const char *provider_name, const char *config, embedder **result, vdb_error *error)
{
    embedder *e = calloc(1, sizeof *e);
    if (e == NULL)
        return error_memory(error);
    vdb_status status = strcmp(provider_name, "builtin") == 0 ? builtin_new(&e->lexical, error)
                                                              : remote_new(provider_name, config, &e->remote, error);
    if (status != VDB_OK) {
        free(e);
        return status;
    }
    *result = e;
    return VDB_OK;
}

void embedder_free(embedder *e)
{
    if (e == NULL)
        return;
    builtin_free(e->lexical);
    remote_free(e->remote);
    free(e);
}

const char *embedder_model(const embedder *e)
{
    return e->lexical != NULL ? BUILTIN_MODEL : remote_settings(e->remote)->label;
}

const char *embedder_protocol(const embedder *e)
{
    return e->lexical != NULL ? "builtin" : remote_settings(e->remote)->protocol->name;
}

const char *embedder_address(const embedder *e)
{
    return e->lexical != NULL ? NULL : remote_settings(e->remote)->url;
}

size_t embedder_batch_size(const embedder *e)
{
    return e->remote == NULL ? EMBED_BATCH : (size_t)remote_settings(e->remote)->batch_size;
}

size_t embedder_parallel(const embedder *e)
{
    return e->remote == NULL ? 1 : (size_t)remote_settings(e->remote)->parallel;
}

void embedder_set_account(embedder *e, embed_account account)
{
    if (e->remote != NULL)
        remote_set_account(e->remote, account);
}

embed_usage embedder_usage(const embedder *e)
{
    return e->lexical != NULL ? (embed_usage){ 0 } : remote_usage(e->remote);
}

void embedder_limit(embedder *e, int limit_ms)
{
    if (e->remote != NULL)
        remote_limit(e->remote, limit_ms);
}

bool embedder_is_remote(const embedder *e)
{
    return e->remote != NULL;
}

vdb_status embed_texts(embedder *e, embed_kind kind, const char *const *texts, size_t count, float *vectors,
                       int *dimensions, vdb_error *error)
{
    if (e->remote != NULL)
        return remote_embed(e->remote, kind, texts, count, vectors, dimensions, error);
    for (size_t i = 0; i < count; i++) {
        vdb_status status = builtin_embed(e->lexical, kind, texts[i], vectors + i * VDB_DIMENSIONS, error);
        if (status != VDB_OK && count > 1)
            error_detail(error, "text %zu of %zu", i + 1, count);
        if (status != VDB_OK)
            return status;
    }
    *dimensions = VDB_DIMENSIONS;
    return VDB_OK;
}
