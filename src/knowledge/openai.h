/* The embeddings protocol of OpenAI over HTTP, which Ollama, LM Studio, vLLM and llama.cpp speak too. */
#ifndef VDB_KNOWLEDGE_OPENAI_H
#define VDB_KNOWLEDGE_OPENAI_H

#include "base/error.h"

typedef struct openai openai;

/*
 * Makes a client from the `config` of a provider, a JSON object:
 *
 *   model               required, 1 to 100 bytes
 *   base_url            https://api.openai.com/v1; http or https, without user, password, query and fragment
 *   api_key             none; sent as "Authorization: Bearer"
 *   dimensions          1 to 1536; sent to the server, and every vector must have it; none: the model's own
 *   timeout_ms          10000; of one try
 *   connect_timeout_ms  2000; of the connection within a try
 *   max_retries         3; 0 to 10. All waits of one request together are at most 30 s
 *   batch_size          64; 1 to 2048 texts in one request
 *   encoding_format     "float", the only one
 *
 * null stands for "not given". Other members are ignored: the same object serves FusionPBX's pages and call scripts.
 * Nothing is sent yet. VDB_BAD_INPUT: the config cannot be used. Release with openai_free(). For one thread at a time.
 */
vdb_status openai_new(const char *config, openai **o, vdb_error *error);
void openai_free(openai *o);

/* `model` of the config; lives as long as the client does. */
const char *openai_model(const openai *o);

/*
 * Embeds `count` texts into `vectors`, count × VDB_DIMENSIONS floats: unit vectors of `*dimensions` numbers, padded
 * with zeros. On failure `vectors` is undefined. VDB_PROVIDER: the server failed, after its retries, or answered
 * nonsense; VDB_BAD_INPUT: a text is not UTF-8, or the model's vectors are longer than VDB_DIMENSIONS. The error never
 * holds api_key, even when the server repeats it.
 */
vdb_status openai_embed(openai *o, const char *const *texts, size_t count, float *vectors, int *dimensions,
                        vdb_error *error);

#endif
