/* Embeddings over HTTP, in OpenAI's protocol, against tests/http/server.py on 127.0.0.1: every failure is one that a
 * real socket had. */
#include "knowledge/remote.h"

#include "embeddings_server.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { MOST_TEXTS = 100 };

/* ---- a client, and what the server saw of it --------------------------------------------------------------------- */

static char path[256]; /* of the client made last: no other has it */

/* `members` begins with a comma, or is empty. */
static remote *client_at(int port, const char *scenario, const char *members)
{
    static int label;
    char config[1024];
    snprintf(path, sizeof path, "/%s/l%d/v1/embeddings", scenario, ++label);
    snprintf(config, sizeof config, "{\"base_url\": \"http://127.0.0.1:%d%.*s/\", \"model\": \"test-model\"%s}", port,
             (int)(strlen(path) - strlen("/embeddings")), path, members);
    remote *o = NULL;
    vdb_error error = { 0 };
    if (remote_new("server", config, &o, &error) != VDB_OK)
        fail_msg("%s: %s (%s)", config, error.message, error.detail);
    return o;
}

static remote *client(const char *scenario, const char *members)
{
    return client_at(server.port, scenario, members);
}

static json_t *requests(size_t count)
{
    return requests_to(path, count);
}

static void assert_requests(size_t count)
{
    json_decref(requests(count));
}

/* Seconds from the first to the second request of the last client. */
static double seconds_between(const json_t *sent)
{
    return json_real_value(json_object_get(json_array_get(sent, 1), "time")) -
           json_real_value(json_object_get(json_array_get(sent, 0), "time"));
}

static float vectors[MOST_TEXTS * VDB_DIMENSIONS];
static int dimensions;

static vdb_status embed(remote *o, size_t count, vdb_error *error)
{
    static const char *const texts[] = { "[3, 4]", "[0, -2]", "[5, 12]", "[8, 15]", "[-1, 0]" };
    memset(vectors, 0x7F, sizeof vectors);
    dimensions = -1;
    return remote_embed(o, EMBED_DOCUMENT, texts, count, vectors, &dimensions, error);
}

static void assert_vector(size_t at, double first, double second)
{
    const float *vector = vectors + at * VDB_DIMENSIONS;
    assert_true(fabs(vector[0] - first) < 1e-6);
    assert_true(fabs(vector[1] - second) < 1e-6);
    for (size_t i = 2; i < VDB_DIMENSIONS; i++)
        assert_true(vector[i] == 0);
}

/* Embeds the first two texts and checks them. */
static void assert_good(remote *o)
{
    vdb_error error = { 0 };
    if (embed(o, 2, &error) != VDB_OK)
        fail_msg("%s; %s; %s", path, error.message, error.detail);
    assert_int_equal(dimensions, 2);
    assert_vector(0, 0.6, 0.8);
    assert_vector(1, 0, -1);
}

/* Embeds two texts, which must fail, and checks what every such error has. */
static vdb_error assert_fails(remote *o, vdb_status status)
{
    vdb_error error = { 0 };
    assert_int_equal(embed(o, 2, &error), status);
    assert_int_equal(error.status, status);
    assert_int_equal(dimensions, -1);
    assert_true(error.message[0] != '\0' && error.hint[0] >= 'A' && error.hint[0] <= 'Z');
    assert_contains(error.detail, "POST http://127.0.0.1:");
    assert_contains(error.detail, "model test-model");
    return error;
}

/* ---- config ------------------------------------------------------------------------------------------------------ */

static void config_that_cannot_be_used_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *config, *message;
    } refused[] = {
        { "", "not JSON" },
        { "[]", "no object" },
        { "{}", "`model` is missing" },
        { "{\"model\": null}", "`model` is missing" },
        { "{\"model\": \"\"}", "`model` is missing" },
        { "{\"model\": 3}", "`model` in the provider's config must be a string" },
        { "{\"model\": \"m\", \"api_key\": 3}", "`api_key`" },
        { "{\"model\": \"m\", \"api_key\": \"sk\\r\\nX-Evil: 1\"}", "`api_key`" },
        { "{\"model\": \"m\", \"api_key\": \"sk space\"}", "`api_key`" },
        { "{\"model\": \"m\", \"api_key\": \"ção\"}", "`api_key`" },
        { "{\"model\": \"m\", \"base_url\": 3}", "`base_url`" },
        { "{\"model\": \"m\", \"base_url\": \"127.0.0.1:80/v1\"}", "`base_url`" },
        { "{\"model\": \"m\", \"base_url\": \"file:///etc/passwd\"}", "`base_url`" },
        { "{\"model\": \"m\", \"base_url\": \"ftp://h/v1\"}", "`base_url`" },
        { "{\"model\": \"m\", \"base_url\": \"http://\"}", "`base_url`" },
        { "{\"model\": \"m\", \"base_url\": \"http://user:hidden@h/v1\"}", "`base_url`" },
        { "{\"model\": \"m\", \"base_url\": \"http://h/v1?key=hidden\"}", "`base_url`" },
        { "{\"model\": \"m\", \"base_url\": \"http://h/v1#hidden\"}", "`base_url`" },
        { "{\"model\": \"m\", \"base_url\": \"http://h h/v1\"}", "`base_url`" },
        { "{\"model\": \"m\", \"dimensions\": 0}",
          "`dimensions` in the provider's config must be a whole number from 1" },
        { "{\"model\": \"m\", \"dimensions\": 1537}", "from 1 to 1536" },
        { "{\"model\": \"m\", \"dimensions\": \"256\"}", "`dimensions`" },
        { "{\"model\": \"m\", \"dimensions\": 256.0}", "`dimensions`" },
        { "{\"model\": \"m\", \"timeout_ms\": 0}", "`timeout_ms`" },
        { "{\"model\": \"m\", \"timeout_ms\": 600001}", "`timeout_ms`" },
        { "{\"model\": \"m\", \"connect_timeout_ms\": -1}", "`connect_timeout_ms`" },
        { "{\"model\": \"m\", \"max_retries\": 11}", "`max_retries`" },
        { "{\"model\": \"m\", \"max_retries\": true}", "`max_retries`" },
        { "{\"model\": \"m\", \"batch_size\": 0}", "`batch_size`" },
        { "{\"model\": \"m\", \"batch_size\": 2049}", "`batch_size`" },
        { "{\"model\": \"m\", \"batch_size\": 9223372036854775807}", "`batch_size`" },
        { "{\"model\": \"m\", \"encoding_format\": \"base64\"}", "`encoding_format`" },
        { "{\"api_key\": \"hidden\", \"model\": \"m\"", "not JSON" },
        { "{\"model\": \"m\", \"api_key\": \"hidden\" \"hidden\"}", "not JSON" },
    };
    for (size_t i = 0; i < COUNT(refused); i++) {
        remote *o = NULL;
        vdb_error error = { 0 };
        assert_int_equal(remote_new("server", refused[i].config, &o, &error), VDB_BAD_INPUT);
        assert_null(o);
        assert_contains(error.message, refused[i].message);
        assert_true(error.hint[0] != '\0');
        assert_null(strstr(error.message, "hidden"));
        assert_null(strstr(error.detail, "hidden"));
    }
    remote *o = NULL;
    assert_int_equal(remote_new("server", "{}", &o, NULL), VDB_BAD_INPUT);
}

static void model_may_be_95_bytes_long(void **state)
{
    (void)state;
    char config[256];
    vdb_error error = { 0 };
    remote *o = NULL;
    snprintf(config, sizeof config, "{\"model\": \"%095d\"}", 0);
    assert_int_equal(remote_new("server", config, &o, &error), VDB_OK);
    assert_int_equal(strlen(remote_settings(o)->label), 95);
    remote_free(o);
    snprintf(config, sizeof config, "{\"model\": \"%096d\"}", 0);
    assert_int_equal(remote_new("server", config, &o, &error), VDB_BAD_INPUT);
    assert_contains(error.message, "longer than 95 bytes");
    remote_free(NULL);
}

static void a_model_cut_to_a_length_is_a_model_of_its_own(void **state)
{
    (void)state;
    remote *o = NULL;
    assert_int_equal(remote_new("server", "{\"model\": \"m\", \"dimensions\": 256}", &o, NULL), VDB_OK);
    assert_string_equal(remote_settings(o)->label, "m@256");
    remote_free(o);
}

static void members_of_others_and_null_are_ignored(void **state)
{
    (void)state;
    remote *o = client("good", ", \"label\": {\"a\": [1]}, \"voice\": 3, \"dimensions\": null, \"timeout_ms\": null, "
                               "\"api_key\": \"\", \"encoding_format\": \"float\"");
    assert_string_equal(remote_settings(o)->label, "test-model");
    assert_good(o);
    json_t *sent = requests(1);
    assert_null(sent_string(json_array_get(sent, 0), "headers", "authorization"));
    json_decref(sent);
    remote_free(o);
}

/* ---- requests and good answers ----------------------------------------------------------------------------------- */

static void request_is_as_the_protocol_wants_it(void **state)
{
    (void)state;
    remote *o = client("good", ", \"api_key\": \"sk-test-1\"");
    const char *texts[] = { "Não fecha às \"18h\"?", "line\nbreak" };
    vdb_error error = { 0 };
    assert_int_equal(remote_embed(o, EMBED_DOCUMENT, texts, 2, vectors, &dimensions, &error), VDB_OK);
    assert_int_equal(dimensions, 8);

    json_t *sent = requests(1);
    const json_t *first = json_array_get(sent, 0);
    assert_string_equal(sent_string(first, "headers", "content-type"), "application/json");
    assert_string_equal(sent_string(first, "headers", "authorization"), "Bearer sk-test-1");
    assert_string_equal(sent_string(first, "headers", "user-agent"), "voicedb/" VOICEDB_VERSION);
    assert_null(sent_string(first, "headers", "expect"));
    json_t *expected =
        json_pack("{s:s,s:[s,s],s:s}", "model", "test-model", "input", texts[0], texts[1], "encoding_format", "float");
    assert_true(json_equal(json_object_get(first, "body"), expected));
    json_decref(expected);
    json_decref(sent);
    remote_free(o);
}

static void vectors_are_in_the_order_of_the_texts(void **state)
{
    (void)state;
    static const char *const scenarios[] = { "good", "shuffled" };
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        remote *o = client(scenarios[i], "");
        vdb_error error = { 0 };
        assert_int_equal(embed(o, 5, &error), VDB_OK);
        assert_vector(0, 0.6, 0.8);
        assert_vector(1, 0, -1);
        assert_vector(2, 5.0 / 13, 12.0 / 13);
        assert_vector(3, 8.0 / 17, 15.0 / 17);
        assert_vector(4, -1, 0);
        remote_free(o);
    }
}

static void dimensions_are_sent_and_checked(void **state)
{
    (void)state;
    remote *o = client("good", ", \"dimensions\": 1536");
    const char *texts[] = { "um", "dois" };
    vdb_error error = { 0 };
    assert_int_equal(remote_embed(o, EMBED_DOCUMENT, texts, 2, vectors, &dimensions, &error), VDB_OK);
    assert_int_equal(dimensions, 1536);
    json_t *sent = requests(1);
    const json_t *body = json_object_get(json_array_get(sent, 0), "body");
    assert_int_equal(json_integer_value(json_object_get(body, "dimensions")), 1536);
    json_decref(sent);
    remote_free(o);

    o = client("short", ", \"dimensions\": 16");
    assert_int_equal(remote_embed(o, EMBED_DOCUMENT, texts, 2, vectors, &dimensions, &error), VDB_PROVIDER);
    assert_contains(error.message, "15 numbers where 16 were expected");
    assert_contains(error.hint, "`dimensions`");
    remote_free(o);
}

static void texts_go_in_batches_over_one_connection(void **state)
{
    (void)state;
    static const size_t sizes[] = { 2, 2, 1, 2 };
    remote *o = client("shuffled", ", \"batch_size\": 2");
    vdb_error error = { 0 };
    assert_int_equal(embed(o, 5, &error), VDB_OK);
    assert_vector(2, 5.0 / 13, 12.0 / 13);
    assert_vector(4, -1, 0);
    assert_good(o);

    json_t *sent = requests(4);
    const json_t *connection = json_object_get(json_array_get(sent, 0), "connection");
    for (size_t i = 0; i < COUNT(sizes); i++) {
        const json_t *request = json_array_get(sent, i);
        assert_int_equal(json_array_size(json_object_get(json_object_get(request, "body"), "input")), sizes[i]);
        assert_true(json_equal(json_object_get(request, "connection"), connection));
    }
    json_decref(sent);
    remote_free(o);
}

static void batches_of_different_length_are_refused(void **state)
{
    (void)state;
    remote *o = client("good", ", \"batch_size\": 1");
    const char *texts[] = { "[1, 2]", "[1, 2, 3]" };
    vdb_error error = { 0 };
    assert_int_equal(remote_embed(o, EMBED_DOCUMENT, texts, 2, vectors, &dimensions, &error), VDB_PROVIDER);
    assert_contains(error.message, "3 numbers where 2 were expected");
    remote_free(o);
}

static void many_texts_of_full_length_fit(void **state)
{
    (void)state;
    remote *o = client("good", ", \"dimensions\": 1536, \"batch_size\": 64");
    const char *texts[MOST_TEXTS];
    for (size_t i = 0; i < COUNT(texts); i++)
        texts[i] = i % 2 == 0 ? "a mesma frase" : "outra";
    vdb_error error = { 0 };
    assert_int_equal(remote_embed(o, EMBED_DOCUMENT, texts, COUNT(texts), vectors, &dimensions, &error), VDB_OK);
    size_t size = VDB_DIMENSIONS * sizeof *vectors;
    assert_memory_equal(vectors, vectors + (size_t)98 * VDB_DIMENSIONS, size);
    assert_memory_not_equal(vectors, vectors + (size_t)99 * VDB_DIMENSIONS, size);
    assert_requests(2);
    remote_free(o);
}

/* libcurl would ask for "100 Continue" here, and wait a second where none comes. */
static void large_request_is_sent_without_asking_first(void **state)
{
    (void)state;
    enum { LENGTH = 2 << 20 };
    remote *o = client("good", "");
    char *text = malloc(LENGTH + 1);
    assert_non_null(text);
    memset(text, 'a', LENGTH);
    text[LENGTH] = '\0';
    const char *texts[] = { text };
    vdb_error error = { 0 };
    assert_int_equal(remote_embed(o, EMBED_DOCUMENT, texts, 1, vectors, &dimensions, &error), VDB_OK);
    free(text);
    json_t *sent = requests(1);
    assert_null(sent_string(json_array_get(sent, 0), "headers", "expect"));
    json_decref(sent);
    remote_free(o);
}

static void nothing_is_sent_for_no_text_or_a_bad_one(void **state)
{
    (void)state;
    remote *o = client("good", "");
    vdb_error error = { 0 };
    const char *texts[] = { "fine", "not \xFF UTF-8" };
    assert_int_equal(remote_embed(o, EMBED_DOCUMENT, NULL, 0, vectors, &dimensions, &error), VDB_OK);
    assert_int_equal(dimensions, 0);
    assert_int_equal(remote_embed(o, EMBED_DOCUMENT, texts, 2, vectors, &dimensions, &error), VDB_BAD_INPUT);
    assert_contains(error.message, "not UTF-8");
    assert_requests(0);
    remote_free(o);
}

static void *embed_in_a_thread(void *count)
{
    char config[128];
    snprintf(config, sizeof config, "{\"base_url\": \"http://127.0.0.1:%d/good/v1\", \"model\": \"m\"}", server.port);
    const char *texts[] = { "[3, 4]" };
    float *vector = calloc(VDB_DIMENSIONS, sizeof *vector);
    remote *o = NULL;
    int numbers = 0;
    bool good = vector != NULL && remote_new("server", config, &o, NULL) == VDB_OK &&
                remote_embed(o, EMBED_DOCUMENT, texts, 1, vector, &numbers, NULL) == VDB_OK && numbers == 2;
    remote_free(o);
    free(vector);
    *(bool *)count = good;
    return NULL;
}

static void threads_have_clients_of_their_own(void **state)
{
    (void)state;
    pthread_t threads[4];
    bool good[COUNT(threads)] = { false };
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, embed_in_a_thread, &good[i]), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        pthread_join(threads[i], NULL);
        assert_true(good[i]);
    }
}

/* ---- retries ----------------------------------------------------------------------------------------------------- */

static void passing_failures_are_retried(void **state)
{
    (void)state;
    static const struct {
        const char *scenario, *members;
        size_t tries;
    } passing[] = {
        { "error-twice", "", 3 },
        { "cut-once", "", 2 },
        { "stall-once", ", \"timeout_ms\": 5000", 2 },
    };
    for (size_t i = 0; i < COUNT(passing); i++) {
        remote *o = client(passing[i].scenario, passing[i].members);
        assert_good(o);
        assert_requests(passing[i].tries);
        remote_free(o);
    }
}

static void retry_after_is_waited_out(void **state)
{
    (void)state;
    static const char *const scenarios[] = { "rate-limit", "rate-limit-date" };
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        remote *o = client(scenarios[i], "");
        assert_good(o);
        json_t *sent = requests(2);
        assert_true(seconds_between(sent) >= 1);
        json_decref(sent);
        remote_free(o);
    }
}

static void retry_after_beyond_all_patience_ends_the_call(void **state)
{
    (void)state;
    remote *o = client("rate-limit-hour", "");
    vdb_error error = assert_fails(o, VDB_PROVIDER);
    assert_contains(error.message, "answered 429: Rate limit reached");
    assert_contains(error.detail, "1 try; it asks to wait 3600 s");
    assert_contains(error.hint, "Wait");
    assert_requests(1);
    remote_free(o);
}

static void retries_end(void **state)
{
    (void)state;
    remote *o = client("error-500", ", \"max_retries\": 2");
    vdb_error error = assert_fails(o, VDB_PROVIDER);
    assert_contains(error.message, "answered 500: The server had an error");
    assert_contains(error.detail, "3 tries");
    assert_requests(3);
    remote_free(o);

    o = client("error-500", ", \"max_retries\": 0");
    assert_contains(assert_fails(o, VDB_PROVIDER).detail, "1 try");
    assert_requests(1);
    remote_free(o);
}

static void status_decides_about_a_retry(void **state)
{
    (void)state;
    static const struct {
        int status;
        size_t tries;
        const char *hint;
    } statuses[] = {
        { 400, 1, "`model`" },      { 401, 1, "`api_key`" },  { 402, 1, "`model`" }, { 403, 1, "`api_key`" },
        { 404, 1, "`base_url`" },   { 408, 2, "log" },        { 409, 2, "log" },     { 413, 1, "`batch_size`" },
        { 422, 1, "`dimensions`" }, { 429, 2, "rate limit" }, { 500, 2, "log" },     { 501, 1, "--embeddings" },
        { 502, 2, "log" },          { 503, 2, "log" },        { 504, 2, "log" },     { 529, 2, "log" },
    };
    for (size_t i = 0; i < COUNT(statuses); i++) {
        char scenario[32], message[64];
        snprintf(scenario, sizeof scenario, "status/%d", statuses[i].status);
        snprintf(message, sizeof message, "answered %d: As you wished", statuses[i].status);
        remote *o = client(scenario, ", \"max_retries\": 1");
        vdb_error error = assert_fails(o, VDB_PROVIDER);
        assert_contains(error.message, message);
        assert_contains(error.hint, statuses[i].hint);
        assert_requests(statuses[i].tries);
        remote_free(o);
    }
}

static void transport_failures_are_retried_and_named(void **state)
{
    (void)state;
    static const struct {
        const char *scenario, *members, *message, *hint;
    } failures[] = {
        { "stall", ", \"timeout_ms\": 300, \"max_retries\": 1", "did not answer in time", "Raise `timeout_ms`" },
        { "slow", ", \"timeout_ms\": 500, \"max_retries\": 1", "did not answer in time", "Raise `timeout_ms`" },
        { "cut", ", \"max_retries\": 1", "broke off its answer", "log" },
        { "hang-up", ", \"max_retries\": 1", "broke off the connection", "log" },
    };
    for (size_t i = 0; i < COUNT(failures); i++) {
        remote *o = client(failures[i].scenario, failures[i].members);
        vdb_error error = assert_fails(o, VDB_PROVIDER);
        assert_contains(error.message, failures[i].message);
        assert_contains(error.detail, "2 tries");
        assert_contains(error.hint, failures[i].hint);
        assert_requests(2);
        remote_free(o);
    }
}

static void refused_connection_is_named(void **state)
{
    (void)state;
    remote *o = client_at(server.closed_port, "good", ", \"max_retries\": 1");
    vdb_error error = assert_fails(o, VDB_PROVIDER);
    assert_contains(error.message, "the embeddings provider cannot be reached: ");
    assert_contains(error.detail, "2 tries");
    assert_contains(error.hint, "Start the embeddings server");
    assert_requests(0);
    remote_free(o);
}

/* ---- answers that cannot be used --------------------------------------------------------------------------------- */

static void unusable_answers_are_refused_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *scenario, *message, *detail;
    } answers[] = {
        { "uneven", "1 numbers where 2 were expected", "" },
        { "empty", "vector without numbers", "" },
        { "zeros", "vector of zeros", "" },
        { "nan", "not JSON", "" },
        { "null", "number 2 is no finite number", "" },
        { "string", "number 2 is no finite number", "" },
        { "huge", "number 2 is no finite number", "" },
        { "infinite", "not JSON", "" },
        { "base64", "no array of numbers", "" },
        { "missing", "1 vectors for 2 texts", "" },
        { "surplus", "3 vectors for 2 texts", "" },
        { "duplicate", "index is missing, doubled or out of range", "" },
        { "out-of-range", "index is missing, doubled or out of range", "" },
        { "no-index", "index is missing, doubled or out of range", "" },
        { "error-200", "no array `data`", "it said: Unexpected endpoint or method. (POST /error-200/" },
        { "not-json", "answer of 24 bytes is not JSON", "it said: embeddings, but not JSON" },
        { "nothing", "answer of 0 bytes is not JSON", "" },
        { "quota", "answered 429: You exceeded your current quota", "1 try" },
        { "not-found", "answered 404: model \"test-model\" not found", "" },
    };
    for (size_t i = 0; i < COUNT(answers); i++) {
        remote *o = client(answers[i].scenario, "");
        vdb_error error = assert_fails(o, VDB_PROVIDER);
        assert_contains(error.message, answers[i].message);
        assert_contains(error.detail, answers[i].detail);
        assert_requests(1);
        remote_free(o);
    }
}

static void long_vectors_are_refused_never_cut(void **state)
{
    (void)state;
    remote *o = client("long", "");
    vdb_error error = assert_fails(o, VDB_BAD_INPUT);
    assert_contains(error.message, "3072 numbers, more than 1536");
    assert_contains(error.hint, "\"dimensions\": 1536");
    assert_requests(1);
    remote_free(o);

    o = client("long", ", \"dimensions\": 1536");
    assert_contains(assert_fails(o, VDB_PROVIDER).message, "3072 numbers where 1536 were expected");
    remote_free(o);
}

static void endless_answer_is_cut_short(void **state)
{
    (void)state;
    remote *o = client("endless", "");
    vdb_error error = assert_fails(o, VDB_PROVIDER);
    assert_contains(error.message, "longer than 589824 bytes"); /* 64 KiB and 256 KiB for each of two texts */
    assert_requests(1);
    remote_free(o);
}

static void error_page_is_shown_as_one_line(void **state)
{
    (void)state;
    remote *o = client("html", ", \"max_retries\": 1");
    vdb_error error = assert_fails(o, VDB_PROVIDER);
    assert_contains(error.message, "502: <html> <head><title>502 Bad Gateway</title></head> </html>");
    assert_requests(2);
    remote_free(o);
}

static void redirect_is_not_followed(void **state)
{
    (void)state;
    remote *o = client("redirect", ", \"api_key\": \"sk-test-1\"");
    vdb_error error = assert_fails(o, VDB_PROVIDER);
    assert_contains(error.message, "answered 308: redirect to http://127.0.0.1:");
    assert_contains(error.hint, "Set `base_url`");
    assert_requests(1);
    json_t *followed = read_record("/good/redirected/v1/embeddings");
    assert_int_equal(json_array_size(followed), 0);
    json_decref(followed);
    remote_free(o);
}

/* ---- the key ----------------------------------------------------------------------------------------------------- */

static void assert_key_is_hidden(const char *scenario, const char *key, const char *piece)
{
    char members[128];
    snprintf(members, sizeof members, ", \"max_retries\": 0, \"api_key\": \"%s\"", key);
    remote *o = client(scenario, members);
    vdb_error error = assert_fails(o, VDB_PROVIDER);
    assert_contains(error.message, "***");
    assert_null(strstr(error.message, piece));
    assert_null(strstr(error.detail, piece));
    assert_null(strstr(error.hint, piece));
    json_t *sent = requests(1);
    assert_contains(sent_string(json_array_get(sent, 0), "headers", "authorization"), key);
    json_decref(sent);
    remote_free(o);
}

static void key_is_never_shown(void **state)
{
    (void)state;
    assert_key_is_hidden("unauthorized", "sk-proj-0123456789abcdef", "0123");
    assert_key_is_hidden("unauthorized", "aaa", "aaa");
    assert_key_is_hidden("long-echo", "sk-proj-0123456789abcdef", "sk-");
}

static void key_in_the_address_is_not_shown_either(void **state)
{
    (void)state;
    remote *o = client("status/404/sk-proj-0123", ", \"api_key\": \"sk-proj-0123\"");
    vdb_error error = assert_fails(o, VDB_PROVIDER);
    assert_contains(error.detail, "/status/404/***/");
    assert_null(strstr(error.detail, "sk-proj"));
    remote_free(o);
}

static void error_may_be_left_out(void **state)
{
    (void)state;
    static const char *const scenarios[] = { "unauthorized", "zeros", "endless" };
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        remote *o = client(scenarios[i], "");
        assert_int_equal(embed(o, 2, NULL), VDB_PROVIDER);
        remote_free(o);
    }
}

/* ---- answers as bytes -------------------------------------------------------------------------------------------- */

static void reason_is_found_in_every_dialect(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *reason;
    } dialects[] = {
        { "{\"error\": {\"message\": \"of OpenAI\"}}", "of OpenAI" },
        { "{\"error\": \"of LM\\n\\t Studio\"}", "of LM Studio" },
        { "{\"object\": \"error\", \"message\": \"of vLLM\"}", "of vLLM" },
        { "{\"detail\": \"of FastAPI\"}", "of FastAPI" },
        { "{\"error\": {\"message\": 3}}", "" },
        { "{\"error\": null}", "" },
        { "{\"data\": []}", "" },
        { "[]", "" },
        { "\"text\"", "" },
        { " 404  page\r\nnot found ", "404 page not found" },
        { "not \xFF UTF-8", "" },
        { "", "" },
    };
    for (size_t i = 0; i < COUNT(dialects); i++) {
        buffer reason;
        buffer_init(&reason, 4096);
        buffer_append_string(&reason, ":");
        answer_reason(dialects[i].answer, strlen(dialects[i].answer), &reason);
        assert_string_equal(reason.data + 1, dialects[i].reason);
        buffer_free(&reason);
    }
}

static void answer_of_any_shape_is_survived(void **state)
{
    (void)state;
    const protocol *openai = protocol_find("openai");
    static const char *const answers[] = { "null",
                                           "[]",
                                           "{\"data\": {}}",
                                           "{\"data\": [null]}",
                                           "{\"data\": [[]]}",
                                           "{\"data\": [{\"index\": 0}]}",
                                           "{\"data\": [{\"index\": -1, \"embedding\": [1]}]}",
                                           "{\"data\": [{\"index\": 0.0, \"embedding\": [1]}]}",
                                           "{\"data\": [{\"index\": 4294967296, \"embedding\": [1]}]}",
                                           "{\"data\": [{\"index\": 0, \"embedding\": {}}]}",
                                           "{\"data\": [{\"index\": 0, \"embedding\": [[1]]}]}",
                                           "{\"data\": [{\"index\": 0, \"embedding\": [1e-60]}]}",
                                           "{\"data\": [{\"index\": 0, \"embedding\": [true]}]}",
                                           "{\"data\": [{\"index\": 0, \"embedding\": [1]}]} {}" };
    for (size_t i = 0; i < COUNT(answers); i++) {
        int numbers = 0;
        int64_t tokens = 7;
        vdb_error error = { 0 };
        assert_int_equal(
            answer_vectors(&openai->answer, answers[i], strlen(answers[i]), 1, vectors, &numbers, &tokens, &error),
            VDB_PROVIDER);
        assert_int_equal(numbers, 0);
    }
}

static void very_large_and_small_numbers_keep_their_direction(void **state)
{
    (void)state;
    const protocol *openai = protocol_find("openai");
    static const char *const answers[] = { "{\"data\": [{\"index\": 0, \"embedding\": [3e38, -3e38]}]}",
                                           "{\"data\": [{\"index\": 0, \"embedding\": [1e-40, -1e-40]}]}" };
    for (size_t i = 0; i < COUNT(answers); i++) {
        int numbers = 0;
        int64_t tokens;
        assert_int_equal(
            answer_vectors(&openai->answer, answers[i], strlen(answers[i]), 1, vectors, &numbers, &tokens, NULL),
            VDB_OK);
        assert_vector(0, sqrt(0.5), -sqrt(0.5));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_that_cannot_be_used_is_refused),
        cmocka_unit_test(model_may_be_95_bytes_long),
        cmocka_unit_test(a_model_cut_to_a_length_is_a_model_of_its_own),
        cmocka_unit_test(members_of_others_and_null_are_ignored),
        cmocka_unit_test(request_is_as_the_protocol_wants_it),
        cmocka_unit_test(vectors_are_in_the_order_of_the_texts),
        cmocka_unit_test(dimensions_are_sent_and_checked),
        cmocka_unit_test(texts_go_in_batches_over_one_connection),
        cmocka_unit_test(batches_of_different_length_are_refused),
        cmocka_unit_test(many_texts_of_full_length_fit),
        cmocka_unit_test(large_request_is_sent_without_asking_first),
        cmocka_unit_test(nothing_is_sent_for_no_text_or_a_bad_one),
        cmocka_unit_test(threads_have_clients_of_their_own),
        cmocka_unit_test(passing_failures_are_retried),
        cmocka_unit_test(retry_after_is_waited_out),
        cmocka_unit_test(retry_after_beyond_all_patience_ends_the_call),
        cmocka_unit_test(retries_end),
        cmocka_unit_test(status_decides_about_a_retry),
        cmocka_unit_test(transport_failures_are_retried_and_named),
        cmocka_unit_test(refused_connection_is_named),
        cmocka_unit_test(unusable_answers_are_refused_at_once),
        cmocka_unit_test(long_vectors_are_refused_never_cut),
        cmocka_unit_test(endless_answer_is_cut_short),
        cmocka_unit_test(error_page_is_shown_as_one_line),
        cmocka_unit_test(redirect_is_not_followed),
        cmocka_unit_test(key_is_never_shown),
        cmocka_unit_test(key_in_the_address_is_not_shown_either),
        cmocka_unit_test(error_may_be_left_out),
        cmocka_unit_test(reason_is_found_in_every_dialect),
        cmocka_unit_test(answer_of_any_shape_is_survived),
        cmocka_unit_test(very_large_and_small_numbers_keep_their_direction),
    };
    return cmocka_run_group_tests(tests, start_embeddings_server, stop_embeddings_server);
}
