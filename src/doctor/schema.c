/* The schema: migrations, drift, roles, indexes, and what vacuum should have done. */
#include "doctor/doctor.h"

#include "base/buffer.h"
#include "base/text.h"
#include "queries.h"
#include "schema/ledger.h"

#include <inttypes.h>
#include <string.h>

vdb_status check_role(doctor *d, vdb_error *error)
{
    return doctor_ask_reports(d, QUERY_DOCTOR_ROLES, NULL, error);
}

/* ---- migrations -------------------------------------------------------------------------------------------------- */

static vdb_status report_step(doctor *d, const vdb_migration *m, vdb_error *error)
{
    report r = { .severity = "error" };
    if (strcmp(m->state, "changed") == 0) {
        r.problem = LINE(d, "The migration %04" PRId64 "_%s was applied from another file than this voicedb has.",
                         m->version, m->name);
        r.mend_by = "voicedb";
        r.mend = LINE(d, "migrate repair --version %" PRId64, m->version);
    } else {
        r.problem = LINE(d, "A newer voicedb has applied the migration %04" PRId64 "_%s.", m->version, m->name);
        r.mend_by = "hand";
        r.mend = "Install a newer voicedb.";
    }
    return doctor_report(d, &r, error);
}

static vdb_status is_adoptable(doctor *d, bool *adoptable, vdb_error *error)
{
    PGresult *result;
    vdb_status status = doctor_ask(d, QUERY_DOCTOR_FOREIGN_TABLES, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    *adoptable = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return VDB_OK;
}

static vdb_status report_pending(doctor *d, size_t pending, size_t applied, vdb_error *error)
{
    bool adoptable = false;
    vdb_status status = applied == 0 && d->facts.tables ? is_adoptable(d, &adoptable, error) : VDB_OK;
    if (status != VDB_OK)
        return status;
    report r = { .severity = "error", .mend_by = "voicedb", .mend = adoptable ? "migrate adopt" : "migrate" };
    if (adoptable)
        r.problem = "The voice tables are those of voice-ai-ivr. Look with `voicedb migrate adopt --dry-run` first.";
    else if (applied == 0)
        r.problem = "The voice tables were not made yet.";
    else
        r.problem = LINE(d, "Pending migrations: %zu.", pending);
    return doctor_report(d, &r, error);
}

vdb_status check_migrations(doctor *d, vdb_error *error)
{
    const vdb_migration *rows;
    size_t count;
    vdb_status status = ledger_read(d->c, migrations, &rows, &count, error);
    if (status == VDB_NOT_ALLOWED) {
        doctor_skip(d, "This role may not read the ledger.");
        return VDB_OK;
    }
    if (status != VDB_OK)
        return status;
    size_t pending = ledger_count(rows, count, "pending");
    if (pending > 0)
        status = report_pending(d, pending, count - pending, error);
    for (size_t i = 0; status == VDB_OK && i < count; i++) {
        if (strcmp(rows[i].state, "changed") == 0 || strcmp(rows[i].state, "unknown") == 0)
            status = report_step(d, &rows[i], error);
    }
    vdb_rows_free(rows);
    return status;
}

/* ---- drift ------------------------------------------------------------------------------------------------------- */

/* Invalid indexes and the role have checks of their own. */
static bool is_told_elsewhere(const vdb_drift *row)
{
    const char *found = row->found == NULL ? "" : row->found;
    return strcmp(row->kind, "role") == 0 || text_ends_with(found, " (invalid)") ||
           text_ends_with(found, " (its index is invalid)");
}

static vdb_status report_drift(doctor *d, const vdb_drift *row, vdb_error *error)
{
    bool short_enough = strchr(row->mend, '\n') == NULL && strlen(row->mend) < 400;
    const char *wanted = row->expected == NULL ? "nothing" : row->expected;
    const char *found = row->found == NULL ? "nothing" : row->found;
    report r = {
        .severity = "error",
        .problem = LINE(d, "%s %s: %s.", row->problem, row->kind, row->name),
        .detail = LINE(d, "expected: %s\nfound: %s", wanted, found),
        .mend_by = short_enough ? "psql" : "shell",
        .mend = short_enough ? row->mend : "voicedb migrate verify | psql",
    };
    return doctor_report(d, &r, error);
}

vdb_status check_drift(doctor *d, vdb_error *error)
{
    const vdb_drift *rows;
    size_t count;
    vdb_status status = vdb_migrate_verify(d->pool, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    for (size_t i = 0; status == VDB_OK && i < count; i++) {
        if (!is_told_elsewhere(&rows[i]))
            status = report_drift(d, &rows[i], error);
    }
    vdb_rows_free(rows);
    return status;
}

/* ---- indexes ----------------------------------------------------------------------------------------------------- */

/* A row of the query `maintain_plan`. */
typedef struct work {
    vdb_maintenance told;
    const char *statement;
} work;

#define F(kind, member)                                                                                                \
    {                                                                                                                  \
#member, FIELD_##kind, offsetof(vdb_maintenance, member)                                                       \
    }
static const field work_fields[] = {
    F(TEXT, kind),
    F(TEXT, name),
    F(TEXT, action),
    F(TEXT, reason),
    F(INTEGER, bloat_percent),
    F(INTEGER, size_before),
    F(INTEGER, size_after),
    F(INTEGER, dead_before),
    F(INTEGER, dead_after),
    F(INTEGER, took_ms),
    { "statement", FIELD_TEXT, offsetof(work, statement) },
};
#undef F
static const record work_record = { sizeof(work), sizeof work_fields / sizeof work_fields[0], work_fields };

/* What `voicedb maintain` would do. */
static vdb_status read_work(doctor *d, const work **rows, size_t *count, vdb_error *error)
{
    static const char bloat_percent[] = "40";
    PGresult *result;
    vdb_status status = doctor_ask(d, QUERY_MAINTAIN_PLAN, (const param[]){ P(bloat_percent) }, &result, error);
    if (status != VDB_OK)
        return status;
    status = record_decode(&work_record, result, (const void **)rows, count, error);
    PQclear(result);
    return status;
}

static bool is_invalid_index(const work *w)
{
    return w->told.reason != NULL && strncmp(w->told.reason, "left ", 5) == 0;
}

vdb_status check_index_invalid(doctor *d, vdb_error *error)
{
    const work *rows;
    size_t count;
    vdb_status status = read_work(d, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    for (size_t i = 0; status == VDB_OK && i < count; i++) {
        if (!is_invalid_index(&rows[i]))
            continue;
        const report r = { .severity = "error",
                           .problem = LINE(d, "The index %s is invalid: no query uses it, every write keeps it up.",
                                           rows[i].told.name),
                           .mend_by = "psql",
                           .mend = LINE(d, "%s;", rows[i].statement),
                           .fixable = true };
        status = doctor_report(d, &r, error);
    }
    vdb_rows_free(rows);
    return status;
}

/* Of several vector indexes only the best one is used. */
static vdb_status report_idle_vector_indexes(doctor *d, vdb_error *error)
{
    const vdb_index *rows;
    size_t count;
    vdb_status status = vdb_index_show(d->pool, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    for (size_t i = 0; status == VDB_OK && i < count; i++) {
        if (rows[i].index_name == NULL || rows[i].size_bytes == 0 || rows[i].in_use || !rows[i].valid)
            continue;
        const report r = { .severity = "warning",
                           .problem =
                               LINE(d, "No search uses the index %s (%" PRId64 " kB), for a better one is there.",
                                    rows[i].index_name, rows[i].size_bytes / 1024),
                           .mend_by = "psql",
                           .mend = LINE(d, "DROP INDEX CONCURRENTLY public.%s;", rows[i].index_name) };
        status = doctor_report(d, &r, error);
    }
    vdb_rows_free(rows);
    return status;
}

vdb_status check_index_unused(doctor *d, vdb_error *error)
{
    buffer steps;
    buffer_init(&steps, (size_t)1 << 24);
    for (size_t i = 0; i < migrations.count; i++)
        buffer_append_string(&steps, migrations.steps[i].sql);
    vdb_status status =
        steps.failed ? error_memory(error)
                     : doctor_ask_reports(d, QUERY_DOCTOR_UNUSED_INDEXES, (const param[]){ P(steps.data) }, error);
    buffer_free(&steps);
    return status == VDB_OK ? report_idle_vector_indexes(d, error) : status;
}

/* ---- maintenance ------------------------------------------------------------------------------------------------- */

static const char chunk_table[] = "v_voice_document_chunks";

/*
 * What slows down searches or endangers the server. Small tables are left to autovacuum: it comes to them late, and
 * nothing is lost by that.
 */
static bool is_overdue(const work *w)
{
    enum { WORTH_IT = 1024 * 1024 };
    if (w->told.reason == NULL || is_invalid_index(w))
        return false;
    if (strcmp(w->told.reason, "old transactions") == 0 || strcmp(w->told.reason, "bloated") == 0)
        return true;
    return strcmp(w->told.name, chunk_table) == 0 && w->told.size_before >= WORTH_IT;
}

static const char *describe_work(doctor *d, const work *w)
{
    const vdb_maintenance *m = &w->told;
    if (strcmp(m->kind, "index") == 0)
        return LINE(d, "The index %s is bloated: %" PRId64 " %% of its %" PRId64 " kB.", m->name, m->bloat_percent,
                    m->size_before / 1024);
    return LINE(d, "The table %s is due for %s: %s (%" PRId64 " dead rows, %" PRId64 " kB).", m->name, m->action,
                m->reason, m->dead_before, m->size_before / 1024);
}

vdb_status check_maintenance(doctor *d, vdb_error *error)
{
    const work *rows;
    size_t count;
    vdb_status status = read_work(d, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    for (size_t i = 0; status == VDB_OK && i < count; i++) {
        if (!is_overdue(&rows[i]))
            continue;
        bool grave = strcmp(rows[i].told.reason, "old transactions") == 0;
        const report r = { .severity = grave ? "error" : "warning",
                           .problem = describe_work(d, &rows[i]),
                           .mend_by = "psql",
                           .mend = LINE(d, "%s;", rows[i].statement),
                           .fixable = true };
        status = doctor_report(d, &r, error);
    }
    vdb_rows_free(rows);
    return status;
}

/* ---- mending ----------------------------------------------------------------------------------------------------- */

vdb_status fix_statement(doctor *d, const vdb_finding *f, vdb_error *error)
{
    return connection_execute(d->c, f->mend, error);
}
