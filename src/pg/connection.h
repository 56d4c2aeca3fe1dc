/*
 * One connection to PostgreSQL. Every run of statements is one pipeline and one round trip; outside tx_begin() it is
 * also one transaction. A connection belongs to one thread at a time.
 */
#ifndef VDB_PG_CONNECTION_H
#define VDB_PG_CONNECTION_H

#include "base/error.h"
#include "pg/query.h"

#include <libpq-fe.h>
#include <stdint.h>

struct arena;
typedef struct connection connection;

typedef struct connection_options {
    const char *conninfo; /* NULL: libpq's environment */
    int statement_timeout_ms;
    bool no_prepared;
} connection_options;

/* A statement with its parameters, as many as the query declares. */
typedef struct statement {
    const query *query;
    const param *params;
} statement;

vdb_status connection_open(const connection_options *options, connection **c, vdb_error *error);
void connection_close(connection *c);

/* How long a statement may take before its server counts as silent; 0: for ever. The server's own limit is another
 * matter. */
void connection_allow(connection *c, int statement_timeout_ms);

/* True when a failed call left it unusable: close it then. */
bool connection_failed(const connection *c);

/* False when it has failed, or the server has closed it meanwhile. */
bool connection_usable(const connection *c);

/* True when the session settings could not be given at start-up (a pooler refused them) and each transaction must set
 * them. */
bool connection_needs_settings(const connection *c);

/* For an error's sake: true when the last failure may have been a connection that was dead before the call. */
bool connection_lost(const connection *c);

/*
 * Sends all statements at once and reads their results. `results` (NULL: none wanted) gets the last one's rows; release
 * with PQclear(). The first failure ends the run, and its transaction is rolled back unless tx_begin() opened it.
 */
vdb_status connection_run(connection *c, const statement *statements, size_t count, PGresult **result,
                          vdb_error *error);

/* The same; `results` get those of the last `wanted` statements, or NULLs when the run fails. */
vdb_status connection_run_all(connection *c, const statement *statements, size_t count, PGresult **results,
                              size_t wanted, vdb_error *error);

/* The two halves of it, for what is done elsewhere meanwhile. Who has sent must receive, with the same count. */
vdb_status connection_send(connection *c, const statement *statements, size_t count, vdb_error *error);
vdb_status connection_receive(connection *c, size_t count, PGresult **results, size_t wanted, vdb_error *error);

/* A transaction over several runs. After a failed run only connection_rollback() helps. */
vdb_status connection_begin(connection *c, vdb_error *error);
vdb_status connection_commit(connection *c, vdb_error *error);
void connection_rollback(connection *c); /* one that fails leaves the connection unusable */

/* Text outside the registry: a migration's file (may hold many statements), or what cannot be prepared. */
vdb_status connection_execute(connection *c, const char *sql, vdb_error *error);

/* One statement outside the registry that gives rows: made by a query of the registry, or not to be prepared. */
vdb_status connection_ask(connection *c, const char *sql, PGresult **result, vdb_error *error);

/* A transaction that sees one snapshot and its own writes, if it may write. */
vdb_status connection_begin_snapshot(connection *c, bool writes, vdb_error *error);

/* COPY … TO STDOUT: `sink` gets each row, its newline included. A sink that fails ends it. */
typedef vdb_status (*copy_sink)(void *context, const char *row, size_t length, vdb_error *error);
vdb_status connection_copy_out(connection *c, const char *sql, copy_sink sink, void *context, vdb_error *error);

/*
 * COPY … FROM STDIN in steps. After a successful begin, put as often as there are bytes, then end, whatever became of
 * the puts: `status` is theirs, and one that is not VDB_OK makes the server refuse all rows; it is returned then. The
 * server's reason stands in `error` when it is the server who said no. `rows` (may be NULL): how many it took.
 */
vdb_status connection_copy_begin(connection *c, const char *sql, vdb_error *error);
vdb_status connection_copy_put(connection *c, const char *bytes, size_t length, vdb_error *error);
vdb_status connection_copy_end(connection *c, vdb_status status, int64_t *rows, vdb_error *error);

/*
 * This process's environment with libpq's variables set so that a child connects as this connection did. Ends with
 * NULL; lives in `a`; holds the password, if one was given. NULL: memory ran out.
 */
char **connection_environment(const connection *c, struct arena *a);

/* What libpq was told or took for a keyword of a connection string, a copy in `a`; NULL: nothing. */
const char *connection_option(const connection *c, struct arena *a, const char *keyword);

/* What poll() can wait on while the server has nothing to answer; -1: the connection is lost. */
int connection_socket(const connection *c);
/* Whether notifications have come since the last time. VDB_UNREACHABLE: the connection is lost. */
vdb_status connection_hear(connection *c, bool *notified, vdb_error *error);

int connection_server_version(const connection *c); /* 170012 */

/* Fills `error` from a failed result: status by SQLSTATE; the server's DETAIL is left out, it may quote a row. */
vdb_status error_from_result(vdb_error *error, const PGresult *result);

#endif
