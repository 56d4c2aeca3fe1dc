#include "knowledge/remote_config.h"

#include "base/json.h"

#include <curl/curl.h>
#include <string.h>

enum { LONGEST_MODEL = 95 }; /* bytes: the width of the column embedding_model, less "@1536" */

typedef struct reader {
    arena *memory;
    const json_t *object;
    remote_config *config;
} reader;

static const struct number_member {
    const char *name;
    size_t offset;
    int least, most, preset;
} number_members[] = {
    { "dimensions", offsetof(remote_config, dimensions), 1, VDB_DIMENSIONS, 0 },
    { "timeout_ms", offsetof(remote_config, timeout_ms), 1, 600000, 10000 },
    { "connect_timeout_ms", offsetof(remote_config, connect_timeout_ms), 1, 600000, 2000 },
    { "max_retries", offsetof(remote_config, max_retries), 0, 10, 3 },
    { "parallel", offsetof(remote_config, parallel), 1, 16, 4 },
    { "requests_per_minute", offsetof(remote_config, requests_per_minute), 1, 1000000, 0 },
    { "tokens_per_minute", offsetof(remote_config, tokens_per_minute), 1, 1000000000, 0 },
};

static vdb_status read_number(reader *r, const struct number_member *member, vdb_error *error)
{
    const json_t *value = json_object_get(r->object, member->name);
    json_int_t number = member->preset;
    if (value != NULL && !json_is_null(value)) {
        number = json_integer_value(value);
        if (!json_is_integer(value) || number < member->least || number > member->most)
            return error_set(error, VDB_BAD_INPUT, "Correct it in the provider's config, or leave it out.",
                             "`%s` in the provider's config must be a whole number from %d to %d", member->name,
                             member->least, member->most);
    }
    *(int *)(void *)((char *)r->config + member->offset) = (int)number;
    return VDB_OK;
}

static vdb_status read_numbers(reader *r, vdb_error *error)
{
    const struct number_member batch_size = { "batch_size", offsetof(remote_config, batch_size), 1,
                                              r->config->protocol->most_texts, EMBED_BATCH };
    vdb_status status = read_number(r, &batch_size, error);
    for (size_t i = 0; status == VDB_OK && i < sizeof number_members / sizeof number_members[0]; i++)
        status = read_number(r, &number_members[i], error);
    return status;
}

static vdb_status read_price(reader *r, vdb_error *error)
{
    const json_t *value = json_object_get(r->object, "price_per_million_tokens");
    r->config->price = json_number_value(value);
    if (value == NULL || json_is_null(value) ||
        (json_is_number(value) && r->config->price >= 0 && r->config->price < 1e6))
        return VDB_OK;
    return error_set(error, VDB_BAD_INPUT, "Correct it in the provider's config, or leave it out.",
                     "`price_per_million_tokens` in the provider's config must be a number from 0 to 1000000");
}

/* `*text` is NULL when the member is missing, null or empty. */
static vdb_status read_string(reader *r, const char *name, const char **text, vdb_error *error)
{
    const json_t *value = json_object_get(r->object, name);
    *text = NULL;
    if (value == NULL || json_is_null(value))
        return VDB_OK;
    if (!json_is_string(value))
        return error_set(error, VDB_BAD_INPUT, "Put it into quotes in the provider's config, or leave it out.",
                         "`%s` in the provider's config must be a string", name);
    if (json_string_length(value) == 0)
        return VDB_OK;
    *text = arena_copy_string(r->memory, json_string_value(value));
    return *text == NULL ? error_memory(error) : VDB_OK;
}

static vdb_status read_model(reader *r, vdb_error *error)
{
    static const char hint[] = "Set `model`, for example {\"model\": \"text-embedding-3-small\"}.";
    const char *model;
    vdb_status status = read_string(r, "model", &model, error);
    if (status != VDB_OK)
        return status;
    if (model == NULL)
        return error_set(error, VDB_BAD_INPUT, hint, "`model` is missing in the provider's config");
    if (strlen(model) > LONGEST_MODEL)
        return error_set(error, VDB_BAD_INPUT, hint, "`model` in the provider's config is longer than %d bytes",
                         LONGEST_MODEL);
    r->config->model = model;
    return VDB_OK;
}

/* A line break would begin another header, and no server accepts other bytes than these. */
static vdb_status read_api_key(reader *r, vdb_error *error)
{
    vdb_status status = read_string(r, "api_key", &r->config->api_key, error);
    for (const char *c = r->config->api_key; status == VDB_OK && c != NULL && *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~')
            status = error_set(error, VDB_BAD_INPUT, "Copy the key again, without spaces and line breaks around it.",
                               "`api_key` in the provider's config may hold printable ASCII only, without spaces");
    }
    return status;
}

/* ---- the address ------------------------------------------------------------------------------------------------- */

/* An http or https address to which a path can be added, and which holds no secret that an error could show. */
static bool is_plain_address(CURLU *url)
{
    static const CURLUPart unwanted[] = { CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT };
    char *part = NULL;
    bool plain = curl_url_get(url, CURLUPART_SCHEME, &part, 0) == CURLUE_OK &&
                 (strcmp(part, "http") == 0 || strcmp(part, "https") == 0);
    curl_free(part);
    for (size_t i = 0; plain && i < sizeof unwanted / sizeof unwanted[0]; i++) {
        if (curl_url_get(url, unwanted[i], &part, 0) == CURLUE_OK) {
            curl_free(part);
            plain = false;
        }
    }
    return plain;
}

static vdb_status check_base_url(const char *base_url, vdb_error *error)
{
    CURLU *url = curl_url();
    if (url == NULL)
        return error_memory(error);
    bool plain = curl_url_set(url, CURLUPART_URL, base_url, 0) == CURLUE_OK && is_plain_address(url);
    curl_url_cleanup(url);
    if (!plain)
        return error_set(error, VDB_BAD_INPUT, "Set `base_url`, for example to http://127.0.0.1:11434/v1.",
                         "`base_url` in the provider's config must be an http:// or https:// address without user, "
                         "password, query and fragment");
    return VDB_OK;
}

static bool is_url_word(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")] == '\0';
}

/* Azure's: the model's deployment stands in the path, and the protocol's version behind it. */
static vdb_status read_deployment(reader *r, const char *base, vdb_error *error)
{
    const char *deployment, *version;
    vdb_status status = read_string(r, "deployment", &deployment, error);
    if (status == VDB_OK)
        status = read_string(r, "api_version", &version, error);
    if (status != VDB_OK)
        return status;
    deployment = deployment == NULL ? r->config->model : deployment;
    version = version == NULL ? "2024-10-21" : version;
    if (!is_url_word(deployment) || !is_url_word(version))
        return error_set(error, VDB_BAD_INPUT, "Set `deployment` to the name that the Azure portal shows.",
                         "`deployment` and `api_version` in the provider's config may hold letters, digits and -._~");
    const char *path = arena_printf(r->memory, "/openai/deployments/%s/embeddings", deployment);
    r->config->url = path == NULL ? NULL : arena_printf(r->memory, "%s%s?api-version=%s", base, path, version);
    return r->config->url == NULL ? error_memory(error) : VDB_OK;
}

static vdb_status read_url(reader *r, const char *base_url, vdb_error *error)
{
    const protocol *p = r->config->protocol;
    if (base_url == NULL)
        base_url = p->base_url;
    if (base_url == NULL)
        return error_set(error, VDB_BAD_INPUT, "Set `base_url` to the resource's, https://NAME.openai.azure.com.",
                         "`base_url` is missing in the provider's config");
    vdb_status status = check_base_url(base_url, error);
    if (status != VDB_OK)
        return status;
    size_t length = strlen(base_url);
    while (base_url[length - 1] == '/')
        length--;
    const char *base = arena_copy(r->memory, base_url, length);
    if (base == NULL)
        return error_memory(error);
    if (p->path == NULL)
        return read_deployment(r, base, error);
    r->config->url = arena_printf(r->memory, "%s%s", base, p->path);
    return r->config->url == NULL ? error_memory(error) : VDB_OK;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static vdb_status read_protocol(reader *r, const char *provider_name, const char *base_url, vdb_error *error)
{
    const char *name;
    vdb_status status = read_string(r, "protocol", &name, error);
    if (status != VDB_OK)
        return status;
    r->config->protocol = name == NULL ? protocol_guess(provider_name, base_url) : protocol_find(name);
    if (r->config->protocol == NULL)
        return error_set(error, VDB_BAD_INPUT, "Set it to openai, azure, cohere, voyage or ollama, or leave it out.",
                         "`protocol` in the provider's config names none that voicedb speaks");
    return VDB_OK;
}

/* Vectors of one model cut to different lengths are not comparable, so each length is a model of its own. */
static vdb_status make_label(reader *r, vdb_error *error)
{
    remote_config *c = r->config;
    c->label = c->dimensions == 0 ? c->model : arena_printf(r->memory, "%s@%d", c->model, c->dimensions);
    return c->label == NULL ? error_memory(error) : VDB_OK;
}

static vdb_status check_format(reader *r, vdb_error *error)
{
    const char *format;
    vdb_status status = read_string(r, "encoding_format", &format, error);
    if (status == VDB_OK && format != NULL && strcmp(format, "float") != 0)
        status = error_set(error, VDB_BAD_INPUT, "Set it to \"float\" in the provider's config, or leave it out.",
                           "`encoding_format` in the provider's config can only be \"float\"");
    return status;
}

static vdb_status read_members(reader *r, const char *provider_name, vdb_error *error)
{
    const char *base_url;
    r->config->provider_name = arena_copy_string(r->memory, provider_name);
    vdb_status status = r->config->provider_name == NULL ? error_memory(error) : read_model(r, error);
    if (status == VDB_OK)
        status = read_api_key(r, error);
    if (status == VDB_OK)
        status = read_string(r, "base_url", &base_url, error);
    if (status == VDB_OK)
        status = read_protocol(r, provider_name, base_url, error);
    if (status == VDB_OK)
        status = read_url(r, base_url, error);
    if (status == VDB_OK)
        status = read_numbers(r, error);
    if (status == VDB_OK)
        status = read_price(r, error);
    if (status == VDB_OK)
        status = make_label(r, error);
    return status == VDB_OK ? check_format(r, error) : status;
}

/*
 * Members that are not ours are left alone: the row's config is also read by FusionPBX's pages and by call scripts,
 * which keep a label, a price or a voice in it.
 */
vdb_status remote_config_read(arena *memory, const char *provider_name, const char *config, remote_config *c,
                              vdb_error *error)
{
    json_t *object = json_parse_object(config, "the provider's config", error);
    if (object == NULL)
        return VDB_BAD_INPUT;
    reader r = { .memory = memory, .object = object, .config = c };
    vdb_status status = read_members(&r, provider_name, error);
    json_decref(object);
    return status;
}
