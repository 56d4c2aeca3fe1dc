#include "knowledge/embed.h"

#include "knowledge/builtin.h"
#include "knowledge/openai.h"

#include <stdlib.h>
#include <string.h>

/* One of the two is there. */
struct embedder {
    builtin *lexical;
    openai *remote;
};

vdb_status embedder_new(const char *provider_name, const char *config, embedder **result, vdb_error *error)
{
    embedder *e = calloc(1, sizeof *e);
    if (e == NULL)
        return error_memory(error);
    vdb_status status =
        strcmp(provider_name, "builtin") == 0 ? builtin_new(&e->lexical, error) : openai_new(config, &e->remote, error);
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
    openai_free(e->remote);
    free(e);
}

const char *embedder_model(const embedder *e)
{
    return e->lexical != NULL ? BUILTIN_MODEL : openai_model(e->remote);
}

vdb_status embed_texts(embedder *e, const char *const *texts, size_t count, float *vectors, int *dimensions,
                       vdb_error *error)
{
    if (e->remote != NULL)
        return openai_embed(e->remote, texts, count, vectors, dimensions, error);
    for (size_t i = 0; i < count; i++) {
        vdb_status status = builtin_embed(e->lexical, texts[i], vectors + i * VDB_DIMENSIONS, error);
        if (status != VDB_OK && count > 1)
            error_detail(error, "text %zu of %zu", i + 1, count);
        if (status != VDB_OK)
            return status;
    }
    *dimensions = VDB_DIMENSIONS;
    return VDB_OK;
}
