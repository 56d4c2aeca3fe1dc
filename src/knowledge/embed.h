/* Embeddings: text to unit vectors, by the provider that a tenant has configured. */
#ifndef VDB_KNOWLEDGE_EMBED_H
#define VDB_KNOWLEDGE_EMBED_H

#include "base/error.h"

typedef struct embedder embedder;

/* Texts that go into one request, unless the config of the provider says otherwise. */
enum { EMBED_BATCH = 64 };

/* What a text is for: some services make different vectors of a question and of what may answer it. */
typedef enum embed_kind { EMBED_DOCUMENT, EMBED_QUERY } embed_kind;

/* What a service was asked for, and what it counted; "builtin" counts nothing. */
typedef struct embed_usage {
    int64_t requests;
    int64_t texts;
    int64_t tokens; /* the service's own count; where it gives none, one for every four bytes */
} embed_usage;

/*
 * Makes an embedder from a provider's name and config (a JSON object). "builtin" needs nothing; every other one is
 * asked over HTTP, as knowledge/remote.h says. VDB_BAD_INPUT: the config cannot be used. Release with embedder_free().
 * For one thread at a time.
 */
vdb_status embedder_new(const char *provider_name, const char *config, embedder **e, vdb_error *error);
void embedder_free(embedder *e);

/* What embedding_model holds for vectors of this embedder; at most 100 bytes; lives as long as it does. */
const char *embedder_model(const embedder *e);

/* The name of the protocol it speaks and the address it asks; "builtin" has none. Live as long as it does. */
const char *embedder_protocol(const embedder *e);
const char *embedder_address(const embedder *e);

/* Texts in one request, and requests at once that the config allows: each needs an embedder of its own. */
size_t embedder_batch_size(const embedder *e);
size_t embedder_parallel(const embedder *e);

struct remote_config;

/* Who is told of each request to a service. */
typedef struct embed_account {
    void *context;
    /* Before one of about so many tokens; may wait. Not VDB_OK: it is not sent. */
    vdb_status (*before)(void *context, const struct remote_config *config, embed_kind kind, int64_t tokens,
                         vdb_error *error);
    /* After one that was answered. */
    void (*after)(void *context, const struct remote_config *config, const embed_usage *used);
} embed_account;

void embedder_set_account(embedder *e, embed_account account);

/* What was used since it was made. */
embed_usage embedder_usage(const embedder *e);

/* Lets the calls that follow end within so many milliseconds, or VDB_PROVIDER; 0: as the config says. */
void embedder_limit(embedder *e, int limit_ms);

/* False when an embedding takes microseconds and nobody else: no deadline needs to care. */
bool embedder_is_remote(const embedder *e);

/*
 * Embeds `count` texts into `vectors`, count × VDB_DIMENSIONS floats, each padded with zeros behind its `*dimensions`
 * numbers. All of one call have the same number of dimensions. VDB_PROVIDER: the provider failed, after its retries;
 * VDB_BAD_INPUT: it gave vectors longer than VDB_DIMENSIONS, or "builtin" got a text without a letter or digit.
 */
vdb_status embed_texts(embedder *e, embed_kind kind, const char *const *texts, size_t count, float *vectors,
                       int *dimensions, vdb_error *error);

#endif
