#include "calls/sender.h"

#include "base/clock.h"
#include "calls/dead.h"

#include <sodium.h>
#include <string.h>

enum { MOST_ITEMS = 500, MOST_BYTES = 4 << 20, FIRST_PAUSE_MS = 50, LONGEST_PAUSE_MS = 5000, MOST_TRIES = 100 };

/* What a sender is at. */
typedef struct load {
    item *items[MOST_ITEMS];
    size_t count;
} load;

void sender_add(sender *s, item *i)
{
    i->next = NULL;
    if (s->queue.last == NULL)
        s->queue.first = i;
    else
        s->queue.last->next = i;
    s->queue.last = i;
    s->queue.count++;
    pthread_cond_signal(&s->work);
}

static void take(sender *s, load *l)
{
    size_t bytes = 0;
    l->count = 0;
    while (s->queue.first != NULL && l->count < MOST_ITEMS && bytes < MOST_BYTES) {
        item *i = s->queue.first;
        s->queue.first = i->next;
        if (s->queue.first == NULL)
            s->queue.last = NULL;
        s->queue.count--;
        bytes += i->length;
        l->items[l->count++] = i;
    }
}

/* ---- pauses ------------------------------------------------------------------------------------------------------ */

static void wait_until(sender *s, int ms)
{
    struct timespec until = clock_after_ms(ms);
    int waited = 0;
    while (!s->shared->stop && waited == 0)
        waited = pthread_cond_timedwait(&s->work, &s->shared->lock, &until);
}

/* Pauses double, with jitter: many senders shall not come back to a server that has just started at one moment. */
static void pause_after(sender *s, const vdb_error *error)
{
    s->pause_ms = s->pause_ms == 0 ? FIRST_PAUSE_MS : s->pause_ms * 2;
    if (s->pause_ms > LONGEST_PAUSE_MS)
        s->pause_ms = LONGEST_PAUSE_MS;
    int jitter = (int)randombytes_uniform((uint32_t)s->pause_ms / 2 + 1);
    pthread_mutex_lock(&s->shared->lock);
    s->shared->last = *error;
    wait_until(s, s->pause_ms / 2 + jitter);
    pthread_mutex_unlock(&s->shared->lock);
}

static void went_well(sender *s)
{
    s->pause_ms = 0;
    pthread_mutex_lock(&s->shared->lock);
    s->shared->last = (vdb_error){ 0 };
    pthread_mutex_unlock(&s->shared->lock);
}

static bool is_stopped(sender *s)
{
    pthread_mutex_lock(&s->shared->lock);
    bool stop = s->shared->stop;
    pthread_mutex_unlock(&s->shared->lock);
    return stop;
}

/* ---- the connection ---------------------------------------------------------------------------------------------- */

static void count_connection(sender *s, int change)
{
    pthread_mutex_lock(&s->shared->lock);
    s->shared->connected += change;
    pthread_mutex_unlock(&s->shared->lock);
}

static void disconnect(sender *s)
{
    if (s->connection == NULL)
        return;
    connection_close(s->connection);
    s->connection = NULL;
    count_connection(s, -1);
}

static vdb_status connect_if_needed(sender *s, vdb_error *error)
{
    if (s->connection != NULL && !connection_usable(s->connection))
        disconnect(s);
    if (s->connection != NULL)
        return VDB_OK;
    vdb_status status = connection_open(&s->shared->database, &s->connection, error);
    if (status == VDB_OK)
        count_connection(s, 1);
    return status;
}

/* ---- outcomes ---------------------------------------------------------------------------------------------------- */

static void finish(sender *s, item *i, bool stored)
{
    pthread_mutex_lock(&s->shared->lock);
    s->shared->stored += stored;
    s->shared->refused += !stored;
    pthread_mutex_unlock(&s->shared->lock);
    atomic_store(&i->done, true);
}

/* It is not done before its line is in the file: this is tried until it succeeds. */
static void bury(sender *s, item *i)
{
    vdb_error error;
    while (dead_write(s->shared->directory, &i->entry, i->state.reason, s->shared->durable, &error) != VDB_OK) {
        pause_after(s, &error);
        if (is_stopped(s))
            return;
    }
    s->shared->note(s->shared->context, i->state.reason == NULL ? "a record was refused" : i->state.reason);
    finish(s, i, false);
}

/* A failure of the database, of its schema or of what the login may: it passes, or the operator can end it. */
static bool will_pass(vdb_status status, const vdb_error *error)
{
    return status == VDB_UNREACHABLE || status == VDB_NOT_ALLOWED || status == VDB_SCHEMA ||
           error->sqlstate[0] == '\0' || strncmp(error->sqlstate, "40", 2) == 0 ||
           strcmp(error->sqlstate, "55P03") == 0;
}

static vdb_status send_items(sender *s, batch_item *const *items, size_t count, vdb_error *error)
{
    vdb_status status = connect_if_needed(s, error);
    if (status == VDB_OK)
        status = batch_send(s->connection, s->shared->database.statement_timeout_ms, items, count, error);
    if (s->connection != NULL && connection_failed(s->connection))
        disconnect(s);
    return status;
}

/* Of those of one tenant, `done` ones leave the list. */
static size_t settle(sender *s, item **items, size_t count)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        if (items[i]->state.outcome == OUTCOME_STORED)
            finish(s, items[i], true);
        else if (items[i]->state.outcome == OUTCOME_REFUSED)
            bury(s, items[i]);
        else
            items[left++] = items[i];
    }
    return left;
}

/* Each in a transaction of its own, since one of them is refused and takes all with it. */
static void send_singly(sender *s, item **items, size_t count)
{
    for (size_t i = 0; i < count && !is_stopped(s);) {
        vdb_error error;
        batch_item *one = &items[i]->state;
        vdb_status status = send_items(s, &one, 1, &error);
        if (status != VDB_OK && will_pass(status, &error)) {
            pause_after(s, &error);
            continue;
        }
        went_well(s);
        if (status != VDB_OK)
            batch_refuse(one, &error);
        if (settle(s, &items[i], 1) == 0)
            i++;
    }
}

static void send_tenant(sender *s, item **items, size_t count)
{
    for (int tries = 0; count > 0 && !is_stopped(s);) {
        batch_item *states[MOST_ITEMS];
        for (size_t i = 0; i < count; i++)
            states[i] = &items[i]->state;
        vdb_error error;
        vdb_status status = send_items(s, states, count, &error);
        if (status == VDB_OK) {
            went_well(s);
            count = settle(s, items, count);
        } else if (will_pass(status, &error)) {
            pause_after(s, &error);
        } else {
            send_singly(s, items, count);
            return;
        }
        if (status == VDB_OK && count > 0 && ++tries == MOST_TRIES) {
            send_singly(s, items, count);
            return;
        }
    }
}

/* Turns are counted within a spool: those of two spools must not be moved together. */
static bool go_together(const item *a, const item *b)
{
    return uuid_equal(&a->entry.domain, &b->entry.domain) && a->from->owner == b->from->owner;
}

/* Tenant by tenant, in the order of each one's first record; one spool after the other, as they were read. */
static void send_load(sender *s, const load *l)
{
    load rest = { 0 };
    for (size_t i = 0; i < l->count; i++) {
        if (l->items[i]->state.outcome == OUTCOME_REFUSED)
            bury(s, l->items[i]);
        else
            rest.items[rest.count++] = l->items[i];
    }
    while (rest.count > 0 && !is_stopped(s)) {
        load tenant = { 0 };
        size_t left = 0;
        const item *first = rest.items[0];
        for (size_t i = 0; i < rest.count; i++) {
            if (go_together(rest.items[i], first))
                tenant.items[tenant.count++] = rest.items[i];
            else
                rest.items[left++] = rest.items[i];
        }
        rest.count = left;
        send_tenant(s, tenant.items, tenant.count);
        pthread_mutex_lock(&s->shared->lock);
        pthread_cond_broadcast(&s->shared->changed);
        pthread_mutex_unlock(&s->shared->lock);
    }
}

static void *work(void *context)
{
    sender *s = context;
    load l;
    while (!is_stopped(s)) {
        pthread_mutex_lock(&s->shared->lock);
        while (s->queue.first == NULL && !s->shared->stop)
            pthread_cond_wait(&s->work, &s->shared->lock);
        take(s, &l);
        pthread_mutex_unlock(&s->shared->lock);
        send_load(s, &l);
    }
    disconnect(s);
    return NULL;
}

bool sender_start(sender *s, sending *shared)
{
    *s = (sender){ .shared = shared };
    clock_condition_init(&s->work);
    if (pthread_create(&s->thread, NULL, work, s) == 0)
        return true;
    pthread_cond_destroy(&s->work);
    return false;
}

void sender_join(sender *s)
{
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->work);
}
