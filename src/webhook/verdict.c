#include "webhook/verdict.h"

#include "base/error.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_MS = 15000, LONGEST_MS = 3600000, LONGEST_PAUSE_MS = 3600000, DOUBLINGS = 8 };

int64_t verdict_backoff_ms(int64_t number)
{
    int64_t most = (int64_t)FIRST_MS << (number - 1 < DOUBLINGS ? number - 1 : DOUBLINGS);
    if (most > LONGEST_MS)
        most = LONGEST_MS;
    return most / 2 + randombytes_uniform((uint32_t)(most / 2) + 1);
}

/* No later attempt would find anything else. */
static bool is_hopeless(const attempt *a)
{
    return a->code == CURLE_UNSUPPORTED_PROTOCOL || a->code == CURLE_URL_MALFORMAT ||
           (a->code == CURLE_OK && a->http == 410);
}

/* A refusal of this one notice says nothing about the next one. */
static health health_of(const attempt *a)
{
    if (a->code != CURLE_OK || a->http >= 500 || a->http == 408 || a->http == 425 || a->http == 429)
        return HEALTH_BAD;
    return HEALTH_UNKNOWN;
}

static void explain(const attempt *a, verdict *v)
{
    char line[512];
    if (a->refused[0] != '\0')
        snprintf(line, sizeof line, "refused to connect to %s", a->refused);
    else if (a->code == CURLE_OK || (a->code == CURLE_WRITE_ERROR && a->http > 0))
        snprintf(line, sizeof line, "the receiver answered %ld%s", a->http, a->code == CURLE_OK ? "" : ", without end");
    else
        snprintf(line, sizeof line, "%s", a->reason[0] != '\0' ? a->reason : curl_easy_strerror(a->code));
    error_copy_line(v->error, sizeof v->error, line);
}

verdict verdict_of(const attempt *a)
{
    verdict v = { .state = "delivered", .endpoint = HEALTH_GOOD };
    /* Who has said 2xx has the notice, whatever becomes of the rest of the answer. */
    if (a->http >= 200 && a->http <= 299)
        return v;
    v.state = a->is_last || is_hopeless(a) ? "dead" : "pending";
    v.endpoint = health_of(a);
    v.wait_ms = verdict_backoff_ms(a->number);
    if (a->retry_after_ms > v.wait_ms)
        v.wait_ms = a->retry_after_ms;
    if (v.endpoint == HEALTH_BAD)
        v.pause_ms = a->retry_after_ms < LONGEST_PAUSE_MS ? a->retry_after_ms : LONGEST_PAUSE_MS;
    explain(a, &v);
    return v;
}
