/* Searching a tenant's chunks by a ready vector, and what is known about how to embed a question. */
#ifndef VDB_STORE_SEARCH_H
#define VDB_STORE_SEARCH_H

#include "store/tenant.h"

typedef struct search_context {
    PGresult *result; /* holds the texts below; release with PQclear() */
    bool rag_enabled;
    double threshold; /* the secretary's; -1 without a secretary: cosine similarity is never less */
    const char *provider_uuid;
    const char *provider_name;   /* of the secretary's embeddings provider or the tenant's default; NULL: none */
    const char *provider_config; /* sealed */
    const char *data_key;        /* of the tenant, as secrets_open_config() takes it */
    bool provider_enabled;
} search_context;

/* `voice_secretary_uuid` may be NULL. VDB_NOT_FOUND: no such secretary. */
vdb_status search_context_get(vdb_tenant *t, const char *voice_secretary_uuid, search_context *context,
                              vdb_error *error);

typedef struct chunk_search {
    const float *embedding;
    int dimensions;
    const char *embedding_model;
    const char *voice_secretary_uuid; /* NULL: documents of all */
    int top;
} chunk_search;

/* How many candidates two-stage search holds against the exact distance, for so many results. */
int search_candidates(int top);

/* The nearest chunks, best first, and the name of the way that was taken. */
vdb_status search_chunks(vdb_tenant *t, const chunk_search *search, const vdb_search_hit **hits, size_t *count,
                         const char **strategy, vdb_error *error);

#endif
