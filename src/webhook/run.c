/* The public face: as many workers as are wanted, and their common end. */
#include "webhook/worker.h"

#include <curl/curl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

enum {
    WORKERS = 4,
    MOST_WORKERS = 64,
    IN_FLIGHT = 64,
    PER_TENANT = 8,
    MOST_AT_ONCE = 1000,
    TIMEOUT_MS = 10000,
    LONGEST_TIMEOUT_MS = 600000
};

typedef struct hand {
    pthread_t thread;
    crew *crew;
    vdb_status status;
    vdb_error error;
} hand;

static vdb_status choose(const char *name, int given, int standard, int most, int *chosen, vdb_error *error)
{
    *chosen = given == 0 ? standard : given;
    if (*chosen >= 1 && *chosen <= most)
        return VDB_OK;
    return error_set(error, VDB_USAGE, "Give a number within the bounds.", "%s must be 1 to %d", name, most);
}

static vdb_status read_options(crew *c, allowance *allowed, int *workers, vdb_error *error)
{
    const vdb_webhook_options *o = c->options;
    vdb_status status = choose("workers", o->workers, WORKERS, MOST_WORKERS, workers, error);
    if (status == VDB_OK)
        status = choose("in_flight", o->in_flight, IN_FLIGHT, MOST_AT_ONCE, &c->in_flight, error);
    if (status == VDB_OK)
        status = choose("per_tenant", o->per_tenant, PER_TENANT, MOST_AT_ONCE, &c->per_tenant, error);
    if (status == VDB_OK)
        status = choose("timeout_ms", o->timeout_ms, TIMEOUT_MS, LONGEST_TIMEOUT_MS, &c->transfers.timeout_ms, error);
    for (const char *const *n = o->allow; status == VDB_OK && n != NULL && *n != NULL; n++)
        status = allowance_add(allowed, *n, error);
    c->transfers.allowed = allowed;
    c->transfers.ca_file = o->ca_file;
    return status;
}

static void *lend(void *context)
{
    hand *h = context;
    h->status = worker_run(h->crew, &h->error);
    return NULL;
}

static vdb_status run(crew *c, int workers, vdb_error *error)
{
    hand *hands = calloc((size_t)workers, sizeof *hands);
    if (hands == NULL)
        return error_memory(error);
    int started = 0;
    for (; started < workers; started++) {
        hands[started].crew = c;
        if (pthread_create(&hands[started].thread, NULL, lend, &hands[started]) != 0)
            break;
    }
    vdb_status status = started == 0 ? error_memory(error) : VDB_OK;
    for (int i = 0; i < started; i++) {
        pthread_join(hands[i].thread, NULL);
        if (status == VDB_OK && hands[i].status != VDB_OK) {
            status = hands[i].status;
            if (error != NULL)
                *error = hands[i].error;
        }
    }
    free(hands);
    return status;
}

vdb_status vdb_webhook_run(vdb_pool *pool, const vdb_webhook_options *options, vdb_webhook_summary *summary,
                           vdb_error *error)
{
    static const vdb_webhook_options standard = { 0 };
    allowance allowed = { 0 };
    crew c = { .pool = pool, .options = options == NULL ? &standard : options };
    int workers;
    error_clear(error);
    vdb_status status = read_options(&c, &allowed, &workers, error);
    if (status == VDB_OK)
        status = unscoped_sees_all(pool, QUERY_WEBHOOK_SEES_ALL, error);
    if (status != VDB_OK)
        return status;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || sodium_init() < 0)
        return error_set(error, VDB_DEFECT, "Reinstall libcurl and libsodium.", "libcurl or libsodium does not start");
    status = run(&c, workers, error);
    curl_global_cleanup();
    if (summary != NULL)
        *summary = (vdb_webhook_summary){ atomic_load(&c.delivered), atomic_load(&c.failed), atomic_load(&c.dead) };
    return status;
}
