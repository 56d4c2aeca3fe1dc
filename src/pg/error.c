/* What a server's error means to a caller. */
#include "pg/connection.h"

#include <string.h>

typedef struct meaning {
    const char *sqlstate; /* whole, or the two characters of a class */
    vdb_status status;
    const char *hint;
} meaning;

static const meaning meanings[] = {
    { "42501", VDB_NOT_ALLOWED, "Connect as a member of voicedb_app, or ask the database's owner for the right." },
    { "42P01", VDB_SCHEMA, "Run `voicedb migrate`." },
    { "42703", VDB_SCHEMA, "Run `voicedb migrate`." },
    { "42704", VDB_SCHEMA, "Run `voicedb migrate`." },
    { "42883", VDB_SCHEMA, "Run `voicedb migrate`." },
    { "22023", VDB_SCHEMA, "Run `voicedb migrate`." }, /* role "voicedb_app" does not exist */
    { "23505", VDB_CONFLICT, "Choose another name or number, or change what is there." },
    { "23503", VDB_CONFLICT, "Remove what refers to it first." },
    { "40001", VDB_CONFLICT, "Try again." },
    { "40P01", VDB_CONFLICT, "Try again." },
    { "55P03", VDB_CONFLICT, "Try again when the other session is done." },
    { "57014", VDB_UNREACHABLE, "Try again; raise statement_timeout if the database is only slow." },
    { "0A", VDB_SCHEMA, "Check the server's version: voicedb needs PostgreSQL 13 and pgvector." },
    { "08", VDB_UNREACHABLE, "Check that the server is running and try again." },
    { "22", VDB_BAD_INPUT, "Correct the value." },
    { "23", VDB_BAD_INPUT, "Correct the value." },
    { "28", VDB_UNREACHABLE, "Check PGUSER and the password (.pgpass)." },
    { "3D", VDB_UNREACHABLE, "Check PGDATABASE." },
    { "53", VDB_UNREACHABLE, "Free resources on the server (disk, memory, connections) and try again." },
    { "57", VDB_UNREACHABLE, "Check that the server is running and try again." },
    { "58", VDB_UNREACHABLE, "Look into the server's log." },
};

static const meaning *meaning_of(const char *sqlstate)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (strncmp(sqlstate, meanings[i].sqlstate, strlen(meanings[i].sqlstate)) == 0)
            return &meanings[i];
    }
    return NULL;
}

static void add_place(vdb_error *error, const PGresult *result)
{
    const char *table = PQresultErrorField(result, PG_DIAG_TABLE_NAME);
    const char *column = PQresultErrorField(result, PG_DIAG_COLUMN_NAME);
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    if (table != NULL)
        error_detail(error, "table %s%s%s%s%s", table, column == NULL ? "" : ", column ", column == NULL ? "" : column,
                     constraint == NULL ? "" : ", constraint ", constraint == NULL ? "" : constraint);
}

vdb_status error_from_result(vdb_error *error, const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *server_hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    const meaning *m = sqlstate == NULL ? NULL : meaning_of(sqlstate);
    const char *hint = m == NULL ? "Report this with the server's log." : m->hint;
    if (server_hint != NULL && sqlstate != NULL && strncmp(sqlstate, "23", 2) == 0)
        hint = server_hint;
    message = message == NULL ? "the server gave no reason" : message;
    bool missing = m != NULL && m->status == VDB_SCHEMA && m->sqlstate[2] != '\0';
    vdb_status status = error_set(error, m == NULL ? VDB_DEFECT : m->status, hint, "%s",
                                  missing ? "the schema of this database is not current" : message);
    if (error != NULL && sqlstate != NULL)
        memcpy(error->sqlstate, sqlstate, sizeof error->sqlstate);
    if (error != NULL)
        add_place(error, result);
    if (missing)
        error_detail(error, "%s", message);
    return status;
}
