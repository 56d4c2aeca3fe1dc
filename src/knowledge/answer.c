#include "knowledge/answer.h"

#include "base/text.h"

#include <ctype.h>
#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char hint_server[] =
    "Check that `base_url` and `model` in the provider's config name an embeddings server.";
static const char hint_length[] =
    "Correct `dimensions` in the provider's config, or leave it out for a server that does not know it.";
static const char hint_too_long[] =
    "Set \"dimensions\": 1536 in the provider's config, which OpenAI's text-embedding-3-large "
    "takes, or choose a model with shorter vectors.";

static vdb_status check_length(size_t length, int expected, vdb_error *error)
{
    if (length == 0)
        return error_set(error, VDB_PROVIDER, hint_server, "the embeddings provider gave a vector without numbers");
    if (expected != 0 && length != (size_t)expected)
        return error_set(error, VDB_PROVIDER, hint_length,
                         "the embeddings provider gave a vector of %zu numbers where %d were expected", length,
                         expected);
    if (length > VDB_DIMENSIONS)
        return error_set(error, VDB_BAD_INPUT, hint_too_long,
                         "the embeddings provider gave a vector of %zu numbers, more than %d", length, VDB_DIMENSIONS);
    return VDB_OK;
}

/* Scales to length 1: some servers do and some do not, and sums of squares of far larger or smaller floats overflow. */
static vdb_status read_numbers(const json_t *numbers, float *vector, vdb_error *error)
{
    size_t length = json_array_size(numbers);
    double squares = 0;
    for (size_t i = 0; i < length; i++) {
        const json_t *number = json_array_get(numbers, i);
        double value = json_number_value(number);
        if (!json_is_number(number) || !(fabs(value) <= FLT_MAX))
            return error_set(error, VDB_PROVIDER, hint_server,
                             "the embeddings provider gave a vector whose number %zu is no finite number", i + 1);
        vector[i] = (float)value;
        squares += (double)vector[i] * (double)vector[i];
    }
    if (squares == 0)
        return error_set(error, VDB_PROVIDER, hint_server, "the embeddings provider gave a vector of zeros");
    double scale = 1 / sqrt(squares);
    for (size_t i = 0; i < length; i++)
        vector[i] = (float)(vector[i] * scale);
    memset(vector + length, 0, (VDB_DIMENSIONS - length) * sizeof *vector);
    return VDB_OK;
}

/* The member that a path of names leads to; NULL: there is none. */
static const json_t *find_member(const json_t *object, const char *path)
{
    while (object != NULL && *path != '\0') {
        size_t length = strcspn(path, ".");
        object = json_object_getn(object, path, length);
        path += length + (path[length] == '.' ? 1 : 0);
    }
    return object;
}

/* Which text an item belongs to, and its numbers. */
static vdb_status open_item(const json_t *item, size_t count, bool *seen, size_t *at, const json_t **numbers,
                            vdb_error *error)
{
    const json_t *index = json_object_get(item, "index");
    json_int_t place = json_integer_value(index);
    if (!json_is_integer(index) || place < 0 || (size_t)place >= count || seen[place])
        return error_set(error, VDB_PROVIDER, hint_server,
                         "the embeddings provider gave a vector whose index is missing, doubled or out of range");
    seen[place] = true;
    *at = (size_t)place;
    *numbers = json_object_get(item, "embedding");
    return VDB_OK;
}

static vdb_status read_vector(const json_t *numbers, float *vector, int *dimensions, vdb_error *error)
{
    if (!json_is_array(numbers))
        return error_set(error, VDB_PROVIDER, hint_server,
                         "the embeddings provider gave a vector that is no array of numbers");
    vdb_status status = check_length(json_array_size(numbers), *dimensions, error);
    if (status != VDB_OK)
        return status;
    *dimensions = (int)json_array_size(numbers);
    return read_numbers(numbers, vector, error);
}

/* As many items as texts, and no index twice: so every text has its vector. */
static vdb_status read_items(const answer_shape *shape, const json_t *items, size_t count, float *vectors,
                             int *dimensions, vdb_error *error)
{
    if (!json_is_array(items))
        return error_set(error, VDB_PROVIDER, hint_server, "the embeddings provider's answer has no array `%s`",
                         shape->items);
    if (json_array_size(items) != count)
        return error_set(error, VDB_PROVIDER, hint_server, "the embeddings provider gave %zu vectors for %zu texts",
                         json_array_size(items), count);
    bool *seen = calloc(count + 1, sizeof *seen);
    if (seen == NULL)
        return error_memory(error);
    int length = *dimensions;
    vdb_status status = VDB_OK;
    for (size_t i = 0; status == VDB_OK && i < count; i++) {
        size_t at = i;
        const json_t *numbers = json_array_get(items, i);
        if (shape->indexed)
            status = open_item(numbers, count, seen, &at, &numbers, error);
        if (status == VDB_OK)
            status = read_vector(numbers, vectors + at * VDB_DIMENSIONS, &length, error);
    }
    free(seen);
    if (status == VDB_OK)
        *dimensions = length;
    return status;
}

vdb_status answer_vectors(const answer_shape *shape, const char *bytes, size_t length, size_t count, float *vectors,
                          int *dimensions, int64_t *tokens, vdb_error *error)
{
    json_error_t reason;
    json_t *answer = json_loadb(bytes, length, 0, &reason);
    if (answer == NULL && json_error_code(&reason) == json_error_out_of_memory)
        return error_memory(error);
    if (answer == NULL)
        return error_set(error, VDB_PROVIDER, hint_server,
                         "the embeddings provider's answer of %zu bytes is not JSON (line %d, column %d)", length,
                         reason.line, reason.column);
    vdb_status status = read_items(shape, find_member(answer, shape->items), count, vectors, dimensions, error);
    const json_t *counted = find_member(answer, shape->tokens);
    if (status == VDB_OK)
        *tokens = json_is_number(counted) && json_number_value(counted) >= 0 && json_number_value(counted) < 1e15
                      ? (int64_t)json_number_value(counted)
                      : -1;
    json_decref(answer);
    return status;
}

static void append_words(buffer *b, const char *text, size_t length)
{
    bool space = false;
    size_t start = b->length;
    for (size_t i = 0; i < length; i++) {
        if (isspace((unsigned char)text[i]) || text[i] == '\0') {
            space = true;
            continue;
        }
        if (space && b->length > start)
            buffer_append(b, " ", 1);
        space = false;
        buffer_append(b, text + i, 1);
    }
}

/*
 * {"error": {"message": …}} of OpenAI, vLLM and llama.cpp, {"error": …} of LM Studio and Ollama, {"message": …} of
 * older vLLM and Cohere, {"detail": …} of FastAPI and Voyage.
 */
static const json_t *find_reason(const json_t *answer)
{
    const json_t *error = json_object_get(answer, "error");
    const json_t *candidates[] = { json_object_get(error, "message"), error, json_object_get(answer, "message"),
                                   json_object_get(answer, "detail") };
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        if (json_is_string(candidates[i]))
            return candidates[i];
    }
    return NULL;
}

void answer_reason(const char *bytes, size_t length, buffer *reason)
{
    json_t *answer = json_loadb(bytes, length, JSON_DECODE_ANY, NULL);
    if (answer != NULL) {
        const json_t *words = find_reason(answer);
        if (words != NULL)
            append_words(reason, json_string_value(words), json_string_length(words));
        json_decref(answer);
    } else if (text_is_utf8(bytes, length)) {
        append_words(reason, bytes, length);
    }
}

bool answer_quota_spent(const char *bytes, size_t length)
{
    json_t *answer = json_loadb(bytes, length, 0, NULL);
    const char *code = json_string_value(json_object_get(json_object_get(answer, "error"), "code"));
    bool spent = code != NULL && strcmp(code, "insufficient_quota") == 0;
    json_decref(answer);
    return spent;
}
