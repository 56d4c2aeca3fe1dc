/* Runs the checks one after the other, and mends what each has found before the next one looks. */
#include "doctor/doctor.h"

#include "base/json.h"
#include "queries.h"
#include "schema/ledger.h"
#include "schema/lock.h"

#include <string.h>

/* What a check cannot do without. */
enum {
    NEEDS_CURRENT = 1, /* the schema is as this voicedb knows it */
    NEEDS_ROWS = 2,    /* no row is hidden from this role */
};

typedef struct checking {
    const char *code;
    const char *title;
    int needs;
    vdb_status (*run)(doctor *d, vdb_error *error);
    vdb_status (*fix)(doctor *d, const vdb_finding *f, vdb_error *error); /* of what it calls fixable */
} checking;

/* The ground first: what is missing there makes the rest fail. */
static const checking checks[] = {
    { "server-version", "The server has the fixes that tenants' isolation needs", 0, check_server_version, NULL },
    { "pgvector-missing", "The extension vector is installed and created", 0, check_pgvector_missing, fix_statement },
    { "pgvector-version", "pgvector can do what searches need and has its fixes", 0, check_pgvector_version,
      fix_statement },
    { "tenantvec", "The extension tenantvec is as the server has it", 0, check_tenantvec, fix_statement },
    { "domains-key", "v_domains has its primary key", 0, check_domains_key, NULL },
    { "rows-hidden", "This role sees the rows of all tenants", 0, check_rows_hidden, NULL },
    { "secret-file", "Files that hold secrets are closed to others", 0, check_secret_file, fix_secret_file },
    { "role", "Row-level security binds the logins of applications", 0, check_role, fix_statement },
    { "migrations", "The schema is current", 0, check_migrations, NULL },
    { "drift", "The schema is as the migrations made it", NEEDS_CURRENT | NEEDS_ROWS, check_drift, NULL },
    { "index-invalid", "No interrupted build has left an invalid index", 0, check_index_invalid, fix_statement },
    { "index-unused", "Every index is of use", NEEDS_CURRENT, check_index_unused, NULL },
    { "maintenance", "Vacuum and statistics are not overdue, indexes not bloated", NEEDS_CURRENT | NEEDS_ROWS,
      check_maintenance, fix_statement },
    { "search-plan", "The search uses its index", NEEDS_CURRENT | NEEDS_ROWS, check_search_plan, NULL },
    { "chunk-embedding", "Every passage has its embedding", NEEDS_CURRENT | NEEDS_ROWS, check_chunk_embedding, NULL },
    { "chunk-model", "Passages and questions are embedded by the same model", NEEDS_CURRENT | NEEDS_ROWS,
      check_chunk_model, NULL },
    { "secret-sealed", "Secrets are sealed, and the master keys at hand open them", NEEDS_CURRENT | NEEDS_ROWS,
      check_secret_sealed, fix_secret_sealed },
    { "document-terms", "Every document is found by its words", NEEDS_CURRENT | NEEDS_ROWS, check_document_terms,
      NULL },
    { "document-stuck", "No document waits for ever", NEEDS_CURRENT | NEEDS_ROWS, check_document_stuck, fix_statement },
    { "secretary-provider", "Secretaries have the providers they need", NEEDS_CURRENT | NEEDS_ROWS,
      check_secretary_provider, NULL },
    { "transfer-number", "Calls are transferred to numbers that FusionPBX has", NEEDS_CURRENT | NEEDS_ROWS,
      check_transfer_number, NULL },
    { "webhook-waiting", "Notices about calls are sent", NEEDS_CURRENT | NEEDS_ROWS, check_webhook_waiting, NULL },
};
enum { CHECKS = sizeof checks / sizeof checks[0] };

/* ---- what is asked for ------------------------------------------------------------------------------------------- */

static bool is_among(const char *code, const char *const *codes)
{
    while (codes != NULL && *codes != NULL && strcmp(*codes, code) != 0)
        codes++;
    return codes != NULL && *codes != NULL;
}

static bool is_wanted(const checking *k, const vdb_doctor_options *options)
{
    return (options->only == NULL || is_among(k->code, options->only)) && !is_among(k->code, options->except);
}

static vdb_status check_codes(const char *const *codes, arena *a, vdb_error *error)
{
    for (; codes != NULL && *codes != NULL; codes++) {
        size_t i = 0;
        while (i < CHECKS && strcmp(checks[i].code, *codes) != 0)
            i++;
        if (i < CHECKS)
            continue;
        const char *known = "";
        for (i = 0; i < CHECKS && known != NULL; i++)
            known = arena_printf(a, "%s%s%s", known, i == 0 ? "" : ", ", checks[i].code);
        return error_set(error, VDB_USAGE, arena_printf(a, "Give of these: %s.", known == NULL ? "" : known),
                         "there is no check \"%s\"", *codes);
    }
    return VDB_OK;
}

static vdb_status find_domain(doctor *d, vdb_error *error)
{
    const char *name = d->options->domain;
    if (name == NULL)
        return VDB_OK;
    PGresult *result;
    vdb_status status = doctor_ask(d, QUERY_DOCTOR_DOMAIN, (const param[]){ P(name) }, &result, error);
    if (status != VDB_OK)
        return status;
    int found = PQntuples(result);
    if (found == 1)
        d->domain = arena_copy_string(d->memory, PQgetvalue(result, 0, 0));
    PQclear(result);
    if (found == 1)
        return d->domain == NULL ? error_memory(error) : VDB_OK;
    if (found == 0)
        return error_set(error, VDB_NOT_FOUND, "Run `voicedb tenant list` to see the domains.",
                         "there is no domain \"%s\"", name);
    return error_set(error, VDB_CONFLICT, "Name the domain by its UUID.", "several domains are named \"%s\"", name);
}

/* ---- facts ------------------------------------------------------------------------------------------------------- */

#define F(kind, member)                                                                                                \
    {                                                                                                                  \
#member, FIELD_##kind, offsetof(facts, member)                                                                 \
    }
static const field facts_fields[] = {
    F(TEXT, role),
    F(TEXT, database),
    F(TEXT, server),
    F(INTEGER, server_number),
    F(TEXT, vector_available),
    F(TEXT, vector_created),
    F(TEXT, vector_schema),
    F(BOOLEAN, vector_indexes),
    F(TEXT, tenantvec_available),
    F(TEXT, tenantvec_created),
    F(BOOLEAN, domains),
    F(BOOLEAN, domains_key),
    F(BOOLEAN, tables),
    F(BOOLEAN, codes),
    F(BOOLEAN, hidden),
};
#undef F
static const record facts_record = { sizeof(facts), sizeof facts_fields / sizeof facts_fields[0], facts_fields };

static void copy_texts(arena *a, facts *f)
{
    for (const field *t = facts_fields; t < facts_fields + facts_record.count; t++) {
        const char **member = (const char **)((char *)f + t->offset);
        if (t->type == FIELD_TEXT)
            *member = arena_copy_string(a, *member);
    }
}

static vdb_status read_facts(doctor *d, vdb_error *error)
{
    PGresult *result;
    vdb_status status = doctor_ask(d, QUERY_DOCTOR_FACTS, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    const void *row;
    size_t count;
    status = record_decode(&facts_record, result, &row, &count, error);
    PQclear(result);
    if (status != VDB_OK)
        return status;
    d->facts = *(const facts *)row;
    copy_texts(d->memory, &d->facts);
    vdb_rows_free(row);
    if (d->facts.domains)
        return VDB_OK;
    return error_set(error, VDB_SCHEMA, "Set PGDATABASE to FusionPBX's database.",
                     "this database has no table v_domains");
}

static vdb_status read_shared_names(doctor *d, vdb_error *error)
{
    if (d->facts.hidden)
        return VDB_OK;
    PGresult *result;
    vdb_status status = doctor_ask(d, QUERY_DOCTOR_SHARED_NAMES, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    d->facts.shared_names = json_to_strings(d->memory, PQgetvalue(result, 0, 0));
    PQclear(result);
    return d->facts.shared_names == NULL ? error_memory(error) : VDB_OK;
}

/* A ledger that this role may not read counts as one that is not current. */
static vdb_status read_ledger(doctor *d, vdb_error *error)
{
    const vdb_migration *rows;
    size_t count;
    vdb_status status = ledger_read(d->c, migrations, &rows, &count, error);
    if (status == VDB_NOT_ALLOWED)
        return VDB_OK;
    if (status != VDB_OK)
        return status;
    d->facts.current = ledger_count(rows, count, "applied") == count;
    vdb_rows_free(rows);
    return VDB_OK;
}

/* ---- one check after the other ----------------------------------------------------------------------------------- */

static const char *obstacle(const doctor *d, const checking *k)
{
    if ((k->needs & NEEDS_ROWS) != 0 && d->facts.hidden)
        return "Rows are hidden from this role.";
    if ((k->needs & NEEDS_CURRENT) != 0 && !d->facts.current)
        return "The schema is not current.";
    return NULL;
}

static void fix(doctor *d, const checking *k, vdb_finding *f)
{
    vdb_error error;
    error_clear(&error);
    vdb_status status = k->fix(d, f, &error);
    f->state = status == VDB_OK ? "mended" : "failed";
    if (status != VDB_OK)
        f->detail = LINE(d, "%s%s%s", error.message, error.detail[0] == '\0' ? "" : "\n", error.detail);
}

static void fix_all(doctor *d, const checking *k)
{
    for (size_t i = 0; i < d->check->finding_count; i++) {
        vdb_finding *f = (vdb_finding *)(uintptr_t)&d->check->findings[i];
        if (f->fixable && k->fix != NULL)
            fix(d, k, f);
    }
}

static bool counts(const vdb_finding *f)
{
    return strcmp(f->state, "mended") != 0 && strcmp(f->severity, "note") != 0;
}

static void judge(doctor *d)
{
    vdb_check *check = d->check;
    check->state = check->reason == NULL || check->finding_count > 0 ? "good" : "skipped";
    for (size_t i = 0; i < check->finding_count; i++) {
        if (counts(&check->findings[i]))
            check->state = "found";
    }
}

/* Fails only when nothing more can be asked: the connection is lost, or memory ran out. */
static vdb_status run(doctor *d, const checking *k, vdb_error *error)
{
    int64_t began = now_ms();
    d->room = 0;
    d->check->reason = obstacle(d, k);
    if (d->check->reason != NULL) {
        d->check->state = "skipped";
        return VDB_OK;
    }
    vdb_error why;
    error_clear(&why);
    vdb_status status = k->run(d, &why);
    if (status == VDB_UNREACHABLE || connection_lost(d->c) || (status == VDB_DEFECT && why.sqlstate[0] == '\0')) {
        if (error != NULL)
            *error = why;
        return status;
    }
    if (status != VDB_OK)
        doctor_skip(d, LINE(d, "%s%s%s", why.message, why.detail[0] == '\0' ? "" : ": ", why.detail));
    if (d->options->fix && status == VDB_OK)
        fix_all(d, k);
    judge(d);
    if (status != VDB_OK)
        d->check->state = "failed";
    d->check->took_ms = now_ms() - began;
    return VDB_OK;
}

static vdb_status prepare(doctor *d, vdb_error *error)
{
    vdb_status status = read_facts(d, error);
    if (status == VDB_OK)
        status = read_shared_names(d, error);
    if (status == VDB_OK)
        status = find_domain(d, error);
    return status == VDB_OK ? read_ledger(d, error) : status;
}

static vdb_status run_all(doctor *d, vdb_check *rows, size_t *count, vdb_error *error)
{
    vdb_status status = prepare(d, error);
    *count = 0;
    for (size_t i = 0; status == VDB_OK && i < CHECKS; i++) {
        if (!is_wanted(&checks[i], d->options))
            continue;
        d->check = &rows[(*count)++];
        *d->check = (vdb_check){ .code = checks[i].code, .title = checks[i].title };
        status = run(d, &checks[i], error);
    }
    return status;
}

vdb_status vdb_doctor(vdb_pool *pool, const vdb_doctor_options *options, const vdb_check **rows, size_t *count,
                      vdb_error *error)
{
    static const vdb_doctor_options standard;
    error_clear(error);
    doctor d = { .pool = pool, .options = options == NULL ? &standard : options };
    vdb_check *made = rows_allocate(sizeof *made, CHECKS, &d.memory);
    if (made == NULL)
        return error_memory(error);
    vdb_status status = check_codes(d.options->only, d.memory, error);
    if (status == VDB_OK)
        status = check_codes(d.options->except, d.memory, error);
    if (status == VDB_OK)
        status = pool_open_patient(pool, &d.c, error);
    if (status == VDB_OK)
        status = run_all(&d, made, count, error);
    connection_close(d.c);
    if (status == VDB_OK)
        *rows = made;
    else
        vdb_rows_free(made);
    return status;
}
