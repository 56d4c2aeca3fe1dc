#include "knowledge/openai.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/json.h"
#include "base/text.h"
#include "knowledge/openai_answer.h"

#include <curl/curl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    LONGEST_MODEL = 95,          /* bytes: the width of the column embedding_model, less "@1536" */
    FIRST_WAIT_MS = 250,         /* the most before the first retry; doubles with every further one */
    LONGEST_WAIT_MS = 8000,      /* the most before any retry that the server has not asked to come later */
    LONGEST_WAITING_MS = 30000,  /* of one request, all its waits together */
    ANSWER_PER_REQUEST = 65536,  /* bytes beside the vectors */
    ANSWER_PER_TEXT = 8192 * 32, /* bytes: a model's 8192 numbers, each on a line of its own */
    LARGEST_ANSWER = 1 << 27,
    LARGEST_LINE = LARGEST_ANSWER + ANSWER_PER_REQUEST /* of an error, before it is cut to fit */
};

struct openai {
    arena *memory; /* of the strings below */
    CURL *curl;    /* one handle, so that requests share a connection */
    struct curl_slist *headers;
    const char *url;
    const char *model;
    const char *label;   /* the model, with its dimensions when the config asks for some */
    const char *api_key; /* NULL: none */
    int dimensions;      /* 0: the model's own */
    int timeout_ms;
    int connect_timeout_ms;
    int max_retries;
    int batch_size;
    char curl_reason[CURL_ERROR_SIZE];
};

/* ---- config ------------------------------------------------------------------------------------------------------ */

static const struct number_member {
    const char *name;
    size_t offset;
    int least, most, preset;
} number_members[] = {
    { "dimensions", offsetof(openai, dimensions), 1, VDB_DIMENSIONS, 0 },
    { "timeout_ms", offsetof(openai, timeout_ms), 1, 600000, 10000 },
    { "connect_timeout_ms", offsetof(openai, connect_timeout_ms), 1, 600000, 2000 },
    { "max_retries", offsetof(openai, max_retries), 0, 10, 3 },
    { "batch_size", offsetof(openai, batch_size), 1, 2048, 64 },
};

static vdb_status read_numbers(openai *o, const json_t *config, vdb_error *error)
{
    for (size_t i = 0; i < sizeof number_members / sizeof number_members[0]; i++) {
        const struct number_member *member = &number_members[i];
        const json_t *value = json_object_get(config, member->name);
        json_int_t number = member->preset;
        if (value != NULL && !json_is_null(value)) {
            number = json_integer_value(value);
            if (!json_is_integer(value) || number < member->least || number > member->most)
                return error_set(error, VDB_BAD_INPUT, "Correct it in the provider's config, or leave it out.",
                                 "`%s` in the provider's config must be a whole number from %d to %d", member->name,
                                 member->least, member->most);
        }
        *(int *)(void *)((char *)o + member->offset) = (int)number;
    }
    return VDB_OK;
}

/* `*text` is NULL when the member is missing, null or empty. */
static vdb_status read_string(openai *o, const json_t *config, const char *name, const char **text, vdb_error *error)
{
    const json_t *value = json_object_get(config, name);
    *text = NULL;
    if (value == NULL || json_is_null(value))
        return VDB_OK;
    if (!json_is_string(value))
        return error_set(error, VDB_BAD_INPUT, "Put it into quotes in the provider's config, or leave it out.",
                         "`%s` in the provider's config must be a string", name);
    if (json_string_length(value) == 0)
        return VDB_OK;
    *text = arena_copy_string(o->memory, json_string_value(value));
    return *text == NULL ? error_memory(error) : VDB_OK;
}

static vdb_status check_model(const char *model, vdb_error *error)
{
    static const char hint[] = "Set `model`, for example {\"model\": \"text-embedding-3-small\"}.";
    if (model == NULL)
        return error_set(error, VDB_BAD_INPUT, hint, "`model` is missing in the provider's config");
    if (strlen(model) > LONGEST_MODEL)
        return error_set(error, VDB_BAD_INPUT, hint, "`model` in the provider's config is longer than %d bytes",
                         LONGEST_MODEL);
    return VDB_OK;
}

/* A line break would begin another header, and no server accepts other bytes than these. */
static vdb_status check_api_key(const char *api_key, vdb_error *error)
{
    for (const char *c = api_key; c != NULL && *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~')
            return error_set(error, VDB_BAD_INPUT, "Copy the key again, without spaces and line breaks around it.",
                             "`api_key` in the provider's config may hold printable ASCII only, without spaces");
    }
    return VDB_OK;
}

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

static vdb_status read_base_url(openai *o, const json_t *config, vdb_error *error)
{
    const char *base_url;
    vdb_status status = read_string(o, config, "base_url", &base_url, error);
    if (status != VDB_OK)
        return status;
    if (base_url == NULL)
        base_url = "https://api.openai.com/v1";

    CURLU *url = curl_url();
    if (url == NULL)
        return error_memory(error);
    bool plain = curl_url_set(url, CURLUPART_URL, base_url, 0) == CURLUE_OK && is_plain_address(url);
    curl_url_cleanup(url);
    if (!plain)
        return error_set(error, VDB_BAD_INPUT, "Set `base_url`, for example to http://127.0.0.1:11434/v1.",
                         "`base_url` in the provider's config must be an http:// or https:// address without user, "
                         "password, query and fragment");
    size_t length = strlen(base_url);
    while (base_url[length - 1] == '/')
        length--;
    o->url = arena_printf(o->memory, "%.*s/embeddings", (int)length, base_url);
    return o->url == NULL ? error_memory(error) : VDB_OK;
}

/* Vectors of one model cut to different lengths are not comparable, so each length is a model of its own. */
static vdb_status make_label(openai *o, vdb_error *error)
{
    o->label = o->dimensions == 0 ? o->model : arena_printf(o->memory, "%s@%d", o->model, o->dimensions);
    return o->label == NULL ? error_memory(error) : VDB_OK;
}

/*
 * Members that are not ours are left alone: the row's config is also read by FusionPBX's pages and by call scripts,
 * which keep a label, a price or a voice in it.
 */
static vdb_status read_config(openai *o, const json_t *config, vdb_error *error)
{
    const char *format;
    vdb_status status = read_string(o, config, "model", &o->model, error);
    if (status == VDB_OK)
        status = check_model(o->model, error);
    if (status == VDB_OK)
        status = read_string(o, config, "api_key", &o->api_key, error);
    if (status == VDB_OK)
        status = check_api_key(o->api_key, error);
    if (status == VDB_OK)
        status = read_base_url(o, config, error);
    if (status == VDB_OK)
        status = read_numbers(o, config, error);
    if (status == VDB_OK)
        status = make_label(o, error);
    if (status == VDB_OK)
        status = read_string(o, config, "encoding_format", &format, error);
    if (status == VDB_OK && format != NULL && strcmp(format, "float") != 0)
        status = error_set(error, VDB_BAD_INPUT, "Set it to \"float\" in the provider's config, or leave it out.",
                           "`encoding_format` in the provider's config can only be \"float\"");
    return status;
}

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

static bool add_header(openai *o, const char *header)
{
    struct curl_slist *longer = header == NULL ? NULL : curl_slist_append(o->headers, header);
    if (longer != NULL)
        o->headers = longer;
    return longer != NULL;
}

/* "Expect:" spares the pause for "100 Continue", which some of these servers never send. */
static bool make_headers(openai *o)
{
    return add_header(o, "Content-Type: application/json") && add_header(o, "Accept: application/json") &&
           add_header(o, "Expect:") &&
           (o->api_key == NULL || add_header(o, arena_printf(o->memory, "Authorization: Bearer %s", o->api_key)));
}

/* Redirects stay off: the key and the texts go to base_url and nowhere else. */
static bool make_handle(openai *o)
{
    o->curl = curl_easy_init();
    return o->curl != NULL && make_headers(o) && curl_easy_setopt(o->curl, CURLOPT_URL, o->url) == CURLE_OK &&
           curl_easy_setopt(o->curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(o->curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(o->curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(o->curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(o->curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(o->curl, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
           curl_easy_setopt(o->curl, CURLOPT_TIMEOUT_MS, (long)o->timeout_ms) == CURLE_OK &&
           curl_easy_setopt(o->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_timeout_ms) == CURLE_OK &&
           curl_easy_setopt(o->curl, CURLOPT_USERAGENT, "voicedb/" VOICEDB_VERSION) == CURLE_OK &&
           curl_easy_setopt(o->curl, CURLOPT_HTTPHEADER, o->headers) == CURLE_OK &&
           curl_easy_setopt(o->curl, CURLOPT_ERRORBUFFER, o->curl_reason) == CURLE_OK &&
           curl_easy_setopt(o->curl, CURLOPT_WRITEFUNCTION, receive) == CURLE_OK;
}

vdb_status openai_new(const char *config, openai **o, vdb_error *error)
{
    pthread_once(&libraries_once, start_libraries);
    if (!libraries_ready)
        return error_set(error, VDB_DEFECT, "Reinstall libcurl and libsodium.", "libcurl or libsodium does not start");
    json_t *object = json_parse_object(config, "the provider's config", error);
    if (object == NULL)
        return VDB_BAD_INPUT;

    openai *made = calloc(1, sizeof *made);
    vdb_status status = VDB_OK;
    if (made == NULL || (made->memory = arena_new()) == NULL)
        status = error_memory(error);
    if (status == VDB_OK)
        status = read_config(made, object, error);
    if (status == VDB_OK && !make_handle(made))
        status = error_memory(error);
    json_decref(object);
    if (status == VDB_OK)
        *o = made;
    else
        openai_free(made);
    return status;
}

void openai_free(openai *o)
{
    if (o == NULL)
        return;
    curl_easy_cleanup(o->curl);
    curl_slist_free_all(o->headers);
    arena_free(o->memory);
    free(o);
}

const char *openai_model(const openai *o)
{
    return o->label;
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
static void add_detail(const openai *o, int tries, int64_t retry_after_ms, const buffer *said, vdb_error *error)
{
    buffer line;
    buffer_init(&line, LARGEST_LINE);
    buffer_printf(&line, "POST %s, model %s, %d %s", o->url, o->model, tries, tries == 1 ? "try" : "tries");
    if (retry_after_ms > 0)
        buffer_printf(&line, "; it asks to wait %lld s", (long long)retry_after_ms / 1000);
    if (said != NULL && said->length > 0)
        buffer_printf(&line, "; it said: %s", said->data);
    if (!line.failed) {
        mask_key(line.data, o->api_key);
        error_detail(error, "%s", line.data);
    }
    buffer_free(&line);
}

static vdb_status report(const openai *o, const outcome *result, const buffer *answer, int tries, vdb_error *error)
{
    const failure *f = find_failure(result);
    buffer line, reason;
    buffer_init(&line, LARGEST_LINE);
    buffer_init(&reason, LARGEST_LINE);
    if (result->code != CURLE_OK) {
        buffer_printf(&line, "the embeddings provider %s", f->what);
        buffer_append_string(&reason, o->curl_reason[0] != '\0' ? o->curl_reason : curl_easy_strerror(result->code));
    } else {
        buffer_printf(&line, "the embeddings provider answered %ld", result->http);
        if (result->redirect != NULL)
            buffer_printf(&reason, "redirect to %s", result->redirect);
        else if (answer->length > 0)
            openai_answer_reason(answer->data, answer->length, &reason);
    }
    if (reason.length > 0)
        buffer_printf(&line, ": %s", reason.data);

    vdb_status status = VDB_PROVIDER;
    if (line.failed || reason.failed) {
        status = error_memory(error);
    } else {
        mask_key(line.data, o->api_key);
        error_set(error, status, f->hint, "%s", line.data);
        add_detail(o, tries, result->retry_after_ms, NULL, error);
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

/* Release with free(). */
static vdb_status make_body(const openai *o, const char *const *texts, size_t count, char **text, vdb_error *error)
{
    json_t *input = NULL;
    vdb_status status = make_input(texts, count, &input, error);
    if (status != VDB_OK)
        return status;
    json_t *body = json_object();
    bool complete = json_object_set_new(body, "input", input) == 0 &&
                    json_object_set_new(body, "model", json_string(o->model)) == 0 &&
                    json_object_set_new(body, "encoding_format", json_string("float")) == 0 &&
                    (o->dimensions == 0 || json_object_set_new(body, "dimensions", json_integer(o->dimensions)) == 0);
    *text = complete ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    return *text == NULL ? error_memory(error) : VDB_OK;
}

/* One try. A time-out before the request could be sent counts as "cannot be reached". */
static outcome transfer(openai *o, const char *body, buffer *answer)
{
    outcome result = { 0 };
    curl_off_t until_sent = 0, retry_after = 0;
    char *redirect = NULL;
    buffer_reset(answer);
    o->curl_reason[0] = '\0';
    curl_easy_setopt(o->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
    curl_easy_setopt(o->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(o->curl, CURLOPT_WRITEDATA, answer);

    result.code = curl_easy_perform(o->curl);
    curl_easy_getinfo(o->curl, CURLINFO_RESPONSE_CODE, &result.http);
    curl_easy_getinfo(o->curl, CURLINFO_PRETRANSFER_TIME_T, &until_sent);
    curl_easy_getinfo(o->curl, CURLINFO_RETRY_AFTER, &retry_after);
    curl_easy_getinfo(o->curl, CURLINFO_REDIRECT_URL, &redirect);
    if (result.code == CURLE_OPERATION_TIMEDOUT && until_sent == 0)
        result.code = CURLE_COULDNT_CONNECT;
    if (result.code == CURLE_OK && retry_after > 0)
        result.retry_after_ms = retry_after < INT32_MAX ? (int64_t)retry_after * 1000 : INT32_MAX;
    result.redirect = redirect;
    result.quota_spent = result.code == CURLE_OK && result.http == 429 && answer->length > 0 &&
                         openai_answer_quota_spent(answer->data, answer->length);
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
static vdb_status report_overflow(const openai *o, const buffer *answer, int tries, vdb_error *error)
{
    if (answer->maximum - answer->length > CURL_MAX_WRITE_SIZE)
        return error_memory(error);
    error_set(error, VDB_PROVIDER, hint_other, "the embeddings provider's answer is longer than %zu bytes",
              answer->maximum);
    add_detail(o, tries, 0, NULL, error);
    return VDB_PROVIDER;
}

static vdb_status request(openai *o, const char *body, buffer *answer, int *tries, vdb_error *error)
{
    int64_t left = LONGEST_WAITING_MS;
    for (*tries = 1;; ++*tries) {
        outcome result = transfer(o, body, answer);
        if (result.code == CURLE_OK && result.http >= 200 && result.http <= 299)
            return VDB_OK;
        if (result.code == CURLE_OUT_OF_MEMORY)
            return error_memory(error);
        if (result.code == CURLE_WRITE_ERROR && answer->failed)
            return report_overflow(o, answer, *tries, error);
        int64_t wait = choose_wait(&result, *tries, left);
        if (!find_failure(&result)->retry || *tries > o->max_retries || wait > left)
            return report(o, &result, answer, *tries, error);
        sleep_ms(wait);
        left -= wait;
    }
}

/* LM Studio answers 200 with {"error": …} to a wrong path: what an answer says instead of vectors becomes the detail.
 */
static vdb_status read_answer(const openai *o, const buffer *answer, size_t count, int tries, float *vectors,
                              int *dimensions, vdb_error *error)
{
    const char *bytes = answer->length > 0 ? answer->data : "";
    vdb_status status = openai_answer_vectors(bytes, answer->length, count, vectors, dimensions, error);
    if (status == VDB_PROVIDER || status == VDB_BAD_INPUT) {
        buffer said;
        buffer_init(&said, LARGEST_LINE);
        openai_answer_reason(bytes, answer->length, &said);
        add_detail(o, tries, 0, &said, error);
        buffer_free(&said);
    }
    return status;
}

static vdb_status embed_batch(openai *o, const char *const *texts, size_t count, float *vectors, int *dimensions,
                              vdb_error *error)
{
    char *body = NULL;
    vdb_status status = make_body(o, texts, count, &body, error);
    if (status != VDB_OK)
        return status;
    int tries;
    buffer answer;
    size_t maximum = ANSWER_PER_REQUEST + count * ANSWER_PER_TEXT;
    buffer_init(&answer, maximum < LARGEST_ANSWER ? maximum : LARGEST_ANSWER);
    status = request(o, body, &answer, &tries, error);
    if (status == VDB_OK)
        status = read_answer(o, &answer, count, tries, vectors, dimensions, error);
    buffer_free(&answer);
    free(body);
    return status;
}

vdb_status openai_embed(openai *o, const char *const *texts, size_t count, float *vectors, int *dimensions,
                        vdb_error *error)
{
    int length = o->dimensions;
    for (size_t done = 0; done < count;) {
        size_t batch = count - done < (size_t)o->batch_size ? count - done : (size_t)o->batch_size;
        vdb_status status = embed_batch(o, texts + done, batch, vectors + done * VDB_DIMENSIONS, &length, error);
        if (status != VDB_OK)
            return status;
        done += batch;
    }
    *dimensions = length;
    return VDB_OK;
}
