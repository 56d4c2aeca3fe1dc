/* What the files that implement connection.h share. */
#ifndef VDB_PG_SESSION_H
#define VDB_PG_SESSION_H

#include "pg/connection.h"

#include <stdint.h>

enum { MOST_COMMANDS = 32, NOT_A_PARSE = -1 };

struct connection {
    PGconn *pg;
    int answer_timeout_ms; /* 0: for ever */
    bool no_prepared;
    bool needs_settings;
    bool broken;
    bool lost;
    bool prepared[MOST_QUERIES];   /* parsed by the server, by query id */
    int16_t parses[MOST_COMMANDS]; /* what the run has sent: the id of a query to parse, or NOT_A_PARSE */
    size_t commands;
};

/* The one place where a connection is given up: its server is gone or silent. */
vdb_status session_give_up(connection *c, vdb_error *error, const char *message);

/* Keeps the first failure of a run. */
vdb_status session_judge(connection *c, const PGresult *result, vdb_status so_far, vdb_error *error);

/* Back to pipelines, without blocking, as connection_open() left it. */
void session_resume(connection *c);

#endif
