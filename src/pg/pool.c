#include "pg/pool.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    DEFAULT_CONNECTIONS = 8,
    MOST_CONNECTIONS = 1000,
    DEFAULT_ACQUIRE_MS = 5000,
    DEFAULT_STATEMENT_MS = 30000,
    FACT_SECONDS = 60,
    MISSED_OFTEN = 16, /* a program that asks once shall not connect twice */
};

struct vdb_pool {
    pthread_mutex_t lock;
    pthread_cond_t released;
    connection_options options;
    char *conninfo;
    keyring *keys;
    int acquire_timeout_ms;
    int max_connections;
    int open;        /* idle ones and borrowed ones */
    int idle;        /* how many of `stack` */
    unsigned missed; /* how often there was no spare one */
    bool needs_settings;
    int fact;
    time_t fact_noted_at;
    pool_attachment *attached[POOL_LAYERS];
    connection *stack[]; /* idle connections, the last released on top */
};

static time_t now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

static int or_default(int value, int otherwise)
{
    return value > 0 ? value : otherwise;
}

static vdb_pool *allocate(const vdb_options *options)
{
    int most = or_default(options->max_connections, DEFAULT_CONNECTIONS);
    if (most > MOST_CONNECTIONS)
        most = MOST_CONNECTIONS;
    vdb_pool *pool = calloc(1, sizeof *pool + (size_t)most * sizeof pool->stack[0]);
    if (pool == NULL)
        return NULL;
    pool->conninfo = options->conninfo == NULL ? NULL : strdup(options->conninfo);
    pool->options = (connection_options){
        .conninfo = pool->conninfo,
        .statement_timeout_ms = or_default(options->statement_timeout_ms, DEFAULT_STATEMENT_MS),
        .no_prepared = options->no_prepared,
    };
    pool->acquire_timeout_ms = or_default(options->acquire_timeout_ms, DEFAULT_ACQUIRE_MS);
    pool->max_connections = most;
    pool->fact = -1;
    pthread_mutex_init(&pool->lock, NULL);
    clock_condition_init(&pool->released);
    return pool;
}

vdb_status vdb_pool_open(const vdb_options *options, vdb_pool **pool, vdb_error *error)
{
    error_clear(error);
    options = options == NULL ? &(vdb_options){ 0 } : options;
    vdb_pool *new = allocate(options);
    if (new == NULL)
        return error_memory(error);
    new->keys = keyring_new(options->master_key_file);
    if (new->keys == NULL) {
        vdb_pool_close(new);
        return error_memory(error);
    }
    connection *first;
    vdb_status status = pool_acquire(new, &first, error);
    if (status != VDB_OK) {
        vdb_pool_close(new);
        return status;
    }
    new->needs_settings = connection_needs_settings(first);
    pool_release(new, first);
    *pool = new;
    return VDB_OK;
}

void vdb_pool_close(vdb_pool *pool)
{
    if (pool == NULL)
        return;
    while (pool->idle > 0)
        connection_close(pool->stack[--pool->idle]);
    for (int i = 0; i < POOL_LAYERS; i++) {
        if (pool->attached[i] != NULL)
            pool->attached[i]->destroy(pool->attached[i]);
    }
    pthread_cond_destroy(&pool->released);
    pthread_mutex_destroy(&pool->lock);
    keyring_free(pool->keys);
    free(pool->conninfo);
    free(pool);
}

/* An idle connection, or NULL and the right to open one; false: none became free in time. */
static bool take(vdb_pool *pool, connection **c)
{
    struct timespec deadline = clock_after_ms(pool->acquire_timeout_ms);
    bool taken = true;
    *c = NULL;
    pthread_mutex_lock(&pool->lock);
    while (taken && pool->idle == 0 && pool->open == pool->max_connections)
        taken = pthread_cond_timedwait(&pool->released, &pool->lock, &deadline) != ETIMEDOUT;
    taken = taken || pool->idle > 0 || pool->open < pool->max_connections;
    if (taken && pool->idle > 0)
        *c = pool->stack[--pool->idle];
    else if (taken)
        pool->open++;
    pthread_mutex_unlock(&pool->lock);
    return taken;
}

static void forget(vdb_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->open--;
    pthread_cond_signal(&pool->released);
    pthread_mutex_unlock(&pool->lock);
}

/* What was taken, or a new one where that is nothing or no longer good. */
static vdb_status make_usable(vdb_pool *pool, connection **c, vdb_error *error)
{
    if (*c != NULL && connection_usable(*c))
        return VDB_OK;
    connection_close(*c);
    vdb_status status = connection_open(&pool->options, c, error);
    if (status != VDB_OK)
        forget(pool);
    return status;
}

vdb_status pool_acquire(vdb_pool *pool, connection **c, vdb_error *error)
{
    if (!take(pool, c))
        return error_set(error, VDB_UNREACHABLE, "Raise max_connections, or make fewer calls at once.",
                         "all %d connections of the pool are in use", pool->max_connections);
    return make_usable(pool, c, error);
}

void pool_release(vdb_pool *pool, connection *c)
{
    if (connection_failed(c)) {
        connection_close(c);
        forget(pool);
        return;
    }
    connection_allow(c, pool->options.statement_timeout_ms);
    pthread_mutex_lock(&pool->lock);
    pool->stack[pool->idle++] = c;
    pthread_cond_signal(&pool->released);
    pthread_mutex_unlock(&pool->lock);
}

/* As take(), at once or never. */
static bool take_spare(vdb_pool *pool, connection **c)
{
    *c = NULL;
    pthread_mutex_lock(&pool->lock);
    bool opens = pool->idle == 1 && pool->open < pool->max_connections && ++pool->missed % MISSED_OFTEN == 0;
    if (pool->idle > 1)
        *c = pool->stack[--pool->idle];
    else if (opens)
        pool->open++;
    pthread_mutex_unlock(&pool->lock);
    return *c != NULL || opens;
}

connection *pool_acquire_spare(vdb_pool *pool)
{
    connection *c;
    return take_spare(pool, &c) && make_usable(pool, &c, NULL) == VDB_OK ? c : NULL;
}

vdb_status pool_acquire_patient(vdb_pool *pool, connection **c, vdb_error *error)
{
    vdb_status status = pool_acquire(pool, c, error);
    if (status == VDB_OK)
        connection_allow(*c, 0);
    return status;
}

vdb_status pool_open_patient(vdb_pool *pool, connection **c, vdb_error *error)
{
    connection_options options = pool->options;
    options.statement_timeout_ms = 0;
    return connection_open(&options, c, error);
}

vdb_status pool_open_extra(vdb_pool *pool, connection **c, vdb_error *error)
{
    return connection_open(&pool->options, c, error);
}

static bool only_reads(const statement *statements, size_t count)
{
    bool reads = true;
    for (size_t i = 0; i < count; i++)
        reads = reads && statements[i].query->reads;
    return reads;
}

vdb_status pool_run(vdb_pool *pool, const statement *statements, size_t count, PGresult **result, vdb_error *error)
{
    PGresult *last;
    vdb_status status = pool_run_all(pool, statements, count, &last, 1, error);
    if (status == VDB_OK && result != NULL)
        *result = last;
    else
        PQclear(last);
    return status;
}

vdb_status pool_run_all(vdb_pool *pool, const statement *statements, size_t count, PGresult **results, size_t wanted,
                        vdb_error *error)
{
    for (size_t i = 0; i < wanted; i++)
        results[i] = NULL;
    bool again = only_reads(statements, count);
    for (;;) {
        connection *c;
        vdb_status status = pool_acquire(pool, &c, error);
        if (status != VDB_OK)
            return status;
        status = connection_run_all(c, statements, count, results, wanted, error);
        bool lost = connection_lost(c);
        pool_release(pool, c);
        if (status == VDB_OK || !lost || !again)
            return status;
        again = false;
    }
}

keyring *pool_keyring(vdb_pool *pool)
{
    return pool->keys;
}

bool pool_needs_settings(vdb_pool *pool)
{
    return pool->needs_settings;
}

bool pool_prepares(vdb_pool *pool)
{
    return !pool->options.no_prepared;
}

int pool_statement_timeout(vdb_pool *pool)
{
    return pool->options.statement_timeout_ms;
}

pool_attachment *pool_attached(vdb_pool *pool, pool_layer layer, pool_attachment *(*make)(void))
{
    pthread_mutex_lock(&pool->lock);
    if (pool->attached[layer] == NULL)
        pool->attached[layer] = make();
    pool_attachment *attached = pool->attached[layer];
    pthread_mutex_unlock(&pool->lock);
    return attached;
}

int pool_noted(vdb_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    int fact = now_s() - pool->fact_noted_at < FACT_SECONDS ? pool->fact : -1;
    pthread_mutex_unlock(&pool->lock);
    return fact;
}

void pool_note(vdb_pool *pool, int fact)
{
    pthread_mutex_lock(&pool->lock);
    pool->fact = fact;
    pool->fact_noted_at = now_s();
    pthread_mutex_unlock(&pool->lock);
}
