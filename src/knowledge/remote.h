/* Embeddings over HTTP, in any of the protocols of knowledge/protocol.c. */
#ifndef VDB_KNOWLEDGE_REMOTE_H
#define VDB_KNOWLEDGE_REMOTE_H

#include "knowledge/remote_config.h"

typedef struct remote remote;

/*
 * Makes a client from the name of a provider and its `config`, a JSON object:
 *
 *   protocol            openai, azure, cohere, voyage or ollama; by the provider's name (see protocol_guess())
 *   model               required, 1 to 95 bytes
 *   base_url            the service's own; http or https, without user, password, query and fragment
 *   api_key             none; sent as the protocol wants it
 *   deployment          Azure's name for the deployed model; as `model`
 *   api_version         of Azure; 2024-10-21
 *   dimensions          1 to 1536; sent to the server, and every vector must have it; none: the model's own
 *   timeout_ms          10000; of one try
 *   connect_timeout_ms  2000; of the connection within a try
 *   max_retries         3; 0 to 10. All waits of one request together are at most 30 s
 *   batch_size          64; 1 to as many texts as the service takes in one request
 *   parallel            4; 1 to 16 requests at once while a document is stored
 *   requests_per_minute, tokens_per_minute
 *                       none; what all processes together send
 *   price_per_million_tokens
 *                       none; for the account
 *   encoding_format     "float", the only one
 *
 * null stands for "not given". Other members are ignored: the same object serves FusionPBX's pages and call scripts.
 * Nothing is sent yet. VDB_BAD_INPUT: the config cannot be used. Release with remote_free(). For one thread at a time.
 */
vdb_status remote_new(const char *provider_name, const char *config, remote **r, vdb_error *error);
void remote_free(remote *r);

/* What the config came to; lives as long as the client does. */
const remote_config *remote_settings(const remote *r);
embed_usage remote_usage(const remote *r);

/* Has the account told of every request from here on. */
void remote_set_account(remote *r, embed_account account);

/*
 * Lets the calls that follow end within so many milliseconds, all tries and waits together, as if the server had not
 * answered in time; 0: as the config says.
 */
void remote_limit(remote *r, int limit_ms);

/*
 * Embeds `count` texts into `vectors`, count × VDB_DIMENSIONS floats: unit vectors of `*dimensions` numbers, padded
 * with zeros. No request has more texts, or more tokens by a careful estimate, than the service takes. On failure
 * `vectors` is undefined. VDB_PROVIDER: the server failed, after its retries, or answered nonsense; VDB_BAD_INPUT: a
 * text is not UTF-8, or the model's vectors are longer than VDB_DIMENSIONS. The error never holds api_key, even when
 * the server repeats it.
 */
vdb_status remote_embed(remote *r, embed_kind kind, const char *const *texts, size_t count, float *vectors,
                        int *dimensions, vdb_error *error);

#endif
