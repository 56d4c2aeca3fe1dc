#include "webhook/transfer.h"

#include "webhook/signature.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum { LARGEST_ANSWER = 65536, MOST_REDIRECTS = 3, CONNECT_MS = 5000, LONGEST_WAIT_S = 86400 };

/* ---- what libcurl asks on the way -------------------------------------------------------------------------------- */

/* The answer's text is nobody's business; one without an end is cut off. */
static size_t receive(char *bytes, size_t size, size_t count, void *context)
{
    transfer *t = context;
    (void)bytes;
    t->received += size * count;
    return t->received <= LARGEST_ANSWER ? size * count : 0;
}

static void remember_refusal(transfer *t, const char *address, const char *why)
{
    snprintf(t->refused, sizeof t->refused, "%s: a %s address", address, why);
}

/* The address is judged where it is connected to: behind every name and every redirect, whatever a name meant before.
 */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    transfer *t = context;
    const char *objection = address_objection(t->options->allowed, &address->addr);
    (void)purpose;
    if (objection != NULL) {
        char text[64];
        address_text(&address->addr, text, sizeof text);
        remember_refusal(t, text, objection);
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Once more before each request, on connections that are used again too. */
static int before_request(void *context, char *ip, char *local_ip, int port, int local_port)
{
    transfer *t = context;
    (void)local_ip;
    (void)port;
    (void)local_port;
    const char *objection = address_text_objection(t->options->allowed, ip);
    if (objection == NULL)
        return CURL_PREREQFUNC_OK;
    remember_refusal(t, ip, objection);
    return CURL_PREREQFUNC_ABORT;
}

/* ---- the handle -------------------------------------------------------------------------------------------------- */

/* No proxy: the address would be its own. Over a redirect the notice stays what it is, a POST. */
static bool set_manners(CURL *c)
{
    return curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)MOST_REDIRECTS) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_POSTREDIR, (long)CURL_REDIR_POST_ALL) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_USERAGENT, "voicedb/" VOICEDB_VERSION) == CURLE_OK;
}

static bool set_callbacks(transfer *t)
{
    CURL *c = t->curl;
    return curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, before_request) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PREREQDATA, t) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, receive) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEDATA, t) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, receive) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HEADERDATA, t) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->reason) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PRIVATE, t) == CURLE_OK;
}

bool transfer_begin(transfer *t, const transfer_options *options)
{
    *t = (transfer){ .options = options, .curl = curl_easy_init() };
    return t->curl != NULL && set_manners(t->curl) && set_callbacks(t) &&
           curl_easy_setopt(t->curl, CURLOPT_TIMEOUT_MS, (long)options->timeout_ms) == CURLE_OK &&
           (options->ca_file == NULL || curl_easy_setopt(t->curl, CURLOPT_CAINFO, options->ca_file) == CURLE_OK);
}

static void unload(transfer *t)
{
    curl_slist_free_all(t->headers);
    free(t->body);
    t->headers = NULL;
    t->body = NULL;
}

void transfer_end(transfer *t)
{
    curl_easy_cleanup(t->curl);
    unload(t);
}

/* ---- one notice -------------------------------------------------------------------------------------------------- */

static bool add_header(transfer *t, const char *format, ...) PRINTF_LIKE(2, 3);

static bool add_header(transfer *t, const char *format, ...)
{
    char line[512];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(line, sizeof line, format, values);
    va_end(values);
    struct curl_slist *longer = length < 0 || length >= (int)sizeof line ? NULL : curl_slist_append(t->headers, line);
    if (longer != NULL)
        t->headers = longer;
    return longer != NULL;
}

static bool sign(transfer *t, const notice *n, int64_t timestamp, size_t length)
{
    char line[3 * WEBHOOK_SIGNATURE_ROOM] = "";
    size_t used = 0;
    for (size_t i = 0; n->secrets[i] != NULL && used + WEBHOOK_SIGNATURE_ROOM + 1 < sizeof line; i++) {
        char signature[WEBHOOK_SIGNATURE_ROOM];
        if (!signature_make(n->secrets[i], n->delivery_uuid, timestamp, n->body, length, signature))
            return false;
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%s", i == 0 ? "" : " ", signature);
    }
    return used == 0 || add_header(t, "webhook-signature: %s", line);
}

static bool make_headers(transfer *t, const notice *n, size_t length)
{
    int64_t timestamp = (int64_t)time(NULL);
    return add_header(t, "Content-Type: application/json") && add_header(t, "Expect:") &&
           add_header(t, "Idempotency-Key: %s", n->delivery_uuid) &&
           add_header(t, "webhook-id: %s", n->delivery_uuid) &&
           add_header(t, "webhook-timestamp: %" PRId64, timestamp) && sign(t, n, timestamp, length);
}

/* What was said in confidence stays there: no redirect leads from https to http. */
static bool set_address(CURL *c, const char *url)
{
    return curl_easy_setopt(c, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR,
                            strncasecmp(url, "https:", 6) == 0 ? "https" : "http,https") == CURLE_OK;
}

void transfer_take(transfer *t, const notice *n)
{
    t->received = 0;
    t->reason[0] = t->refused[0] = '\0';
    t->http = 0;
    t->took_ms = 0;
    t->number = n->attempts;
    t->is_last = n->is_last;
    snprintf(t->delivery_uuid, sizeof t->delivery_uuid, "%s", n->delivery_uuid);
    snprintf(t->claimed_at, sizeof t->claimed_at, "%s", n->claimed_at);
    snprintf(t->domain_uuid, sizeof t->domain_uuid, "%s", n->domain_uuid);
}

vdb_status transfer_load(transfer *t, const notice *n, vdb_error *error)
{
    size_t length = strlen(n->body);
    t->body = strdup(n->body);
    if (t->body == NULL || !make_headers(t, n, length) || !set_address(t->curl, n->url) ||
        curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->headers) != CURLE_OK ||
        curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length) != CURLE_OK ||
        curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, t->body) != CURLE_OK) {
        unload(t);
        return error_memory(error);
    }
    t->state = TRANSFER_FLYING;
    return VDB_OK;
}

void transfer_finish(transfer *t, CURLcode code)
{
    curl_off_t retry_after = 0, took_us = 0;
    attempt a = {
        .code = code, .reason = t->reason, .refused = t->refused, .number = t->number, .is_last = t->is_last
    };
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &a.http);
    curl_easy_getinfo(t->curl, CURLINFO_RETRY_AFTER, &retry_after);
    curl_easy_getinfo(t->curl, CURLINFO_TOTAL_TIME_T, &took_us);
    a.retry_after_ms = (retry_after < LONGEST_WAIT_S ? (int64_t)retry_after : LONGEST_WAIT_S) * 1000;
    t->took_ms = took_us / 1000;
    t->verdict = verdict_of(&a);
    t->http = a.http;
    t->state = TRANSFER_DONE;
    unload(t);
}

void transfer_give_back(transfer *t, const char *reason)
{
    t->verdict = (verdict){ .state = t->is_last ? "dead" : "pending", .wait_ms = verdict_backoff_ms(t->number) };
    error_copy_line(t->verdict.error, sizeof t->verdict.error, reason);
    t->state = TRANSFER_DONE;
    unload(t);
}
