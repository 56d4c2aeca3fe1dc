/* Searching a tenant's chunks by a ready vector and by words, and what is known about how to embed a question. */
#ifndef VDB_STORE_SEARCH_H
#define VDB_STORE_SEARCH_H

#include "base/terms.h"
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

/* How many candidates two-stage search holds against the exact distance, for so many results. */
int search_candidates(int top);

typedef struct chunk_search {
    const float *embedding; /* NULL: not by vector */
    int dimensions;
    const char *embedding_model;
    const question_terms *terms;       /* NULL: not by words */
    const char *voice_secretary_uuid;  /* NULL: documents of all */
    const char *const *documents;      /* UUIDs or names, ends with NULL; NULL: all */
    const char *const *document_types; /* ends with NULL; NULL: all */
    const char *metadata;              /* a JSON object that a chunk's metadata contains; NULL: any */
    int top;                           /* results wanted in the end */
    int depth;                         /* rows of each way, from which they are chosen */
    vdb_explain explain;
} chunk_search;

typedef struct found_chunk {
    const char *chunk_uuid;
    const char *document_uuid;
    const char *document_name;
    int64_t chunk_index;
    const char *content;
    const char *metadata;
    double similarity; /* NaN: not known */
    double word_score; /* 0: not found by words */
    double word_share;
} found_chunk;

/* What each way found, best first; release with chunk_finds_free(). */
typedef struct chunk_finds {
    const found_chunk *nearest; /* NULL: not searched by vector */
    size_t nearest_count;
    const found_chunk *worded; /* NULL: not searched by words */
    size_t worded_count;
    bool without_terms;   /* chunks of the tenant cannot be found by words yet */
    const char *strategy; /* by which index, of the search by vector */
    bool unexplained;     /* EXPLAIN was asked for, but a pooler keeps the prepared statements from it */
    char *vector_plan;    /* NULL: there is none */
    char *words_plan;
    double explain_ms; /* what it took */
} chunk_finds;

/* Searches by vector, by words, or both, in one round trip. */
vdb_status search_chunks(vdb_tenant *t, const chunk_search *search, chunk_finds *finds, vdb_error *error);
void chunk_finds_free(chunk_finds *finds);

/* Joins to each hit the passages up to `reach` before and behind it. */
vdb_status search_neighbours(vdb_tenant *t, vdb_search_result *result, int reach, vdb_error *error);

#endif
