/* Embeddings: text to unit vectors, by the provider that a tenant has configured. */
#ifndef VDB_KNOWLEDGE_EMBED_H
#define VDB_KNOWLEDGE_EMBED_H

#include "base/error.h"

typedef struct embedder embedder;

/* Texts that embed_texts() sends at once at the most, unless the config of the provider says less. */
enum { EMBED_BATCH = 64 };

/*
 * Makes an embedder from a provider's name and config (a JSON object). "builtin" needs nothing; every other name speaks
 * the OpenAI protocol: `base_url`, `model` (required), `api_key`, `dimensions`, `timeout_ms`, `max_retries`,
 * `batch_size`. VDB_BAD_INPUT: the config cannot be used. Release with embedder_free(). For one thread at a time.
 */
vdb_status embedder_new(const char *provider_name, const char *config, embedder **e, vdb_error *error);
void embedder_free(embedder *e);

/* What embedding_model holds for vectors of this embedder; at most 100 bytes; lives as long as it does. */
const char *embedder_model(const embedder *e);

/*
 * Embeds `count` texts into `vectors`, count × VDB_DIMENSIONS floats, each padded with zeros behind its `*dimensions`
 * numbers. All of one call have the same number of dimensions. VDB_PROVIDER: the provider failed, after its retries;
 * VDB_BAD_INPUT: it gave vectors longer than VDB_DIMENSIONS, or "builtin" got a text without a letter or digit.
 */
vdb_status embed_texts(embedder *e, const char *const *texts, size_t count, float *vectors, int *dimensions,
                       vdb_error *error);

#endif
