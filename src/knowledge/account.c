#include "knowledge/account.h"

#include "knowledge/remote_config.h"
#include "store/usage.h"

#include <time.h>

static usage_key key_of(const remote_config *c)
{
    return (usage_key){ .provider_name = c->provider_name, .embedding_model = c->label };
}

/* How long a request of so many tokens keeps the next one waiting. */
static double seconds_of(const remote_config *c, int64_t tokens)
{
    double by_requests = c->requests_per_minute == 0 ? 0 : 60.0 / c->requests_per_minute;
    double by_tokens = c->tokens_per_minute == 0 ? 0 : 60.0 * (double)tokens / c->tokens_per_minute;
    return by_requests > by_tokens ? by_requests : by_tokens;
}

/* A question takes its turn, so that documents make room for it, but does not wait for it: a caller does. */
static vdb_status before(void *context, const remote_config *c, embed_kind kind, int64_t tokens, vdb_error *error)
{
    double wait_ms, seconds = seconds_of(c, tokens);
    if (seconds == 0)
        return VDB_OK;
    vdb_status status = usage_pace(context, key_of(c), seconds, &wait_ms, error);
    if (status != VDB_OK || kind == EMBED_QUERY || wait_ms <= 0)
        return status;
    struct timespec left = { .tv_sec = (time_t)(wait_ms / 1e3), .tv_nsec = (long)(wait_ms * 1e6) % 1000000000 };
    while (nanosleep(&left, &left) != 0)
        continue;
    return VDB_OK;
}

/* That the count cannot be written is no reason to throw away what was paid for. */
static void after(void *context, const remote_config *c, const embed_usage *used)
{
    const usage u = { used->requests, used->texts, used->tokens, c->price };
    vdb_status ignored = usage_add(context, key_of(c), &u, NULL);
    (void)ignored;
}

embed_account account_of(vdb_tenant *t)
{
    return (embed_account){ .context = t, .before = before, .after = after };
}
