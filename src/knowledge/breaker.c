#include "knowledge/breaker.h"

#include "base/clock.h"
#include "pg/pool.h"

#include <math.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FAILING = 256, KEY_LENGTH = 32 };

static const double slack_ms = 5; /* by which a time-out may come early */
static const double more = 1.25;  /* of questions with one deadline, some have a few milliseconds more than others */

bool breaker_allows(breaker *b, double limit_ms, double now)
{
    if (b->failures < BREAKER_FAILURES || limit_ms > more * b->patience_ms)
        return true;
    if (now < b->until)
        return false;
    b->pause_ms = fmin(2 * b->pause_ms, BREAKER_LONGEST_PAUSE_MS);
    b->until = now + b->pause_ms;
    return true;
}

void breaker_failed(breaker *b, double limit_ms, double took_ms, double now)
{
    b->patience_ms = fmax(b->patience_ms, took_ms + slack_ms >= limit_ms ? limit_ms : (double)INFINITY);
    if (++b->failures == BREAKER_FAILURES) {
        b->pause_ms = BREAKER_PAUSE_MS;
        b->until = now + b->pause_ms;
    }
}

/* ---- the providers that failed last ------------------------------------------------------------------------------ */

typedef struct failing {
    unsigned char key[KEY_LENGTH];
    double told; /* when last */
    breaker breaker;
} failing;

typedef struct breakers {
    pool_attachment attachment;
    pthread_mutex_t lock;
    size_t count;
    failing list[MOST_FAILING];
} breakers;

static void destroy(pool_attachment *attachment)
{
    breakers *a = (breakers *)attachment;
    pthread_mutex_destroy(&a->lock);
    free(a);
}

static pool_attachment *make(void)
{
    breakers *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->attachment.destroy = destroy;
    pthread_mutex_init(&a->lock, NULL);
    return &a->attachment;
}

static void make_key(breaker_key provider, unsigned char key[KEY_LENGTH])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, KEY_LENGTH);
    const char *const parts[] = { provider.provider_uuid, provider.config };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        crypto_generichash_update(&state, (const unsigned char *)parts[i], strlen(parts[i]));
    crypto_generichash_final(&state, key, KEY_LENGTH);
}

static failing *find(breakers *a, const unsigned char key[KEY_LENGTH])
{
    for (size_t i = 0; i < a->count; i++) {
        if (memcmp(a->list[i].key, key, KEY_LENGTH) == 0)
            return &a->list[i];
    }
    return NULL;
}

/* In the place of the one that nobody has asked for longest, when there is no room. */
static failing *add(breakers *a, const unsigned char key[KEY_LENGTH])
{
    failing *f = a->list;
    if (a->count < MOST_FAILING) {
        f = &a->list[a->count++];
    } else {
        for (size_t i = 1; i < a->count; i++)
            f = a->list[i].told < f->told ? &a->list[i] : f;
    }
    *f = (failing){ 0 };
    memcpy(f->key, key, KEY_LENGTH);
    return f;
}

bool provider_allowed(vdb_pool *pool, breaker_key provider, double limit_ms, double *wait_ms)
{
    unsigned char key[KEY_LENGTH];
    breakers *a = (breakers *)pool_attached(pool, LAYER_KNOWLEDGE, make);
    if (a == NULL)
        return true;
    make_key(provider, key);
    pthread_mutex_lock(&a->lock);
    failing *f = find(a, key);
    double now = clock_ms();
    bool allowed = f == NULL || breaker_allows(&f->breaker, limit_ms, now);
    *wait_ms = allowed ? 0 : f->breaker.until - now;
    pthread_mutex_unlock(&a->lock);
    return allowed;
}

void provider_told(vdb_pool *pool, breaker_key provider, bool answered, double limit_ms, double took_ms)
{
    unsigned char key[KEY_LENGTH];
    breakers *a = (breakers *)pool_attached(pool, LAYER_KNOWLEDGE, make);
    if (a == NULL)
        return;
    make_key(provider, key);
    pthread_mutex_lock(&a->lock);
    failing *f = find(a, key);
    if (answered && f != NULL) {
        *f = a->list[--a->count];
    } else if (!answered) {
        f = f == NULL ? add(a, key) : f;
        f->told = clock_ms();
        breaker_failed(&f->breaker, limit_ms, took_ms, f->told);
    }
    pthread_mutex_unlock(&a->lock);
}
