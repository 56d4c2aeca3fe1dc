/*
 * What each embedding service is asked and how its answer is read. tests/http/server.py refuses what the service's
 * documentation does not know; the answers at the end have the form of the documentation's own examples.
 */
#include "knowledge/remote.h"

#include "embeddings_server.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

typedef struct service {
    const char *provider;         /* its name, which chooses the protocol */
    const char *base, *path;      /* behind the label, in base_url and in the request */
    const char *key_header, *key; /* what the server must see */
    const char *document, *query; /* bodies of the requests for two texts, as JSON */
    const char *items;            /* where its vectors are */
} service;

static const service services[] = {
    { "openai", "/v1", "/v1/embeddings", "authorization", "Bearer sk-1",
      "{\"input\": [\"[3, 4]\", \"[0, -2]\"], \"model\": \"m\", \"encoding_format\": \"float\", \"dimensions\": 2}",
      "{\"input\": [\"[3, 4]\", \"[0, -2]\"], \"model\": \"m\", \"encoding_format\": \"float\", \"dimensions\": 2}",
      "data" },
    { "azure", "", "/openai/deployments/m/embeddings?api-version=2024-10-21", "api-key", "sk-1",
      "{\"input\": [\"[3, 4]\", \"[0, -2]\"], \"encoding_format\": \"float\", \"dimensions\": 2}",
      "{\"input\": [\"[3, 4]\", \"[0, -2]\"], \"encoding_format\": \"float\", \"dimensions\": 2}", "data" },
    { "cohere", "", "/v2/embed", "authorization", "Bearer sk-1",
      "{\"texts\": [\"[3, 4]\", \"[0, -2]\"], \"model\": \"m\", \"input_type\": \"search_document\", "
      "\"embedding_types\": [\"float\"], \"truncate\": \"NONE\", \"output_dimension\": 2}",
      "{\"texts\": [\"[3, 4]\", \"[0, -2]\"], \"model\": \"m\", \"input_type\": \"search_query\", "
      "\"embedding_types\": [\"float\"], \"truncate\": \"NONE\", \"output_dimension\": 2}",
      "embeddings.float" },
    { "voyage", "/v1", "/v1/embeddings", "authorization", "Bearer sk-1",
      "{\"input\": [\"[3, 4]\", \"[0, -2]\"], \"model\": \"m\", \"input_type\": \"document\", \"truncation\": false, "
      "\"output_dimension\": 2}",
      "{\"input\": [\"[3, 4]\", \"[0, -2]\"], \"model\": \"m\", \"input_type\": \"query\", \"truncation\": false, "
      "\"output_dimension\": 2}",
      "data" },
    { "ollama", "", "/api/embed", "authorization", "Bearer sk-1",
      "{\"input\": [\"[3, 4]\", \"[0, -2]\"], \"model\": \"m\", \"truncate\": false, \"dimensions\": 2}",
      "{\"input\": [\"[3, 4]\", \"[0, -2]\"], \"model\": \"m\", \"truncate\": false, \"dimensions\": 2}",
      "embeddings" },
};

static char path[256]; /* of the client made last */
static float vectors[4 * VDB_DIMENSIONS];

/* `members` begins with a comma, or is empty. */
static remote *client(const service *s, const char *scenario, const char *members)
{
    static int label;
    char config[1024];
    int room = snprintf(path, sizeof path, "/%s/%s-%d", scenario, s->provider, ++label);
    snprintf(config, sizeof config,
             "{\"base_url\": \"http://127.0.0.1:%d%s%s\", \"model\": \"m\", \"api_key\": \"sk-1\"%s}", server.port,
             path, s->base, members);
    snprintf(path + room, sizeof path - (size_t)room, "%s", s->path);
    remote *r = NULL;
    vdb_error error = { 0 };
    if (remote_new(s->provider, config, &r, &error) != VDB_OK)
        fail_msg("%s: %s", config, error.message);
    return r;
}

static vdb_status embed(remote *r, embed_kind kind, int *dimensions, vdb_error *error)
{
    static const char *const texts[] = { "[3, 4]", "[0, -2]" };
    return remote_embed(r, kind, texts, 2, vectors, dimensions, error);
}

static void assert_sent(const json_t *request, const service *s, const char *expected)
{
    json_t *body = json_loads(expected, 0, NULL);
    assert_non_null(body);
    assert_true(json_equal(json_object_get(request, "body"), body));
    assert_string_equal(sent_string(request, "headers", s->key_header), s->key);
    json_decref(body);
}

static void questions_and_documents_are_asked_for_as_documented(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(services); i++) {
        remote *r = client(&services[i], "good", ", \"dimensions\": 2");
        vdb_error error = { 0 };
        for (int kind = EMBED_DOCUMENT; kind <= EMBED_QUERY; kind++) {
            int dimensions;
            memset(vectors, 0x7F, sizeof vectors);
            if (embed(r, (embed_kind)kind, &dimensions, &error) != VDB_OK)
                fail_msg("%s: %s", services[i].provider, error.message);
            assert_int_equal(dimensions, 2);
            assert_true(fabs(vectors[0] - 0.6) < 1e-6 && fabs(vectors[1] - 0.8) < 1e-6 && vectors[2] == 0);
            assert_true(vectors[VDB_DIMENSIONS] == 0 && vectors[VDB_DIMENSIONS + 1] == -1);
        }
        json_t *sent = requests_to(path, 2);
        assert_sent(json_array_get(sent, 0), &services[i], services[i].document);
        assert_sent(json_array_get(sent, 1), &services[i], services[i].query);
        json_decref(sent);
        remote_free(r);
    }
}

static void what_the_service_counted_is_summed_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(services); i++) {
        remote *r = client(&services[i], "good", ", \"batch_size\": 1");
        int dimensions;
        assert_int_equal(embed(r, EMBED_DOCUMENT, &dimensions, NULL), VDB_OK);
        embed_usage usage = remote_usage(r);
        assert_int_equal(usage.requests, 2);
        assert_int_equal(usage.texts, 2);
        assert_int_equal(usage.tokens, 4); /* the server counts words */
        remote_free(r);
    }
}

static void nonsense_of_any_service_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *scenario, *message;
        vdb_status status;
    } faults[] = {
        { "missing", "1 vectors for 2 texts", VDB_PROVIDER },
        { "surplus", "3 vectors for 2 texts", VDB_PROVIDER },
        { "uneven", "1 numbers where 2 were expected", VDB_PROVIDER },
        { "nan", "not JSON", VDB_PROVIDER },
        { "null", "no finite number", VDB_PROVIDER },
        { "zeros", "vector of zeros", VDB_PROVIDER },
        { "long", "3072 numbers, more than 1536", VDB_BAD_INPUT },
        { "status/401", "answered 401: As you wished", VDB_PROVIDER },
        { "status/429", "answered 429: As you wished", VDB_PROVIDER },
        { "status/500", "answered 500: As you wished", VDB_PROVIDER },
        { "cut", "broke off its answer", VDB_PROVIDER },
        { "stall", "did not answer in time", VDB_PROVIDER },
        { "not-json", "not JSON", VDB_PROVIDER },
    };
    for (size_t i = 0; i < COUNT(services); i++) {
        for (size_t k = 0; k < COUNT(faults); k++) {
            remote *r = client(&services[i], faults[k].scenario, ", \"max_retries\": 0, \"timeout_ms\": 1000");
            int dimensions;
            vdb_error error = { 0 };
            assert_int_equal(embed(r, EMBED_DOCUMENT, &dimensions, &error), faults[k].status);
            assert_contains(error.message, faults[k].message);
            assert_true(error.hint[0] != '\0');
            assert_null(strstr(error.detail, "sk-1"));
            remote_free(r);
        }
    }
}

static void an_answer_without_vectors_names_what_is_missing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(services); i++) {
        char message[64];
        remote *r = client(&services[i], "error-200", "");
        int dimensions;
        vdb_error error = { 0 };
        assert_int_equal(embed(r, EMBED_QUERY, &dimensions, &error), VDB_PROVIDER);
        snprintf(message, sizeof message, "no array `%s`", services[i].items);
        assert_contains(error.message, message);
        remote_free(r);
    }
}

static void requests_keep_to_the_limits_of_the_service(void **state)
{
    (void)state;
    static const struct {
        const char *provider;
        int most;
    } limits[] = { { "openai", 2048 }, { "azure", 2048 }, { "cohere", 96 }, { "voyage", 1000 } };
    for (size_t i = 0; i < COUNT(limits); i++) {
        for (int beyond = 0; beyond <= 1; beyond++) {
            char config[128];
            remote *r = NULL;
            snprintf(config, sizeof config, "{\"model\": \"m\", \"base_url\": \"http://h\", \"batch_size\": %d}",
                     limits[i].most + beyond);
            assert_int_equal(remote_new(limits[i].provider, config, &r, NULL), beyond == 0 ? VDB_OK : VDB_BAD_INPUT);
            remote_free(r);
        }
    }
}

/* 120000 tokens in one request are what Voyage takes; two bytes a token is more than a text has. */
static void long_texts_go_in_requests_of_their_own(void **state)
{
    (void)state;
    enum { LENGTH = 100000 };
    static const size_t sizes[] = { 2, 1 };
    static char text[LENGTH + 1];
    memset(text, 'a', LENGTH);
    const char *texts[] = { text, text, text };
    const service *voyage = &services[3];
    remote *r = client(voyage, "good", "");
    int dimensions;
    assert_int_equal(remote_embed(r, EMBED_DOCUMENT, texts, COUNT(texts), vectors, &dimensions, NULL), VDB_OK);
    json_t *sent = requests_to(path, COUNT(sizes));
    for (size_t i = 0; i < COUNT(sizes); i++) {
        const json_t *body = json_object_get(json_array_get(sent, i), "body");
        assert_int_equal(json_array_size(json_object_get(body, "input")), sizes[i]);
    }
    json_decref(sent);
    remote_free(r);
}

/* ---- which protocol, and where ----------------------------------------------------------------------------------- */

static void name_and_address_choose_the_protocol(void **state)
{
    (void)state;
    static const struct {
        const char *provider, *members, *url;
    } choices[] = {
        { "openai", "", "https://api.openai.com/v1/embeddings" },
        { "anything", "", "https://api.openai.com/v1/embeddings" },
        { "cohere", "", "https://api.cohere.com/v2/embed" },
        { "cohere", ", \"base_url\": \"https://api.cohere.ai/compatibility/v1\"",
          "https://api.cohere.ai/compatibility/v1/embeddings" },
        { "voyage", "", "https://api.voyageai.com/v1/embeddings" },
        { "ollama", "", "http://127.0.0.1:11434/api/embed" },
        { "ollama", ", \"base_url\": \"http://127.0.0.1:11434/v1/\"", "http://127.0.0.1:11434/v1/embeddings" },
        { "ollama", ", \"base_url\": \"http://10.0.0.5:11434\"", "http://10.0.0.5:11434/api/embed" },
        { "mine", ", \"protocol\": \"ollama\"", "http://127.0.0.1:11434/api/embed" },
        { "azure-openai", ", \"base_url\": \"https://clinica.openai.azure.com/\"",
          "https://clinica.openai.azure.com/openai/deployments/m/embeddings?api-version=2024-10-21" },
        { "azure",
          ", \"base_url\": \"https://clinica.openai.azure.com\", \"deployment\": \"small-3\", "
          "\"api_version\": \"2025-04-01-preview\"",
          "https://clinica.openai.azure.com/openai/deployments/small-3/embeddings?api-version=2025-04-01-preview" },
        { "azure", ", \"base_url\": \"https://clinica.openai.azure.com/openai/v1\"",
          "https://clinica.openai.azure.com/openai/v1/embeddings" },
    };
    for (size_t i = 0; i < COUNT(choices); i++) {
        char config[512];
        remote *r = NULL;
        snprintf(config, sizeof config, "{\"model\": \"m\"%s}", choices[i].members);
        assert_int_equal(remote_new(choices[i].provider, config, &r, NULL), VDB_OK);
        assert_string_equal(remote_settings(r)->url, choices[i].url);
        assert_string_equal(remote_settings(r)->label, "m");
        remote_free(r);
    }
}

static void a_choice_that_cannot_be_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *members, *message;
    } refused[] = {
        { "\"protocol\": \"soap\"", "`protocol`" },
        { "\"protocol\": 3", "`protocol`" },
        { "\"protocol\": \"azure\"", "`base_url` is missing" },
        { "\"protocol\": \"azure\", \"base_url\": \"https://h\", \"deployment\": \"a/b\"", "`deployment`" },
        { "\"protocol\": \"azure\", \"base_url\": \"https://h\", \"api_version\": \"1&x=2\"", "`api_version`" },
        { "\"protocol\": \"cohere\", \"batch_size\": 97", "from 1 to 96" },
    };
    for (size_t i = 0; i < COUNT(refused); i++) {
        char config[256];
        remote *r = NULL;
        vdb_error error = { 0 };
        snprintf(config, sizeof config, "{\"model\": \"m\", %s}", refused[i].members);
        assert_int_equal(remote_new("mine", config, &r, &error), VDB_BAD_INPUT);
        assert_contains(error.message, refused[i].message);
        assert_true(error.hint[0] >= 'A' && error.hint[0] <= 'Z');
    }
}

/* ---- answers as documented --------------------------------------------------------------------------------------- */

static void documented_answers_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *protocol, *answer;
        size_t count;
        int64_t tokens;
    } answers[] = {
        { "openai",
          "{\"object\": \"list\", \"data\": [{\"object\": \"embedding\", \"embedding\": [0.0023064255, -0.009327292, "
          "-0.0028842222], \"index\": 0}], \"model\": \"text-embedding-ada-002\", \"usage\": {\"prompt_tokens\": 8, "
          "\"total_tokens\": 8}}",
          1, 8 },
        { "azure",
          "{\"object\": \"list\", \"data\": [{\"object\": \"embedding\", \"index\": 0, \"embedding\": "
          "[0.018990106880664825, -0.0073809814639389515, 0.021276434883475304]}], \"model\": "
          "\"text-similarity-ada:001\", \"usage\": {\"prompt_tokens\": 4, \"total_tokens\": 4}}",
          1, 4 },
        { "cohere",
          "{\"id\": \"da6e531f-54c5-4a73-bf92-f60566d8d753\", \"embeddings\": {\"float\": [[0.016296387, -0.008354187, "
          "-0.04699707], [0.04663086, -0.023239136, 0.008163452]]}, \"texts\": [\"hello\", \"goodbye\"], "
          "\"response_type\": \"embeddings_by_type\", \"meta\": {\"api_version\": {\"version\": \"2\", "
          "\"is_experimental\": true}, \"billed_units\": {\"input_tokens\": 2}, \"warnings\": [\"experimental\"]}}",
          2, 2 },
        { "voyage",
          "{\"object\": \"list\", \"data\": [{\"object\": \"embedding\", \"embedding\": [-0.013131560757756233, "
          "0.019828535616397858, 0.01], \"index\": 0}, {\"object\": \"embedding\", \"embedding\": "
          "[-0.0069352793507277966, 0.020878976210951805, 0.02], \"index\": 1}], \"model\": \"voyage-3-large\", "
          "\"usage\": {\"total_tokens\": 10}}",
          2, 10 },
        { "ollama",
          "{\"model\": \"all-minilm\", \"embeddings\": [[0.010071029, -0.0017594862, 0.05007221]], "
          "\"total_duration\": 14143917, \"load_duration\": 1019500, \"prompt_eval_count\": 8}",
          1, 8 },
        { "ollama",
          "{\"model\": \"all-minilm\", \"embeddings\": [[0.010071029, -0.0017594862, 0.05007221], [-0.0098027075, "
          "0.06042469, 0.025257962]]}",
          2, -1 },
    };
    for (size_t i = 0; i < COUNT(answers); i++) {
        const protocol *p = protocol_find(answers[i].protocol);
        int dimensions = 0;
        int64_t tokens = -2;
        assert_int_equal(answer_vectors(&p->answer, answers[i].answer, strlen(answers[i].answer), answers[i].count,
                                        vectors, &dimensions, &tokens, NULL),
                         VDB_OK);
        assert_int_equal(dimensions, 3);
        assert_int_equal(tokens, answers[i].tokens);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_and_documents_are_asked_for_as_documented),
        cmocka_unit_test(what_the_service_counted_is_summed_up),
        cmocka_unit_test(nonsense_of_any_service_is_refused),
        cmocka_unit_test(an_answer_without_vectors_names_what_is_missing),
        cmocka_unit_test(requests_keep_to_the_limits_of_the_service),
        cmocka_unit_test(long_texts_go_in_requests_of_their_own),
        cmocka_unit_test(name_and_address_choose_the_protocol),
        cmocka_unit_test(a_choice_that_cannot_be_is_refused),
        cmocka_unit_test(documented_answers_are_read),
    };
    return cmocka_run_group_tests(tests, start_embeddings_server, stop_embeddings_server);
}
