#include "privacy/terms.h"

#include "schema/lock.h"
#include "store/tenant.h"

#include <stdlib.h>
#include <string.h>

enum { DOMAIN, NAME, KIND, DAYS };

/* Of a statement: short enough that no call waits for long behind it. */
static const char most_rows[] = "5000";

/* ---- what a tenant wants ----------------------------------------------------------------------------------------- */

vdb_status vdb_retention_get(vdb_tenant *tenant, const vdb_retention **terms, vdb_error *error)
{
    size_t count;
    PGresult *result;
    const request r = { .id = QUERY_RETENTION_GET };
    vdb_status status = tenant_run(tenant, &r, 1, &result, error);
    if (status != VDB_OK)
        return status;
    status = record_decode(&retention_record, result, (const void **)terms, &count, error);
    PQclear(result);
    return status;
}

vdb_status vdb_retention_set(vdb_tenant *tenant, const vdb_retention_input *input, vdb_error *error)
{
    const int64_t *const days[] = { input->messages_days, input->recordings_days, input->traces_days,
                                    input->conversations_days };
    number rooms[4];
    for (size_t i = 0; i < 4; i++) {
        if (days[i] != NULL && (*days[i] < 0 || *days[i] > VDB_MOST_DAYS))
            return error_set(error, VDB_USAGE, "Give a number from 1 to 36500, or 0 for no end.",
                             "the term of %" PRId64 " days is out of range", *days[i]);
    }
    const request requests[] = { { .id = QUERY_SETTINGS_BEGIN },
                                 REQUEST(RETENTION_SET, p_int(days[0], &rooms[0]), p_int(days[1], &rooms[1]),
                                         p_int(days[2], &rooms[2]), p_int(days[3], &rooms[3])) };
    return tenant_run(tenant, requests, 2, NULL, error);
}

/* ---- what is done about it --------------------------------------------------------------------------------------- */

typedef struct term {
    const char *domain;
    const char *kind;
    const char *days;
    enum query_id removal;
} term;

static term term_of(const PGresult *terms, int row)
{
    static const struct {
        const char *kind;
        enum query_id removal;
    } kinds[] = { { "conversations", QUERY_RETENTION_CONVERSATIONS },
                  { "messages", QUERY_RETENTION_MESSAGES },
                  { "recordings", QUERY_RETENTION_RECORDINGS },
                  { "traces", QUERY_RETENTION_TRACES } };
    term t = { PQgetvalue(terms, row, DOMAIN), PQgetvalue(terms, row, KIND), PQgetvalue(terms, row, DAYS), 0 };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].kind, t.kind) == 0)
            t.removal = kinds[i].removal;
    }
    return t;
}

static vdb_status count_rows(connection *c, const term *t, int64_t *rows, vdb_error *error)
{
    PGresult *result;
    const param params[] = { P(t->domain), P(t->kind), P(t->days) };
    vdb_status status = connection_run(c, &(statement){ &queries[QUERY_RETENTION_COUNT], params }, 1, &result, error);
    if (status != VDB_OK)
        return status;
    *rows = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return VDB_OK;
}

static vdb_status remove_rows(connection *c, const term *t, bool (*go_on)(void *context), void *context,
                              vdb_error *error)
{
    const param params[] = { P(t->domain), P(t->days), P(most_rows) };
    for (bool more = true; more;) {
        PGresult *result;
        if (!go_on(context))
            return error_set(error, VDB_USAGE, "Run it again to see it through.", "interrupted; what was done stays");
        vdb_status status = connection_run(c, &(statement){ &queries[t->removal], params }, 1, &result, error);
        if (status != VDB_OK)
            return status;
        more = strcmp(PQcmdTuples(result), most_rows) == 0;
        PQclear(result);
    }
    return VDB_OK;
}

static vdb_status apply(connection *c, const term *t, bool dry_run, bool (*go_on)(void *context), void *context,
                        vdb_maintenance *told, vdb_error *error)
{
    int64_t began = now_ms();
    vdb_status status = count_rows(c, t, &told->dead_before, error);
    told->dead_after = told->dead_before;
    if (status != VDB_OK || told->dead_before == 0)
        return status;
    told->action = "remove";
    if (dry_run)
        return VDB_OK;
    status = remove_rows(c, t, go_on, context, error);
    told->dead_after = 0;
    told->took_ms = now_ms() - began;
    return status;
}

vdb_status terms_apply(connection *c, bool dry_run, bool (*go_on)(void *context), void *context, vdb_maintenance **rows,
                       size_t *count, vdb_error *error)
{
    PGresult *terms;
    vdb_status status = connection_run(c, &(statement){ &queries[QUERY_RETENTION_LIST], NULL }, 1, &terms, error);
    if (status != VDB_OK)
        return status;
    arena *a;
    *count = (size_t)PQntuples(terms);
    *rows = rows_allocate(sizeof **rows, *count, &a);
    if (*rows == NULL)
        status = error_memory(error);
    for (size_t i = 0; status == VDB_OK && i < *count; i++) {
        const term t = term_of(terms, (int)i);
        vdb_maintenance *told = &(*rows)[i];
        *told = (vdb_maintenance){ .kind = "term", .action = "none", .bloat_percent = -1 };
        told->name = arena_printf(a, "%s %s", PQgetvalue(terms, (int)i, NAME), t.kind);
        status = told->name == NULL ? error_memory(error) : apply(c, &t, dry_run, go_on, context, told, error);
        if (told->dead_before > 0)
            told->reason = arena_printf(a, "older than %s day%s", t.days, strcmp(t.days, "1") == 0 ? "" : "s");
    }
    PQclear(terms);
    if (status != VDB_OK)
        vdb_rows_free(*rows);
    return status;
}
