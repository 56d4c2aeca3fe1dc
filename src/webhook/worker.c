#include "webhook/worker.h"

#include "base/arena.h"
#include "schema/lock.h"
#include "webhook/settings.h"

#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum {
    POLL_MS = 1000,       /* the net under the notifications, and what brings retries on their way */
    AGAIN_MS = 20,        /* after a claim that took nothing: others may have had the tenant's share just then */
    MOST_EMPTY = 2,       /* such claims, one after the other, mean that nothing is due */
    NAP_MS = 100,         /* how soon a worker sees that it should stop */
    GRACE_MS = 30000,     /* of a lease, beyond the longest transfer */
    MOST_ENDPOINTS = 200, /* that one claim walks over */
    MOST_STATEMENTS = 4,
    LOST_MS = 30000, /* how long a worker that should stop waits for a database that is away */
    FIRST_RETRY_MS = 250,
    LONGEST_RETRY_MS = 5000
};

static const char ring_begin[] = "00000000-0000-0000-0000-000000000000";

typedef struct worker {
    crew *crew;
    connection *connection; /* NULL: there is none just now */
    CURLM *multi;
    transfer *transfers;
    int flying;
    int done; /* but not yet kept in the database */
    char behind[37];
    int64_t next_claim; /* by now_ms() */
    bool idle;          /* the last claim went all around and left nothing that it could take */
    int empty;          /* so many claims, one after the other, took nothing */
} worker;

static bool is_stopping(const worker *w)
{
    const vdb_webhook_options *o = w->crew->options;
    return atomic_load(&w->crew->broken) || (o->stopping != NULL && o->stopping(o->context));
}

/* ---- what came of it, to the database ---------------------------------------------------------------------------- */

static json_t *outcome_of(const transfer *t)
{
    const verdict *v = &t->verdict;
    json_t *o = json_pack("{s:s, s:s, s:s, s:I, s:I}", "delivery_uuid", t->delivery_uuid, "claimed_at", t->claimed_at,
                          "state", v->state, "wait_ms", (json_int_t)v->wait_ms, "took_ms", (json_int_t)t->took_ms);
    bool whole = o != NULL && (t->http == 0 || json_object_set_new(o, "status", json_integer(t->http)) == 0) &&
                 (v->error[0] == '\0' || json_object_set_new(o, "error", json_string(v->error)) == 0) &&
                 (v->endpoint == HEALTH_UNKNOWN ||
                  (json_object_set_new(o, "healthy", json_boolean(v->endpoint == HEALTH_GOOD)) == 0 &&
                   json_object_set_new(o, "pause_ms", json_integer(v->pause_ms)) == 0));
    if (whole)
        return o;
    json_decref(o);
    return NULL;
}

/* Release with free(); NULL: memory ran out. */
static char *outcomes_text(const worker *w)
{
    json_t *all = json_array();
    bool whole = all != NULL;
    for (int i = 0; whole && i < w->crew->in_flight; i++) {
        if (w->transfers[i].state == TRANSFER_DONE)
            whole = json_array_append_new(all, outcome_of(&w->transfers[i])) == 0;
    }
    char *text = whole ? json_dumps(all, JSON_COMPACT) : NULL;
    json_decref(all);
    return text;
}

static void tell_dead(const worker *w, const transfer *t)
{
    const vdb_webhook_options *o = w->crew->options;
    char line[512];
    snprintf(line, sizeof line, "notice %s of tenant %s is dead after %lld attempts: %s", t->delivery_uuid,
             t->domain_uuid, (long long)t->number, t->verdict.error);
    if (o->note != NULL)
        o->note(o->context, line);
}

static void let_go(worker *w)
{
    for (int i = 0; i < w->crew->in_flight; i++) {
        transfer *t = &w->transfers[i];
        if (t->state != TRANSFER_DONE)
            continue;
        t->state = TRANSFER_FREE;
        if (strcmp(t->verdict.state, "delivered") == 0) {
            atomic_fetch_add(&w->crew->delivered, 1);
            continue;
        }
        atomic_fetch_add(&w->crew->failed, 1);
        if (strcmp(t->verdict.state, "dead") == 0) {
            atomic_fetch_add(&w->crew->dead, 1);
            tell_dead(w, t);
        }
    }
    w->done = 0;
}

/* ---- what is due, from the database ------------------------------------------------------------------------------ */

enum { WALKED_TO, DELIVERY, CLAIMED_AT, ATTEMPTS, IS_LAST, DOMAIN, URL, CONFIG, DATA_KEY, BODY };

static transfer *free_transfer(worker *w)
{
    for (int i = 0; i < w->crew->in_flight; i++) {
        if (w->transfers[i].state == TRANSFER_FREE)
            return &w->transfers[i];
    }
    return NULL;
}

/* A notice that cannot be begun has failed too: else its lease would have to end first. */
static vdb_status begin(worker *w, const PGresult *rows, int row, vdb_error *error)
{
    transfer *t = free_transfer(w);
    webhook_secrets secrets;
    vdb_error reason = { 0 };
    if (t == NULL)
        return error_set(error, VDB_DEFECT, "Report this.", "more notices were taken than there is room for");
    const char *config = PQgetvalue(rows, row, CONFIG), *domain = PQgetvalue(rows, row, DOMAIN);
    const notice n = {
        .delivery_uuid = PQgetvalue(rows, row, DELIVERY),
        .claimed_at = PQgetvalue(rows, row, CLAIMED_AT),
        .attempts = strtoll(PQgetvalue(rows, row, ATTEMPTS), NULL, 10),
        .is_last = PQgetvalue(rows, row, IS_LAST)[0] == 't',
        .domain_uuid = domain,
        .url = PQgetvalue(rows, row, URL),
        .body = PQgetvalue(rows, row, BODY),
        .secrets = secrets.list,
    };
    transfer_take(t, &n);
    vdb_status status =
        webhook_secrets_open(w->crew->pool, domain, config, PQgetvalue(rows, row, DATA_KEY), &secrets, &reason);
    if (status == VDB_OK)
        status = transfer_load(t, &n, &reason);
    webhook_secrets_wipe(&secrets);
    if (status == VDB_OK && curl_multi_add_handle(w->multi, t->curl) == CURLM_OK) {
        w->flying++;
        return VDB_OK;
    }
    transfer_give_back(t, reason.message);
    w->done++;
    return VDB_OK;
}

static vdb_status begin_all(worker *w, const PGresult *rows, vdb_error *error)
{
    vdb_status status = VDB_OK;
    bool ring_closed = PQgetisnull(rows, 0, WALKED_TO);
    bool from_begin = strcmp(w->behind, ring_begin) == 0;
    int count = PQgetisnull(rows, 0, DELIVERY) ? 0 : PQntuples(rows);
    snprintf(w->behind, sizeof w->behind, "%s", ring_closed ? ring_begin : PQgetvalue(rows, 0, WALKED_TO));
    w->idle = ring_closed && from_begin && count < w->crew->in_flight - w->flying;
    for (int row = 0; status == VDB_OK && row < count; row++)
        status = begin(w, rows, row, error);
    w->empty = w->idle && count == 0 ? w->empty + 1 : 0;
    w->next_claim =
        !w->idle ? 0 : now_ms() + (w->empty < MOST_EMPTY ? AGAIN_MS + randombytes_uniform(AGAIN_MS) : POLL_MS);
    return status;
}

/* One round trip: keeps what is done, takes what is due. */
static vdb_status exchange(worker *w, bool claim, vdb_error *error)
{
    number most, per_tenant, lease, endpoints;
    const int64_t lease_ms = (int64_t)w->crew->transfers.timeout_ms + GRACE_MS;
    char timeout[16];
    snprintf(timeout, sizeof timeout, "%d", pool_statement_timeout(w->crew->pool));
    char *outcomes = w->done > 0 ? outcomes_text(w) : NULL;
    if (w->done > 0 && outcomes == NULL)
        return error_memory(error);
    const param claimed[] = { P(w->behind), p_int(&(int64_t){ MOST_ENDPOINTS }, &endpoints),
                              p_int(&(int64_t){ w->crew->per_tenant }, &per_tenant),
                              p_int(&(int64_t){ w->crew->in_flight - w->flying }, &most), p_int(&lease_ms, &lease) };
    const param finished[] = { P(outcomes) }, settings[] = { P(timeout) };
    statement statements[MOST_STATEMENTS];
    size_t count = 0;
    if (pool_needs_settings(w->crew->pool))
        statements[count++] = (statement){ &queries[QUERY_SESSION_SETTINGS], settings };
    statements[count++] = (statement){ &queries[QUERY_WEBHOOK_SESSION], NULL };
    if (outcomes != NULL)
        statements[count++] = (statement){ &queries[QUERY_WEBHOOK_FINISH], finished };
    if (claim)
        statements[count++] = (statement){ &queries[QUERY_WEBHOOK_CLAIM], claimed };
    PGresult *rows = NULL;
    vdb_status status = connection_run(w->connection, statements, count, &rows, error);
    free(outcomes);
    if (status == VDB_OK)
        let_go(w);
    if (status == VDB_OK && claim)
        status = begin_all(w, rows, error);
    PQclear(rows);
    return status;
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

static void collect(worker *w)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(w->multi, &left)) != NULL;) {
        if (m->msg != CURLMSG_DONE)
            continue;
        CURL *handle = m->easy_handle;
        CURLcode code = m->data.result;
        transfer *t;
        curl_easy_getinfo(handle, CURLINFO_PRIVATE, (char **)&t);
        curl_multi_remove_handle(w->multi, handle);
        transfer_finish(t, code);
        w->flying--;
        w->done++;
    }
}

/* Waits for a transfer, a notification or the time of the next claim. */
static vdb_status wait_for_something(worker *w, bool stopping, vdb_error *error)
{
    int64_t left = w->next_claim - now_ms();
    int most = stopping || left > NAP_MS || w->flying == w->crew->in_flight ? NAP_MS : left > 0 ? (int)left : 0;
    struct curl_waitfd database = { .fd = connection_socket(w->connection), .events = CURL_WAIT_POLLIN };
    if (curl_multi_poll(w->multi, &database, 1, most, NULL) != CURLM_OK)
        return error_memory(error);
    bool notified = false;
    vdb_status status = connection_hear(w->connection, &notified, error);
    if (notified)
        w->next_claim = 0;
    return status;
}

/* One turn; `*over` when there is no reason for another. */
static vdb_status turn(worker *w, bool *over, vdb_error *error)
{
    int running;
    bool stopping = is_stopping(w);
    curl_multi_perform(w->multi, &running);
    collect(w);
    bool claim = !stopping && w->flying < w->crew->in_flight && (w->done > 0 || now_ms() >= w->next_claim);
    vdb_status status = claim || w->done > 0 ? exchange(w, claim, error) : VDB_OK;
    if (status != VDB_OK)
        return status;
    bool resting = w->flying == 0 && w->done == 0;
    *over = resting && (stopping || (w->crew->options->once && w->empty >= MOST_EMPTY));
    return *over || (w->done > 0) || (claim && !w->idle && w->flying == 0) ? VDB_OK
                                                                           : wait_for_something(w, stopping, error);
}

static vdb_status connect_to_database(worker *w, vdb_error *error)
{
    vdb_status status = pool_open_extra(w->crew->pool, &w->connection, error);
    if (status == VDB_OK && !connection_needs_settings(w->connection))
        status = connection_execute(w->connection, queries[QUERY_WEBHOOK_LISTEN].text, error);
    w->next_claim = 0;
    return status;
}

static void tell(const worker *w, const vdb_error *error)
{
    const vdb_webhook_options *o = w->crew->options;
    if (o->note != NULL)
        o->note(o->context, error->message);
}

/* Transfers go on meanwhile; what is done stays in its place until it can be kept. */
static void nap(worker *w, int ms)
{
    int running;
    curl_multi_poll(w->multi, NULL, 0, ms, NULL);
    curl_multi_perform(w->multi, &running);
    collect(w);
}

/* Until the database answers again: true. False: the worker should stop and has waited long enough. */
static bool reconnect(worker *w)
{
    vdb_error error;
    int64_t gave_up = 0;
    for (int pause = FIRST_RETRY_MS;; pause = 2 * pause < LONGEST_RETRY_MS ? 2 * pause : LONGEST_RETRY_MS) {
        connection_close(w->connection);
        w->connection = NULL;
        if (connect_to_database(w, &error) == VDB_OK)
            return true;
        bool stopping = is_stopping(w);
        if (stopping && gave_up == 0)
            gave_up = now_ms() + LOST_MS;
        if (stopping && (now_ms() >= gave_up || w->flying + w->done == 0))
            return false;
        for (int64_t until = now_ms() + pause; now_ms() < until && is_stopping(w) == stopping;)
            nap(w, NAP_MS);
    }
}

static vdb_status work(worker *w, vdb_error *error)
{
    vdb_status status = connect_to_database(w, error);
    for (bool over = false; status == VDB_OK && !over;) {
        status = turn(w, &over, error);
        bool lost = status != VDB_OK && (status == VDB_UNREACHABLE || status == VDB_CONFLICT);
        if (!lost || w->crew->options->once)
            continue;
        tell(w, error);
        over = !reconnect(w);
        status = VDB_OK;
    }
    return status;
}

static bool prepare(worker *w)
{
    w->multi = curl_multi_init();
    w->transfers = calloc((size_t)w->crew->in_flight, sizeof *w->transfers);
    bool good = w->multi != NULL && w->transfers != NULL;
    for (int i = 0; good && i < w->crew->in_flight; i++)
        good = transfer_begin(&w->transfers[i], &w->crew->transfers);
    return good;
}

static void dismiss(worker *w)
{
    for (int i = 0; w->transfers != NULL && i < w->crew->in_flight; i++) {
        if (w->transfers[i].state == TRANSFER_FLYING)
            curl_multi_remove_handle(w->multi, w->transfers[i].curl);
        transfer_end(&w->transfers[i]);
    }
    free(w->transfers);
    curl_multi_cleanup(w->multi);
    connection_close(w->connection);
}

vdb_status worker_run(crew *all, vdb_error *error)
{
    worker w = { .crew = all };
    snprintf(w.behind, sizeof w.behind, "%s", ring_begin);
    vdb_status status = prepare(&w) ? work(&w, error) : error_memory(error);
    if (status != VDB_OK)
        atomic_store(&all->broken, true);
    dismiss(&w);
    return status;
}
