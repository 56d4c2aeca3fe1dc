/*
 * One connection to PostgreSQL. Every run of statements is one pipeline and one round trip; outside tx_begin() it is also one
 * transaction. A connection belongs to one thread at a time.
 */
#ifndef VDB_PG_CONNECTION_H
#define VDB_PG_CONNECTION_H

#include "base/error.h"
#include "pg/query.h"

#include <libpq-fe.h>

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

/* False when the server has closed it, or a failed call left it unusable: close it then. */
bool connection_usable(const connection *c);

/* True when the session settings could not be given at start-up (a pooler refused them) and each transaction must set them. */
bool connection_needs_settings(const connection *c);

/* For an error's sake: true when the last failure may have been a connection that was dead before the call. */
bool connection_lost(const connection *c);

/*
 * Sends all statements at once and reads their results. `results` (NULL: none wanted) gets the last one's rows; release with
 * PQclear(). The first failure ends the run, and its transaction is rolled back unless tx_begin() opened it.
 */
vdb_status connection_run(connection *c, const statement *statements, size_t count, PGresult **result,
                          vdb_error *error);

/* A transaction over several runs. After a failed run only connection_rollback() helps. */
vdb_status connection_begin(connection *c, vdb_error *error);
vdb_status connection_commit(connection *c, vdb_error *error);
void connection_rollback(connection *c); /* one that fails leaves the connection unusable */

/* Text outside the registry: a migration's file (may hold many statements), or what cannot be prepared. */
vdb_status connection_execute(connection *c, const char *sql, vdb_error *error);

int connection_server_version(const connection *c); /* 170012 */

/* Fills `error` from a failed result: status by SQLSTATE; the server's DETAIL is left out, it may quote a row. */
vdb_status error_from_result(vdb_error *error, const PGresult *result);

#endif
