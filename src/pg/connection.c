#include "pg/session.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long past the server's own statement_timeout a silent server is waited for. */
enum { GRACE_MS = 5000, CONNECT_SECONDS = 10 };

/*
 * Every registered query has one good plan whatever its parameters. Planning it anew each time, as PostgreSQL would for
 * small tenants, costs as much as running it.
 */
static PGconn *start(const connection_options *options, bool with_settings)
{
    char settings[256];
    snprintf(settings, sizeof settings,
             "-c search_path=public,pg_temp -c statement_timeout=%d -c TimeZone=UTC -c DateStyle=ISO -c jit=off "
             "-c plan_cache_mode=force_generic_plan",
             options->statement_timeout_ms);
    char timeout[16];
    snprintf(timeout, sizeof timeout, "%d", CONNECT_SECONDS);
    const char *keywords[] = { "connect_timeout", "fallback_application_name",      "dbname",
                               "client_encoding", with_settings ? "options" : NULL, NULL };
    const char *values[] = { timeout, "voicedb", options->conninfo == NULL ? "" : options->conninfo,
                             "UTF8",  settings,  NULL };
    return PQconnectdbParams(keywords, values, 1);
}

static void ignore_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

static bool refused_settings(const PGconn *pg)
{
    return PQstatus(pg) != CONNECTION_OK && strstr(PQerrorMessage(pg), "unsupported startup parameter") != NULL;
}

/* Of a string that it cannot read libpq repeats a part, which may be the password: that is found and told here instead.
 */
static vdb_status check_conninfo(const char *conninfo, vdb_error *error)
{
    bool is_name = conninfo == NULL || (strchr(conninfo, '=') == NULL && strstr(conninfo, "://") == NULL);
    PQconninfoOption *parsed = is_name ? NULL : PQconninfoParse(conninfo, NULL);
    if (!is_name && parsed == NULL)
        return error_set(error, VDB_USAGE,
                         "Write it as keyword='value' pairs, or as postgresql://user@host:port/database.",
                         "the connection string is malformed");
    PQconninfoFree(parsed);
    return VDB_OK;
}

vdb_status connection_open(const connection_options *options, connection **c, vdb_error *error)
{
    vdb_status checked = check_conninfo(options->conninfo, error);
    if (checked != VDB_OK)
        return checked;
    connection *new = calloc(1, sizeof *new);
    if (new == NULL)
        return error_memory(error);
    connection_allow(new, options->statement_timeout_ms);
    new->no_prepared = options->no_prepared;
    new->pg = start(options, true);
    if (refused_settings(new->pg)) {
        PQfinish(new->pg);
        new->pg = start(options, false);
        new->needs_settings = true;
    }
    if (PQstatus(new->pg) != CONNECTION_OK) {
        vdb_status status = error_set(error, VDB_UNREACHABLE,
                                      "Check PGHOST, PGPORT, PGUSER and PGDATABASE, and that the server is running.",
                                      "the database cannot be reached");
        error_detail(error, "%s", PQerrorMessage(new->pg));
        connection_close(new);
        return status;
    }
    PQsetNoticeReceiver(new->pg, ignore_notice, NULL);
    if (PQsetnonblocking(new->pg, 1) != 0 || !PQenterPipelineMode(new->pg)) {
        connection_close(new);
        return error_memory(error);
    }
    *c = new;
    return VDB_OK;
}

void connection_allow(connection *c, int statement_timeout_ms)
{
    c->answer_timeout_ms = statement_timeout_ms > 0 ? statement_timeout_ms + GRACE_MS : 0;
}

void connection_close(connection *c)
{
    if (c == NULL)
        return;
    PQfinish(c->pg);
    free(c);
}

bool connection_failed(const connection *c)
{
    return c->broken || PQstatus(c->pg) != CONNECTION_OK;
}

bool connection_usable(const connection *c)
{
    if (connection_failed(c))
        return false;
    /* An idle connection has nothing to say but that it ends. */
    struct pollfd socket = { .fd = PQsocket(c->pg), .events = POLLIN };
    return poll(&socket, 1, 0) == 0;
}

bool connection_needs_settings(const connection *c)
{
    return c->needs_settings;
}

bool connection_lost(const connection *c)
{
    return c->lost;
}

int connection_server_version(const connection *c)
{
    return PQserverVersion(c->pg);
}

vdb_status session_give_up(connection *c, vdb_error *error, const char *message)
{
    c->broken = true;
    c->lost = true;
    PGcancel *cancel = PQstatus(c->pg) == CONNECTION_OK ? PQgetCancel(c->pg) : NULL;
    if (cancel != NULL) {
        char reason[256];
        (void)PQcancel(cancel, reason, sizeof reason);
        PQfreeCancel(cancel);
    }
    vdb_status status =
        error_set(error, VDB_UNREACHABLE, "Check that the server is running and try again.", "%s", message);
    const char *detail = PQerrorMessage(c->pg);
    if (detail[0] != '\0')
        error_detail(error, "%s", detail);
    return status;
}

static int64_t deadline_of(const connection *c)
{
    return c->answer_timeout_ms > 0 ? (int64_t)clock_ms() + c->answer_timeout_ms : 0;
}

/* How long poll() may wait: -1 is for ever. */
static int left_until(int64_t deadline)
{
    int64_t left = deadline - (int64_t)clock_ms();
    return deadline == 0 ? -1 : left > 0 ? (int)left : 0;
}

void session_resume(connection *c)
{
    if (c->broken)
        return;
    if (PQstatus(c->pg) != CONNECTION_OK || PQsetnonblocking(c->pg, 1) != 0 || !PQenterPipelineMode(c->pg))
        c->broken = true;
}

/* Sends what is waiting, and with `result` reads until one can be had without blocking. */
static vdb_status wait_for(connection *c, bool result, int64_t deadline, vdb_error *error)
{
    for (;;) {
        int unsent = PQflush(c->pg);
        if (unsent < 0)
            return session_give_up(c, error, "the connection to the database was lost");
        if (unsent == 0 && (!result || !PQisBusy(c->pg)))
            return VDB_OK;
        struct pollfd socket = { .fd = PQsocket(c->pg), .events = (short)(POLLIN | (unsent > 0 ? POLLOUT : 0)) };
        int ready = poll(&socket, 1, left_until(deadline));
        if (ready == 0)
            return session_give_up(c, error, "the database did not answer in time");
        if (ready < 0 && errno != EINTR)
            return session_give_up(c, error, "the connection to the database was lost");
        if (!PQconsumeInput(c->pg))
            return session_give_up(c, error, "the connection to the database was lost");
    }
}

static bool sent(connection *c, int query_id)
{
    if (c->commands == MOST_COMMANDS)
        return false;
    c->parses[c->commands++] = (int16_t)query_id;
    return true;
}

static bool is_parsed(const connection *c, int query_id)
{
    bool parsed = c->prepared[query_id];
    for (size_t i = 0; i < c->commands; i++)
        parsed |= c->parses[i] == query_id;
    return parsed;
}

static bool send_statement(connection *c, const statement *s)
{
    const query *q = s->query;
    const char *values[MOST_PARAMETERS];
    int lengths[MOST_PARAMETERS], formats[MOST_PARAMETERS];
    for (int i = 0; i < q->parameters; i++) {
        values[i] = s->params[i].value;
        lengths[i] = (int)s->params[i].length;
        formats[i] = s->params[i].binary;
    }
    if (c->no_prepared)
        return PQsendQueryParams(c->pg, q->text, q->parameters, NULL, values, lengths, formats, 0) == 1 &&
               sent(c, NOT_A_PARSE);
    if (!is_parsed(c, q->id) && (PQsendPrepare(c->pg, q->name, q->text, 0, NULL) != 1 || !sent(c, q->id)))
        return false;
    return PQsendQueryPrepared(c->pg, q->name, q->parameters, values, lengths, formats, 0) == 1 && sent(c, NOT_A_PARSE);
}

/*
 * Reads one command's result. In a pipeline each is followed by a NULL; the first failure's successors say
 * PGRES_PIPELINE_ABORTED.
 */
static vdb_status read_result(connection *c, int64_t deadline, PGresult **result, vdb_error *error)
{
    *result = NULL;
    for (;;) {
        vdb_status status = wait_for(c, true, deadline, error);
        if (status != VDB_OK) {
            PQclear(*result);
            *result = NULL;
            return status;
        }
        PGresult *next = PQgetResult(c->pg);
        if (next == NULL && *result != NULL)
            return VDB_OK;
        if (next == NULL)
            return session_give_up(c, error, "the connection to the database was lost");
        PQclear(*result);
        *result = next;
        if (PQresultStatus(next) == PGRES_PIPELINE_SYNC)
            return VDB_OK;
    }
}

vdb_status session_judge(connection *c, const PGresult *result, vdb_status so_far, vdb_error *error)
{
    switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_PIPELINE_ABORTED:
    case PGRES_PIPELINE_SYNC:
        return so_far;
    default:
        if (PQstatus(c->pg) != CONNECTION_OK)
            c->broken = c->lost = true;
        if (so_far != VDB_OK)
            return so_far;
        /* libpq makes up a result without a code when the connection ends. */
        if (c->broken && PQresultErrorField(result, PG_DIAG_SQLSTATE) == NULL)
            return session_give_up(c, error, "the connection to the database was lost");
        return error_from_result(error, result);
    }
}

static bool succeeded(const PGresult *result)
{
    return PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;
}

static void clear_results(PGresult **results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        PQclear(results[i]);
        results[i] = NULL;
    }
}

vdb_status connection_send(connection *c, const statement *statements, size_t count, vdb_error *error)
{
    c->lost = false;
    c->commands = 0;
    for (size_t i = 0; i < count; i++) {
        if (!send_statement(c, &statements[i]))
            return session_give_up(c, error, "the connection to the database was lost");
    }
    if (!PQpipelineSync(c->pg))
        return session_give_up(c, error, "the connection to the database was lost");
    return wait_for(c, false, deadline_of(c), error);
}

/*
 * Reads until the pipeline's end; `results` get those of the last `wanted` statements. A statement counts as prepared
 * when its own parse has succeeded, whatever came after: the server keeps it.
 */
vdb_status connection_receive(connection *c, size_t count, PGresult **results, size_t wanted, vdb_error *error)
{
    vdb_status status = VDB_OK;
    int64_t deadline = deadline_of(c);
    size_t run = 0;
    for (size_t i = 0; i < wanted; i++)
        results[i] = NULL;
    for (size_t i = 0;; i++) {
        PGresult *next;
        vdb_status read = read_result(c, deadline, &next, status == VDB_OK ? error : NULL);
        if (read != VDB_OK) {
            clear_results(results, wanted);
            return status == VDB_OK ? read : status;
        }
        status = session_judge(c, next, status, error);
        bool parse = i < c->commands && c->parses[i] != NOT_A_PARSE;
        if (parse && succeeded(next))
            c->prepared[c->parses[i]] = true;
        if (PQresultStatus(next) == PGRES_PIPELINE_SYNC || c->broken) {
            PQclear(next);
            break;
        }
        /* A pooler that loses its server may say so once more than there are statements. */
        if (!parse && run < count && run + wanted >= count)
            results[run + wanted - count] = next;
        else
            PQclear(next);
        run += !parse;
    }
    if (status != VDB_OK)
        clear_results(results, wanted);
    return status;
}

vdb_status connection_run_all(connection *c, const statement *statements, size_t count, PGresult **results,
                              size_t wanted, vdb_error *error)
{
    for (size_t i = 0; i < wanted; i++)
        results[i] = NULL;
    vdb_status status = connection_send(c, statements, count, error);
    return status == VDB_OK ? connection_receive(c, count, results, wanted, error) : status;
}

vdb_status connection_run(connection *c, const statement *statements, size_t count, PGresult **result, vdb_error *error)
{
    PGresult *last;
    vdb_status status = connection_run_all(c, statements, count, &last, 1, error);
    if (status == VDB_OK && result != NULL)
        *result = last;
    else
        PQclear(last);
    return status;
}

/* Reads all results of a simple query. `last` (may be NULL) gets the last one, also after a failure. */
static vdb_status read_simple(connection *c, PGresult **last, vdb_error *error)
{
    vdb_status status = VDB_OK;
    int64_t deadline = deadline_of(c);
    for (;;) {
        vdb_status wait = wait_for(c, true, deadline, status == VDB_OK ? error : NULL);
        if (wait != VDB_OK)
            return status == VDB_OK ? wait : status;
        PGresult *next = PQgetResult(c->pg);
        if (next == NULL)
            break;
        status = session_judge(c, next, status, error);
        if (last != NULL) {
            PQclear(*last);
            *last = next;
        } else {
            PQclear(next);
        }
    }
    session_resume(c);
    return status;
}

/* The simple protocol, which alone takes several statements at once, does not go with pipeline mode. */
static vdb_status run_simple(connection *c, const char *sql, PGresult **last, vdb_error *error)
{
    c->lost = false;
    PQexitPipelineMode(c->pg);
    if (PQsendQuery(c->pg, sql) != 1)
        return session_give_up(c, error, "the connection to the database was lost");
    return read_simple(c, last, error);
}

vdb_status connection_execute(connection *c, const char *sql, vdb_error *error)
{
    return run_simple(c, sql, NULL, error);
}

vdb_status connection_ask(connection *c, const char *sql, PGresult **result, vdb_error *error)
{
    PGresult *last = NULL;
    vdb_status status = run_simple(c, sql, &last, error);
    if (status == VDB_OK && PQresultStatus(last) == PGRES_TUPLES_OK) {
        *result = last;
        return VDB_OK;
    }
    PQclear(last);
    return status != VDB_OK
               ? status
               : error_set(error, VDB_DEFECT, "Report this.", "a statement that should give rows gave none");
}

int connection_socket(const connection *c)
{
    return PQsocket(c->pg);
}

vdb_status connection_hear(connection *c, bool *notified, vdb_error *error)
{
    if (!PQconsumeInput(c->pg) || PQstatus(c->pg) != CONNECTION_OK)
        return session_give_up(c, error, "the connection to the database was lost");
    for (PGnotify *n; (n = PQnotifies(c->pg)) != NULL; PQfreemem(n))
        *notified = true;
    return VDB_OK;
}

vdb_status connection_begin(connection *c, vdb_error *error)
{
    return connection_execute(c, "BEGIN", error);
}

vdb_status connection_begin_snapshot(connection *c, bool writes, vdb_error *error)
{
    return connection_execute(
        c, writes ? "BEGIN ISOLATION LEVEL REPEATABLE READ" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", error);
}

/* The server answers the COMMIT of a failed transaction with success and a ROLLBACK; callers never commit after a
 * failure. */
vdb_status connection_commit(connection *c, vdb_error *error)
{
    return connection_execute(c, "COMMIT", error);
}

void connection_rollback(connection *c)
{
    if (!c->broken && connection_execute(c, "ROLLBACK", NULL) != VDB_OK)
        c->broken = true;
}
