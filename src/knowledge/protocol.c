#include "knowledge/protocol.h"

#include <string.h>

#define BEARER "Authorization: Bearer "

/*
 * An over-long text is refused wherever the service lets us choose: cut short without a word, its end could never be
 * found.
 */
const protocol protocols[] = {
    { .name = "openai",
      .base_url = "https://api.openai.com/v1",
      .path = "/embeddings",
      .key_header = BEARER,
      .model = "model",
      .texts = "input",
      .dimensions = "dimensions",
      .constants = "{\"encoding_format\": \"float\"}",
      .most_texts = 2048,
      .most_tokens = 300000,
      .answer = { .items = "data", .indexed = true, .tokens = "usage.total_tokens" } },
    { .name = "azure",
      .key_header = "api-key: ",
      .texts = "input",
      .dimensions = "dimensions",
      .constants = "{\"encoding_format\": \"float\"}",
      .most_texts = 2048,
      .most_tokens = 300000,
      .answer = { .items = "data", .indexed = true, .tokens = "usage.total_tokens" } },
    { .name = "cohere",
      .base_url = "https://api.cohere.com",
      .path = "/v2/embed",
      .key_header = BEARER,
      .model = "model",
      .texts = "texts",
      .dimensions = "output_dimension",
      .kind = "input_type",
      .kinds = { [EMBED_DOCUMENT] = "search_document", [EMBED_QUERY] = "search_query" },
      .constants = "{\"embedding_types\": [\"float\"], \"truncate\": \"NONE\"}",
      .most_texts = 96,
      .answer = { .items = "embeddings.float", .tokens = "meta.billed_units.input_tokens" } },
    { .name = "voyage",
      .base_url = "https://api.voyageai.com/v1",
      .path = "/embeddings",
      .key_header = BEARER,
      .model = "model",
      .texts = "input",
      .dimensions = "output_dimension",
      .kind = "input_type",
      .kinds = { [EMBED_DOCUMENT] = "document", [EMBED_QUERY] = "query" },
      .constants = "{\"truncation\": false}",
      .most_texts = 1000,
      .most_tokens = 120000, /* of its large models; the small ones take more */
      .answer = { .items = "data", .indexed = true, .tokens = "usage.total_tokens" } },
    { .name = "ollama",
      .base_url = "http://127.0.0.1:11434",
      .path = "/api/embed",
      .key_header = BEARER,
      .model = "model",
      .texts = "input",
      .dimensions = "dimensions",
      .constants = "{\"truncate\": false}",
      .most_texts = 2048,
      .answer = { .items = "embeddings", .tokens = "prompt_eval_count" } },
    { 0 },
};

const protocol *protocol_find(const char *name)
{
    const protocol *p = protocols;
    while (p->name != NULL && strcmp(p->name, name) != 0)
        p++;
    return p->name == NULL ? NULL : p;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

const protocol *protocol_guess(const char *provider_name, const char *base_url)
{
    static const struct {
        const char *provider, *protocol;
        bool also_compatible; /* with an address that ends in /v1 it speaks OpenAI's protocol */
    } known[] = {
        { "azure", "azure", true },   { "azure-openai", "azure", true }, { "azure_openai", "azure", true },
        { "cohere", "cohere", true }, { "voyage", "voyage", false },     { "voyageai", "voyage", false },
        { "ollama", "ollama", true },
    };
    bool compatible = base_url != NULL && (ends_with(base_url, "/v1") || ends_with(base_url, "/v1/"));
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(provider_name, known[i].provider) == 0 && !(known[i].also_compatible && compatible))
            return protocol_find(known[i].protocol);
    }
    return protocol_find("openai");
}
