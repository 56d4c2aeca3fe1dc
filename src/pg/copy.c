/* COPY, in both directions, row by row or in blocks. */
#include "pg/connection.h"

#include "pg/session.h"

#include <errno.h>
#include <stdlib.h>

/* COPY blocks, libpq's buffers being the limit: a server that is slower than its client must slow the client down. */
static vdb_status start_copy(connection *c, const char *sql, ExecStatusType wanted, vdb_error *error)
{
    c->lost = false;
    PQexitPipelineMode(c->pg);
    (void)PQsetnonblocking(c->pg, 0);
    PGresult *result = PQexec(c->pg, sql);
    if (PQresultStatus(result) == wanted) {
        PQclear(result);
        return VDB_OK;
    }
    vdb_status status = session_judge(c, result, VDB_OK, error);
    PQclear(result);
    session_resume(c);
    return status != VDB_OK ? status : error_set(error, VDB_DEFECT, "Report this.", "a COPY was none");
}

/* The COPY's own verdict, and back to pipeline mode. */
static vdb_status finish_copy(connection *c, vdb_status status, int64_t *rows, vdb_error *error)
{
    for (PGresult *result; (result = PQgetResult(c->pg)) != NULL; PQclear(result)) {
        status = session_judge(c, result, status, error);
        if (status == VDB_OK && rows != NULL)
            *rows = strtoll(PQcmdTuples(result), NULL, 10);
        if (PQresultStatus(result) == PGRES_COPY_IN || PQresultStatus(result) == PGRES_COPY_OUT) {
            PQclear(result);
            return session_give_up(c, error, "the connection to the database was lost");
        }
    }
    session_resume(c);
    return status;
}

vdb_status connection_copy_out(connection *c, const char *sql, copy_sink sink, void *context, vdb_error *error)
{
    vdb_status status = start_copy(c, sql, PGRES_COPY_OUT, error);
    if (status != VDB_OK)
        return status;
    char *row;
    int length;
    while (status == VDB_OK && (length = PQgetCopyData(c->pg, &row, 0)) > 0) {
        status = sink(context, row, (size_t)length, error);
        PQfreemem(row);
    }
    /* Nothing else ends a COPY that is still sending. */
    if (status != VDB_OK) {
        (void)session_give_up(c, NULL, "");
        return status;
    }
    return finish_copy(c, VDB_OK, NULL, error);
}

vdb_status connection_copy_begin(connection *c, const char *sql, vdb_error *error)
{
    return start_copy(c, sql, PGRES_COPY_IN, error);
}

vdb_status connection_copy_put(connection *c, const char *bytes, size_t length, vdb_error *error)
{
    enum { MOST_AT_ONCE = 1 << 20 };
    while (length > 0) {
        int part = length > MOST_AT_ONCE ? MOST_AT_ONCE : (int)length;
        if (PQputCopyData(c->pg, bytes, part) != 1)
            return error_set(error, VDB_UNREACHABLE, "Check that the server is running and try again.",
                             "the connection to the database was lost");
        bytes += part;
        length -= (size_t)part;
    }
    return VDB_OK;
}

vdb_status connection_copy_end(connection *c, vdb_status status, int64_t *rows, vdb_error *error)
{
    if (PQputCopyEnd(c->pg, status == VDB_OK ? NULL : "given up by the client") != 1)
        return status != VDB_OK ? status : session_give_up(c, error, "the connection to the database was lost");
    return finish_copy(c, status, rows, status == VDB_OK ? error : NULL);
}
