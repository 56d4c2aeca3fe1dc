/* Versions of servers and extensions that no test can install: what doctor says of them. */
#include "doctor/doctor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const vdb_doctor_options options;
static vdb_check row;

/* The findings of one check on these facts. */
static size_t findings(vdb_status (*check)(doctor *d, vdb_error *error), const facts *f, arena *memory)
{
    vdb_error error;
    row = (vdb_check){ .code = "code" };
    doctor d = { .memory = memory, .options = &options, .facts = *f, .check = &row };
    assert_int_equal(check(&d, &error), VDB_OK);
    return row.finding_count;
}

/* Wants one finding with these texts in it; `problem` NULL: none. */
static void expect(vdb_status (*check)(doctor *d, vdb_error *error), const facts *f, const char *severity,
                   const char *problem, const char *mend)
{
    arena *memory = arena_new();
    assert_int_equal(findings(check, f, memory), problem == NULL ? 0 : 1);
    if (problem != NULL) {
        assert_string_equal(row.findings[0].severity, severity);
        assert_non_null(strstr(row.findings[0].problem, problem));
        assert_string_equal(row.findings[0].mend, mend);
    }
    arena_free(memory);
}

static void server(const char *version, int64_t number, const char *severity, const char *problem, const char *mend)
{
    expect(check_server_version, &(facts){ .server = version, .server_number = number }, severity, problem, mend);
}

static void servers_below_their_floor_are_found(void **state)
{
    (void)state;
    static const struct {
        int major, floor;
    } floors[] = { { 14, 25 }, { 15, 20 }, { 16, 16 }, { 17, 12 }, { 18, 7 } };
    for (size_t i = 0; i < sizeof floors / sizeof floors[0]; i++) {
        char version[16], mend[64];
        int64_t number = floors[i].major * 10000 + floors[i].floor;
        snprintf(version, sizeof version, "%d.%d", floors[i].major, floors[i].floor - 1);
        snprintf(mend, sizeof mend, "apt-get install --only-upgrade postgresql-%d", floors[i].major);
        server(version, number - 1, "warning", version, mend);
        server("", number, NULL, NULL, NULL);
        server("", number + 1, NULL, NULL, NULL);
    }
    server("19.0", 190000, NULL, NULL, NULL);
}

static void servers_without_fixes_are_found(void **state)
{
    (void)state;
    static const char mend[] = "Move to PostgreSQL 17 or newer with pg_upgradecluster.";
    server("13.23", 130023, "warning", "PostgreSQL 13.23 gets no more fixes", mend);
    server("12.22", 120022, "error", "older than voicedb needs: 13", mend);
}

static void a_server_without_pgvector(void **state)
{
    (void)state;
    facts f = { .server_number = 160016 };
    expect(check_pgvector_missing, &f, "error", "The server has no extension vector",
           "apt-get install postgresql-16-pgvector");
    f.vector_available = "0.8.7";
    expect(check_pgvector_missing, &f, "error", "not created in this database",
           "CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;");
    f.vector_created = "0.8.7";
    f.vector_schema = "public";
    expect(check_pgvector_missing, &f, NULL, NULL, NULL);
    expect(check_pgvector_version, &f, NULL, NULL, NULL);
}

static void pgvector(const char *created, const char *available, bool indexes, const char *severity,
                     const char *problem, const char *mend)
{
    expect(check_pgvector_version,
           &(facts){ .server_number = 170012,
                     .vector_created = created,
                     .vector_available = available,
                     .vector_schema = "public",
                     .vector_indexes = indexes },
           severity, problem, mend);
}

static void versions_of_pgvector(void **state)
{
    (void)state;
    static const char update[] = "ALTER EXTENSION vector UPDATE;", install[] = "apt-get install postgresql-17-pgvector";
    pgvector("0.6.2", "0.10.0", false, "warning", "cannot do two-stage search", update);
    pgvector("0.8.7", "0.10.0", true, "warning", "The server has pgvector 0.10.0", update);
    pgvector("0.8.6", "0.8.6", true, "warning", "faults in hnsw and ivfflat", install);
    pgvector("0.8.6", "0.8.6", false, "note", "faults in hnsw and ivfflat", install);
    pgvector("0.8.7", "0.8.7", true, NULL, NULL, NULL);
    pgvector("0.10.0", "0.10.0", true, NULL, NULL, NULL);
    pgvector("1.0", "1.0", true, NULL, NULL, NULL);
    pgvector(NULL, "0.8.0", false, NULL, NULL, NULL);
}

static void an_old_pgvector_can_have_both(void **state)
{
    (void)state;
    arena *memory = arena_new();
    const facts f = { .server_number = 170012, .vector_created = "0.6.2", .vector_available = "0.6.2" };
    assert_int_equal(findings(check_pgvector_version, &f, memory), 2);
    assert_string_equal(row.findings[0].mend, "apt-get install postgresql-17-pgvector");
    assert_false(row.findings[0].fixable);
    arena_free(memory);
}

static void versions_of_tenantvec(void **state)
{
    (void)state;
    facts f = { .tenantvec_available = "1.1" };
    expect(check_tenantvec, &f, NULL, NULL, NULL);
    f.tenantvec_created = "1.1";
    expect(check_tenantvec, &f, NULL, NULL, NULL);
    f.tenantvec_created = "1.0";
    expect(check_tenantvec, &f, "warning", "The server has tenantvec 1.1", "ALTER EXTENSION tenantvec UPDATE;");
    f.tenantvec_available = NULL;
    expect(check_tenantvec, &f, "error", "the server does not",
           "Install tenantvec on the server, or go without it: `voicedb index use two-stage`.");
}

/* The command of a finding about a tenant, by its name where that says which it is. */
static void command_for(const char *name, const char *expected)
{
    static const char *const shared[] = { "twice.example", NULL };
    vdb_error error;
    arena *memory = arena_new();
    row = (vdb_check){ .code = "code" };
    doctor d = { .memory = memory, .options = &options, .facts = { .shared_names = shared }, .check = &row };
    const report r = { .severity = "error",
                       .domain_uuid = "UUID",
                       .domain_name = name,
                       .problem = "a\nb",
                       .mend_by = "voicedb",
                       .mend = "index show" };
    for (int i = 0; i < 20; i++)
        assert_int_equal(doctor_report(&d, &r, &error), VDB_OK);
    assert_int_equal(row.finding_count, 20);
    for (int i = 0; i < 20; i++) {
        assert_string_equal(row.findings[i].problem, "a b");
        assert_string_equal(row.findings[i].mend, expected);
    }
    arena_free(memory);
}

static void tenants_are_named_as_can_be_typed(void **state)
{
    (void)state;
    command_for("clinic-1.example", "voicedb --domain clinic-1.example index show");
    command_for("Twice.Example", "voicedb --domain UUID index show");
    command_for("a b", "voicedb --domain UUID index show");
    command_for("$(reboot)", "voicedb --domain UUID index show");
    command_for("-x", "voicedb --domain UUID index show");
    command_for("", "voicedb --domain UUID index show");
    command_for(NULL, "voicedb --domain UUID index show");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_below_their_floor_are_found), cmocka_unit_test(servers_without_fixes_are_found),
        cmocka_unit_test(a_server_without_pgvector),           cmocka_unit_test(versions_of_pgvector),
        cmocka_unit_test(an_old_pgvector_can_have_both),       cmocka_unit_test(versions_of_tenantvec),
        cmocka_unit_test(tenants_are_named_as_can_be_typed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
