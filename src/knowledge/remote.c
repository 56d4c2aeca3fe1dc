#include "knowledge/remote.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/text.h"

#include <curl/curl.h>
#include <jansson.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    FIRST_WAIT_MS = 250,         /* the most before the first retry; doubles with every further one */
    LONGEST_WAIT_MS = 8000,      /* the most before any retry that the server has not asked to come later */
    LONGEST_WAITING_MS = 30000,  /* of one request, all its waits together */
    ANSWER_PER_REQUEST = 65536,  /* bytes beside the vectors */
    ANSWER_PER_TEXT = 8192 * 32, /* bytes: a model's 8192 numbers, each on a line of its own */
    LARGEST_ANSWER = 1 << 27,
    BYTES_PER_TOKEN = 4,                               /* of most texts, for a count that nobody gives */
    FEWEST_BYTES_PER_TOKEN = 2,                        /* of a batch that must stay below a limit */
    LARGEST_LINE = LARGEST_ANSWER + ANSWER_PER_REQUEST /* of an error, before it is cut to fit */
};

struct remote {
    arena *memory; /* of the config's strings */
    remote_config config;
    CURL *curl; /* one handle, so that requests share a connection */
    struct curl_slist *headers;
    embed_usage usage;
    double until; /* on clock_ms(); 0: no limit beside the config's */
    embed_account account;
    char curl_reason[CURL_ERROR_SIZE];
};

/* ---- the handle -------------------------------------------------------------------------------------------------- */

static pthread_once_t libraries_once = PTHREAD_ONCE_INIT;
static bool libraries_ready;

static void start_libraries(void)
{
    libraries_ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK && sodium_init() >= 0;
}

/* Ends the transfer when the answer outgrows its buffer. */
static size_t receive(char *bytes, size_t size, size_t count, void *answer)
{
    return buffer_append(answer, bytes, size * count) ? size * count : 0;
}

static bool add_header(remote *r, const char *header)
{
    struct curl_slist *longer = header == NULL ? NULL : curl_slist_append(r->headers, header);
    if (longer != NULL)
        r->headers = longer;
    return longer != NULL;
}

/* "Expect:" spares the pause for "100 Continue", which some of these servers never send. */
static bool make_headers(remote *r)
{
    return add_header(r, "Content-Type: application/json") && add_header(r, "Accept: application/json") &&
           add_header(r, "Expect:") &&
           (r->config.api_key == NULL ||
            add_header(r, arena_printf(r->memory, "%s%s", r->config.protocol->key_header, r->config.api_key)));
}

/*
 * Redirects stay off: the key and the texts go to base_url and nowhere else. A time-out does not wait for the thread
 * that looks up the server's name, which a silent name server holds for ten seconds.
 */
static bool make_handle(remote *r)
{
    r->curl = curl_easy_init();
    return r->curl != NULL && make_headers(r) && curl_easy_setopt(r->curl, CURLOPT_URL, r->config.url) == CURLE_OK &&
           curl_easy_setopt(r->curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(r->curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(r->curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(r->curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(r->curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(r->curl, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
           curl_easy_setopt(r->curl, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
           curl_easy_setopt(r->curl, CURLOPT_USERAGENT, "voicedb/" VOICEDB_VERSION) == CURLE_OK &&
           curl_easy_setopt(r->curl, CURLOPT_HTTPHEADER, r->headers) == CURLE_OK &&
           curl_easy_setopt(r->curl, CURLOPT_ERRORBUFFER, r->curl_reason) == CURLE_OK &&
           curl_easy_setopt(r->curl, CURLOPT_WRITEFUNCTION, receive) == CURLE_OK;
}

vdb_status remote_new(const char *provider_name, const char *config, remote **r, vdb_error *error)
{
    pthread_once(&libraries_once, start_libraries);
    if (!libraries_ready)
        return error_set(error, VDB_DEFECT, "Reinstall libcurl and libsodium.", "libcurl or libsodium does not start");
    remote *made = calloc(1, sizeof *made);
    vdb_status status = VDB_OK;
    if (made == NULL || (made->memory = arena_new()) == NULL)
        status = error_memory(error);
    if (status == VDB_OK)
        status = remote_config_read(made->memory, provider_name, config, &made->config, error);
    if (status == VDB_OK && !make_handle(made))
        status = error_memory(error);
    if (status == VDB_OK)
        *r = made;
    else
        remote_free(made);
    return status;
}

void remote_free(remote *r)
{
    if (r == NULL)
        return;
    curl_easy_cleanup(r->curl);
    curl_slist_free_all(r->headers);
    arena_free(r->memory);
    free(r);
}

const remote_config *remote_settings(const remote *r)
{
    return &r->config;
}

embed_usage remote_usage(const remote *r)
{
    return r->usage;
}

void remote_set_account(remote *r, embed_account account)
{
    r->account = account;
}

void remote_limit(remote *r, int limit_ms)
{
    r->until = limit_ms > 0 ? clock_ms() + limit_ms : 0;
}

/* What is left of the limit, at most `most`, at least 1. */
static int64_t left_of_limit(const remote *r, int64_t most)
{
    double left = r->until == 0 ? (double)most : r->until - clock_ms();
    return left >= (double)most ? most : left < 1 ? 1 : (int64_t)left;
}

/* ---- what can go wrong, and whether another try may mend it ------------------------------------------------------ */

typedef struct outcome {
    CURLcode code;
    long http; /* status; 0: no answer */
    int64_t retry_after_ms;
    const char *redirect; /* NULL: none */
    bool quota_spent;
} outcome;

typedef struct failure {
    int first, last; /* CURLcode or HTTP status */
    bool retry;
    const char *what;
    const char *hint;
} failure;

static const char hint_reach[] = "Start the embeddings server, or correct `base_url` in the provider's config.";
static const char hint_certificate[] =
    "Install the certificate of the server's authority (`update-ca-certificates`), or correct `base_url`.";
static const char hint_other[] = "Check `base_url`, `model` and `dimensions` in the provider's config.";
static const char hint_server_log[] = "Look into the server's log, then try again.";

static const failure transport_failures[] = {
    { CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, true, "cannot be reached", hint_reach },
    { CURLE_OPERATION_TIMEDOUT, CURLE_OPERATION_TIMEDOUT, true, "did not answer in time",
      "Raise `timeout_ms` in the provider's config, or lower its `batch_size`." },
    { CURLE_PARTIAL_FILE, CURLE_PARTIAL_FILE, true, "broke off its answer", hint_server_log },
    { CURLE_GOT_NOTHING, CURLE_GOT_NOTHING, true, "broke off the connection", hint_server_log },
    { CURLE_SEND_ERROR, CURLE_RECV_ERROR, true, "broke off the connection", hint_server_log },
    { CURLE_HTTP2, CURLE_HTTP2, true, "broke off the connection", hint_server_log },
    { CURLE_HTTP2_STREAM, CURLE_HTTP2_STREAM, true, "broke off the connection", hint_server_log },
    { CURLE_PEER_FAILED_VERIFICATION, CURLE_PEER_FAILED_VERIFICATION, false, "has a certificate that is not trusted",
      hint_certificate },
    { 0, CURL_LAST, false, "cannot be talked to", hint_other },
};

static const failure http_failures[] = {
    { 300, 399, false, NULL, "Set `base_url` in the provider's config to the address that the server redirects to." },
    { 401, 401, false, NULL, "Check `api_key` in the provider's config." },
    { 403, 403, false, NULL, "Check that `api_key` in the provider's config may use the model." },
    { 404, 404, false, NULL,
      "Check `base_url` (it mostly ends in /v1) and `model` in the provider's config; Ollama needs `ollama pull MODEL` "
      "first." },
    { 408, 409, true, NULL, hint_server_log },
    { 413, 413, false, NULL, "Lower `batch_size` in the provider's config." },
    { 429, 429, true, NULL, "Wait and try again, or raise the account's rate limit." },
    { 501, 501, false, NULL, "Start the server with a model for embeddings (llama.cpp: `--embeddings`)." },
    { 500, 599, true, NULL, hint_server_log },
    { 0, 999, false, NULL, hint_other },
};

/* No waiting mends it, though its status is that of a rate limit. */
static const failure quota_spent = { 429, 429, false, NULL, "Add credit to the account, or choose another provider." };

/* The first that fits; the last entry of each table fits everything. */
static const failure *find_failure(const outcome *result)
{
    if (result->quota_spent)
        return &quota_spent;
    int number = result->code != CURLE_OK ? (int)result->code : (int)result->http;
    const failure *f = result->code != CURLE_OK ? transport_failures : http_failures;
    while (number < f->first || number > f->last)
        f++;
    return f;
}

/* Overwrites every occurrence of the key, which a server may repeat in its own words. */
static void mask_key(char *text, const char *key)
{
    size_t length = key == NULL ? 0 : strlen(key), stars = length < 3 ? length : 3;
    char *to = text;
    for (const char *from = text; length > 0 && *from != '\0';) {
        if (strncmp(from, key, length) == 0) {
            memset(to, '*', stars);
            to += stars;
            from += length;
        } else {
            *to++ = *from++;
        }
    }
    if (length > 0)
        *to = '\0';
}

/* Where it was asked, and what else the server said. */
static void add_detail(const remote *r, int tries, int64_t retry_after_ms, const buffer *said, vdb_error *error)
{
    buffer line;
    buffer_init(&line, LARGEST_LINE);
    buffer_printf(&line, "POST %s, model %s, %d %s", r->config.url, r->config.model, tries,
                  tries == 1 ? "try" : "tries");
    if (retry_after_ms > 0)
        buffer_printf(&line, "; it asks to wait %lld s", (long long)retry_after_ms / 1000);
    if (said != NULL && said->length > 0)
        buffer_printf(&line, "; it said: %s", said->data);
    if (!line.failed) {
        mask_key(line.data, r->config.api_key);
        error_detail(error, "%s", line.data);
    }
    buffer_free(&line);
}

static vdb_status report(const remote *r, const outcome *result, const buffer *answer, int tries, vdb_error *error)
{
    const failure *f = find_failure(result);
    buffer line, reason;
    buffer_init(&line, LARGEST_LINE);
    buffer_init(&reason, LARGEST_LINE);
    if (result->code != CURLE_OK) {
        buffer_printf(&line, "the embeddings provider %s", f->what);
        buffer_append_string(&reason, r->curl_reason[0] != '\0' ? r->curl_reason : curl_easy_strerror(result->code));
    } else {
        buffer_printf(&line, "the embeddings provider answered %ld", result->http);
        if (result->redirect != NULL)
            buffer_printf(&reason, "redirect to %s", result->redirect);
        else if (answer->length > 0)
            answer_reason(answer->data, answer->length, &reason);
    }
    if (reason.length > 0)
        buffer_printf(&line, ": %s", reason.data);

    vdb_status status = VDB_PROVIDER;
    if (line.failed || reason.failed) {
        status = error_memory(error);
    } else {
        mask_key(line.data, r->config.api_key);
        error_set(error, status, f->hint, "%s", line.data);
        add_detail(r, tries, result->retry_after_ms, NULL, error);
    }
    buffer_free(&line);
    buffer_free(&reason);
    return status;
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

static vdb_status make_input(const char *const *texts, size_t count, json_t **input, vdb_error *error)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        if (json_array_append_new(array, json_string(texts[i])) == 0)
            continue;
        json_decref(array);
        if (text_is_utf8(texts[i], strlen(texts[i])))
            return error_memory(error);
        return error_set(error, VDB_BAD_INPUT, "Convert the text to UTF-8 (`iconv -t UTF-8`).",
                         "a text to embed is not UTF-8");
    }
    *input = array;
    return array == NULL ? error_memory(error) : VDB_OK;
}

static bool set_string(json_t *body, const char *member, const char *value)
{
    return member == NULL || json_object_set_new(body, member, json_string(value)) == 0;
}

/* Release with free(). */
static vdb_status make_body(const remote *r, embed_kind kind, const char *const *texts, size_t count, char **text,
                            vdb_error *error)
{
    const protocol *p = r->config.protocol;
    json_t *input = NULL;
    vdb_status status = make_input(texts, count, &input, error);
    if (status != VDB_OK)
        return status;
    json_t *body = json_loads(p->constants, 0, NULL);
    bool complete = json_object_set_new(body, p->texts, input) == 0 && set_string(body, p->model, r->config.model) &&
                    set_string(body, p->kind, p->kinds[kind]) &&
                    (r->config.dimensions == 0 ||
                     json_object_set_new(body, p->dimensions, json_integer(r->config.dimensions)) == 0);
    *text = complete ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    return *text == NULL ? error_memory(error) : VDB_OK;
}

/* One try. A time-out before the request could be sent counts as "cannot be reached". */
static outcome transfer(remote *r, const char *body, buffer *answer)
{
    outcome result = { 0 };
    curl_off_t until_sent = 0, retry_after = 0;
    char *redirect = NULL;
    buffer_reset(answer);
    r->curl_reason[0] = '\0';
    curl_easy_setopt(r->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
    curl_easy_setopt(r->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(r->curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(r->curl, CURLOPT_TIMEOUT_MS, (long)left_of_limit(r, r->config.timeout_ms));
    curl_easy_setopt(r->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)left_of_limit(r, r->config.connect_timeout_ms));

    result.code = curl_easy_perform(r->curl);
    curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &result.http);
    curl_easy_getinfo(r->curl, CURLINFO_PRETRANSFER_TIME_T, &until_sent);
    curl_easy_getinfo(r->curl, CURLINFO_RETRY_AFTER, &retry_after);
    curl_easy_getinfo(r->curl, CURLINFO_REDIRECT_URL, &redirect);
    if (result.code == CURLE_OPERATION_TIMEDOUT && until_sent == 0)
        result.code = CURLE_COULDNT_CONNECT;
    if (result.code == CURLE_OK && retry_after > 0)
        result.retry_after_ms = retry_after < INT32_MAX ? (int64_t)retry_after * 1000 : INT32_MAX;
    result.redirect = redirect;
    result.quota_spent = result.code == CURLE_OK && result.http == 429 && answer->length > 0 &&
                         answer_quota_spent(answer->data, answer->length);
    return result;
}

/*
 * Exponential back-off with full jitter, so that callers who failed together do not return together; a Retry-After is
 * waited out, with a little jitter behind it.
 */
static int64_t choose_wait(const outcome *result, int tries, int64_t left)
{
    if (result->retry_after_ms > 0)
        return result->retry_after_ms + randombytes_uniform(FIRST_WAIT_MS);
    int64_t most = (int64_t)FIRST_WAIT_MS << (tries - 1);
    if (most > LONGEST_WAIT_MS)
        most = LONGEST_WAIT_MS;
    int64_t wait = randombytes_uniform((uint32_t)most + 1);
    return wait < left ? wait : left;
}

static void sleep_ms(int64_t wait)
{
    struct timespec left = { .tv_sec = wait / 1000, .tv_nsec = wait % 1000 * 1000000 };
    while (nanosleep(&left, &left) != 0)
        continue;
}

/* The write callback gave up: the answer is larger than its buffer may become, or memory ran out. */
static vdb_status report_overflow(const remote *r, const buffer *answer, int tries, vdb_error *error)
{
    if (answer->maximum - answer->length > CURL_MAX_WRITE_SIZE)
        return error_memory(error);
    error_set(error, VDB_PROVIDER, hint_other, "the embeddings provider's answer is longer than %zu bytes",
              answer->maximum);
    add_detail(r, tries, 0, NULL, error);
    return VDB_PROVIDER;
}

static vdb_status request(remote *r, const char *body, buffer *answer, int *tries, vdb_error *error)
{
    int64_t left = left_of_limit(r, LONGEST_WAITING_MS);
    for (*tries = 1;; ++*tries) {
        outcome result = transfer(r, body, answer);
        if (result.code == CURLE_OK && result.http >= 200 && result.http <= 299)
            return VDB_OK;
        if (result.code == CURLE_OUT_OF_MEMORY)
            return error_memory(error);
        if (result.code == CURLE_WRITE_ERROR && answer->failed)
            return report_overflow(r, answer, *tries, error);
        int64_t wait = choose_wait(&result, *tries, left);
        if (!find_failure(&result)->retry || *tries > r->config.max_retries || wait > left ||
            wait >= left_of_limit(r, LONGEST_WAITING_MS + 1))
            return report(r, &result, answer, *tries, error);
        sleep_ms(wait);
        left -= wait;
    }
}

static int64_t bytes_of(const char *const *texts, size_t count)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += (int64_t)strlen(texts[i]);
    return bytes;
}

static int64_t estimate(const char *const *texts, size_t count)
{
    return bytes_of(texts, count) / BYTES_PER_TOKEN;
}

/*
 * LM Studio answers 200 with {"error": …} to a wrong path: what an answer says instead of vectors becomes the detail.
 */
static vdb_status read_answer(remote *r, const buffer *answer, size_t count, int tries, float *vectors, int *dimensions,
                              int64_t *tokens, vdb_error *error)
{
    const char *bytes = answer->length > 0 ? answer->data : "";
    vdb_status status =
        answer_vectors(&r->config.protocol->answer, bytes, answer->length, count, vectors, dimensions, tokens, error);
    if (status == VDB_PROVIDER || status == VDB_BAD_INPUT) {
        buffer said;
        buffer_init(&said, LARGEST_LINE);
        answer_reason(bytes, answer->length, &said);
        add_detail(r, tries, 0, &said, error);
        buffer_free(&said);
    }
    return status;
}

static vdb_status embed_batch(remote *r, embed_kind kind, const char *const *texts, size_t count, float *vectors,
                              int *dimensions, vdb_error *error)
{
    char *body = NULL;
    vdb_status status = make_body(r, kind, texts, count, &body, error);
    if (status != VDB_OK)
        return status;
    int tries;
    int64_t tokens = -1;
    buffer answer;
    size_t maximum = ANSWER_PER_REQUEST + count * ANSWER_PER_TEXT;
    buffer_init(&answer, maximum < LARGEST_ANSWER ? maximum : LARGEST_ANSWER);
    if (r->account.before != NULL)
        status = r->account.before(r->account.context, &r->config, kind, estimate(texts, count), error);
    if (status == VDB_OK)
        status = request(r, body, &answer, &tries, error);
    if (status == VDB_OK)
        status = read_answer(r, &answer, count, tries, vectors, dimensions, &tokens, error);
    buffer_free(&answer);
    free(body);
    if (status != VDB_OK)
        return status;
    const embed_usage used = { 1, (int64_t)count, tokens >= 0 ? tokens : estimate(texts, count) };
    r->usage.requests += used.requests;
    r->usage.texts += used.texts;
    r->usage.tokens += used.tokens;
    if (r->account.after != NULL)
        r->account.after(r->account.context, &r->config, &used);
    return VDB_OK;
}

/* How many of the texts fit into one request. The first always goes: if it is too long, the service says so. */
static size_t batch_of(const remote *r, const char *const *texts, size_t count)
{
    int64_t most = (int64_t)r->config.protocol->most_tokens * FEWEST_BYTES_PER_TOKEN;
    size_t batch = 1;
    for (int64_t bytes = bytes_of(texts, 1); batch < count && batch < (size_t)r->config.batch_size; batch++) {
        bytes += bytes_of(texts + batch, 1);
        if (most > 0 && bytes > most)
            break;
    }
    return batch;
}

vdb_status remote_embed(remote *r, embed_kind kind, const char *const *texts, size_t count, float *vectors,
                        int *dimensions, vdb_error *error)
{
    int length = r->config.dimensions;
    for (size_t done = 0; done < count;) {
        size_t batch = batch_of(r, texts + done, count - done);
        vdb_status status = embed_batch(r, kind, texts + done, batch, vectors + done * VDB_DIMENSIONS, &length, error);
        if (status != VDB_OK)
            return status;
        done += batch;
    }
    *dimensions = length;
    return VDB_OK;
}
