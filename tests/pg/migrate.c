/* The runner: its ledger, its lock, steps outside a transaction, and how it keeps out of the way of calls. */
#include "schema/migrate.h"
#include "fixture.h"
#include "schema/ledger.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- lists of steps that no release has -----------------------------------------------------------------------------
 */

enum { MOST_STEPS = 64, MOST_LISTS = 4 };

/* The embedded steps and one more after another, as a later voicedb would have them. */
static migration_list with(const char *const *extra, size_t count)
{
    static migration lists[MOST_LISTS][MOST_STEPS];
    static size_t used;
    migration *steps = lists[used++ % MOST_LISTS];
    memcpy(steps, migrations.steps, migrations.count * sizeof *steps);
    for (size_t i = 0; i < count; i++) {
        int version = (int)(migrations.count + i + 1);
        steps[version - 1] = (migration){
            .version = version,
            .name = text("extra_%zu", i),
            .sql = extra[i],
            .checksum = text("%064zu", i),
            .concurrent = strstr(extra[i], "INDEX CONCURRENTLY") != NULL,
        };
    }
    return (migration_list){ steps, migrations.count + count };
}

#define STEPS(...) with((const char *const[]){ __VA_ARGS__ }, COUNT(((const char *const[]){ __VA_ARGS__ })))

static vdb_status run_steps(const char *database, migration_list list, int patience_ms, int *applied)
{
    vdb_pool *to = pool_to(text("dbname=%s", database));
    vdb_status status = migrate_run(to, list, &(migrate_options){ .patience_ms = patience_ms }, applied, &failure);
    vdb_pool_close(to);
    return status;
}

/* Another process, as an operator's: exits with 100 + the number of applied steps, or the status. */
static pid_t start_runner(const char *database, migration_list list)
{
    const char *conninfo = text("dbname=%s application_name=runner", database);
    pid_t runner = fork();
    if (runner != 0)
        return runner;
    vdb_pool *to;
    int applied = 0;
    vdb_status status = vdb_pool_open(&(vdb_options){ .conninfo = conninfo }, &to, NULL);
    vdb_error error;
    if (status == VDB_OK)
        status = migrate_run(to, list, &(migrate_options){ 0 }, &applied, &error);
    _exit(status == VDB_OK ? 100 + applied : (int)status);
}

static int finish(pid_t runner)
{
    int status;
    assert_int_equal(waitpid(runner, &status, 0), runner);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits until what is asked about the runner's session is true. */
static void wait_for(PGconn *c, const char *condition)
{
    for (int64_t end = clock_ms() + 60000; clock_ms() < end; sleep_ms(10)) {
        if (strcmp(value_on(c, "SELECT %s", condition), "t") == 0)
            return;
    }
    fail_msg("never came true: %s", condition);
}

#define RUNNER "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'runner'"

/* ---- the ledger -----------------------------------------------------------------------------------------------------
 */

static void all_edited_files_are_named_at_once(void **state)
{
    (void)state;
    sql("UPDATE voicedb_migrations SET checksum = 'edited' WHERE version IN (2, 5, 7)");
    refused(VDB_DRIFT, vdb_migrate(pool, 0, NULL, NULL, NULL, &failure));
    assert_contains(failure.message, "changed since: 3");
    assert_string_equal(failure.detail, "0002_providers, 0005_transfer_rules, 0007_row_security");

    bool changed = false;
    ok(vdb_migrate_repair(pool, 5, &changed, &failure));
    assert_true(changed);
    ok(vdb_migrate_repair(pool, 5, &changed, &failure));
    assert_false(changed);
    refused(VDB_DRIFT, vdb_migrate(pool, 0, NULL, NULL, NULL, &failure));
    assert_string_equal(failure.detail, "0002_providers, 0007_row_security");

    ok(vdb_migrate_repair(pool, 2, NULL, &failure));
    ok(vdb_migrate_repair(pool, 7, NULL, &failure));
    int applied = -1;
    ok(vdb_migrate(pool, 0, NULL, NULL, &applied, &failure));
    assert_int_equal(applied, 0);
}

static void only_an_applied_step_can_be_repaired(void **state)
{
    (void)state;
    refused(VDB_NOT_FOUND, vdb_migrate_repair(pool, 0, NULL, &failure));
    refused(VDB_NOT_FOUND, vdb_migrate_repair(pool, (int)migrations.count + 1, NULL, &failure));
    const char *database = make_database("repair");
    vdb_pool *to = pool_to(text("dbname=%s", database));
    refused(VDB_NOT_FOUND, vdb_migrate_repair(to, 1, NULL, &failure));
    assert_contains(failure.hint, "`voicedb migrate`");
    vdb_pool_close(to);
}

static void a_newer_voicedbs_steps_are_left_alone(void **state)
{
    (void)state;
    const char *database = make_database("newer");
    int applied;
    ok(run_steps(database, STEPS("CREATE TABLE newer (x int)"), 0, &applied));
    vdb_pool *to = pool_to(text("dbname=%s", database));
    ok(vdb_migrate(to, 0, NULL, NULL, &applied, &failure));
    assert_int_equal(applied, 0);
    const vdb_migration *rows;
    size_t count;
    ok(vdb_migrate_status(to, &rows, &count, &failure));
    assert_int_equal(count, migrations.count + 1);
    assert_string_equal(rows[count - 1].state, "unknown");
    assert_string_equal(rows[count - 1].name, "extra_0");
    vdb_rows_free(rows);
    vdb_pool_close(to);
}

static void a_failed_step_leaves_nothing(void **state)
{
    (void)state;
    const char *database = make_database("failed");
    int applied;
    migration_list list = STEPS("CREATE TABLE good (x int)", "CREATE TABLE half (x int); SELECT 1 / 0");
    refused(VDB_BAD_INPUT, run_steps(database, list, 0, &applied));
    assert_int_equal(applied, (int)migrations.count + 1);
    assert_contains(failure.message, "extra_1: division by zero");
    PGconn *c = connect_to(text("dbname=%s", database));
    assert_string_equal(value_on(c, "SELECT to_regclass('good') IS NOT NULL AND to_regclass('half') IS NULL"), "t");
    assert_string_equal(value_on(c, "SELECT max(version) FROM voicedb_migrations"), text("%zu", migrations.count + 1));
    PQfinish(c);
}

/* ---- the lock -------------------------------------------------------------------------------------------------------
 */

#define CONCURRENT_INDEX                                                                                               \
    "-- transaction: none\n"                                                                                           \
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_extra ON v_voice_messages (domain_uuid, created_at);\n"

static void of_eight_runners_one_works(void **state)
{
    (void)state;
    const char *database = make_database("eight");
    migration_list list = STEPS(CONCURRENT_INDEX, "CREATE TABLE after_it (x int); SELECT pg_sleep(0.3)");
    pid_t runners[8];
    for (size_t i = 0; i < COUNT(runners); i++)
        runners[i] = start_runner(database, list);
    int worked = 0, waited = 0;
    for (size_t i = 0; i < COUNT(runners); i++) {
        int end = finish(runners[i]);
        worked += end == 100 + (int)list.count;
        waited += end == 100;
    }
    assert_int_equal(worked, 1);
    assert_int_equal(waited, 7);
    PGconn *c = connect_to(text("dbname=%s", database));
    assert_string_equal(value_on(c, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'idx_extra'::regclass"), "t");
    assert_string_equal(value_on(c, "SELECT count(*) FROM voicedb_migrations"), text("%zu", list.count));
    PQfinish(c);
}

static void skip_without_check_of_clients(void)
{
    if (PQserverVersion(admin) >= 140000)
        return;
    print_message("# before 14 a server learns only at a statement's end that its client is gone\n");
    skip();
}

static void a_killed_runner_leaves_no_lock(void **state)
{
    (void)state;
    skip_without_check_of_clients();
    const char *database = make_database("killed");
    pid_t runner = start_runner(database, STEPS("CREATE TABLE half (x int); SELECT pg_sleep(300)"));
    PGconn *c = connect_to(text("dbname=%s", database));
    wait_for(c, "EXISTS (" RUNNER " AND wait_event = 'PgSleep')");
    kill(runner, SIGKILL);
    assert_int_equal(finish(runner), -SIGKILL);
    int applied;
    ok(run_steps(database, STEPS("SELECT 1"), 0, &applied));
    assert_int_equal(applied, 1);
    assert_string_equal(value_on(c, "SELECT to_regclass('half') IS NULL"), "t");
    PQfinish(c);
}

/* ---- steps outside a transaction ------------------------------------------------------------------------------------
 */

static void an_interrupted_index_build_is_healed(void **state)
{
    (void)state;
    skip_without_check_of_clients();
    const char *database = make_database("healed");
    int applied;
    ok(run_steps(database, migrations, 0, &applied));
    PGconn *caller = connect_to(text("dbname=%s", database)), *c = connect_to(text("dbname=%s", database));
    sql_on(caller, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM v_voice_messages");
    pid_t runner = start_runner(database, STEPS(CONCURRENT_INDEX));
    wait_for(c, "EXISTS (" RUNNER " AND wait_event_type = 'Lock')");
    assert_string_equal(value_on(c, "SELECT to_regclass('idx_extra') IS NOT NULL"), "t");
    kill(runner, SIGKILL);
    finish(runner);
    wait_for(c, "NOT EXISTS (" RUNNER ")");
    assert_string_equal(value_on(c, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'idx_extra'::regclass"), "f");
    assert_string_equal(value_on(c, "SELECT count(*) FROM voicedb_migrations"), text("%zu", migrations.count));
    sql_on(caller, "COMMIT");
    PQfinish(caller);

    ok(run_steps(database, STEPS(CONCURRENT_INDEX), 0, &applied));
    assert_int_equal(applied, 1);
    assert_string_equal(value_on(c, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'idx_extra'::regclass"), "t");
    PQfinish(c);
}

/* ---- the plan -------------------------------------------------------------------------------------------------------
 */

static void a_dry_run_tells_the_sql_and_the_locks(void **state)
{
    (void)state;
    const char *database = make_database("plan");
    int applied;
    ok(run_steps(database, migrations, 0, &applied));
    migration_list list =
        STEPS("ALTER TABLE v_voice_messages ADD COLUMN extra int",
              "CREATE TABLE v_extra (domain_uuid uuid REFERENCES v_domains); UPDATE v_voice_messages SET extra = 1",
              CONCURRENT_INDEX);
    vdb_pool *to = pool_to(text("dbname=%s", database));
    const vdb_migration_plan *rows;
    size_t count;
    ok(migrate_plan(to, list, &rows, &count, &failure));
    assert_int_equal(count, 3);
    assert_int_equal(rows[0].version, (int)migrations.count + 1);
    assert_string_equal(rows[0].sql, "ALTER TABLE v_voice_messages ADD COLUMN extra int");
    assert_string_equal(rows[0].locks[0], "ACCESS EXCLUSIVE on v_voice_messages");
    assert_null(rows[0].locks[1]);
    assert_string_equal(rows[1].locks[0], "ROW EXCLUSIVE on v_voice_messages");
    assert_string_equal(rows[1].locks[1], "SHARE ROW EXCLUSIVE on v_domains");
    assert_null(rows[1].locks[2]);
    assert_true(rows[1].transaction);
    assert_false(rows[2].transaction);
    assert_null(rows[2].locks);
    vdb_rows_free(rows);

    PGconn *c = connect_to(text("dbname=%s", database));
    assert_string_equal(value_on(c, "SELECT count(*) FROM voicedb_migrations"), text("%zu", migrations.count));
    assert_string_equal(value_on(c, "SELECT to_regclass('v_extra') IS NULL AND to_regclass('idx_extra') IS NULL"), "t");
    refused(VDB_BAD_INPUT, migrate_plan(to, STEPS("SELECT 1 / 0"), &rows, &count, &failure));
    assert_contains(failure.message, "extra_0: division by zero");
    sql_on(c, "BEGIN; SELECT FROM v_voice_messages");
    refused(VDB_CONFLICT, migrate_plan(to, list, &rows, &count, &failure));
    PQfinish(c);
    vdb_pool_close(to);
}

/* ---- calls go on ----------------------------------------------------------------------------------------------------
 */

/* The table stays held while three tries of the step queue up for it: a call that stood behind one of them for as long
 * as it is held would run into its own timeout. */
static void a_waiting_step_does_not_stand_in_the_way_of_calls(void **state)
{
    (void)state;
    enum { TRIES = 3 };
    const char *database = make_database("calls"), *conninfo = text("dbname=%s", database);
    int applied;
    ok(run_steps(database, migrations, 0, &applied));
    PGconn *holder = connect_to(conninfo), *watcher = connect_to(conninfo);
    PGconn *caller = connect_to(text("%s options='-c lock_timeout=20000'", conninfo));
    sql_on(holder, "BEGIN; SELECT FROM v_voice_secretaries");
    pid_t runner = start_runner(database, STEPS("ALTER TABLE v_voice_secretaries ADD COLUMN extra int"));
    const char *try = "";
    for (int tries = 0; tries < TRIES; tries++) {
        wait_for(watcher, text("EXISTS (" RUNNER " AND wait_event_type = 'Lock' AND xact_start::text <> '%s')", try));
        try = value_on(watcher, "SELECT coalesce(max(xact_start)::text, '') FROM pg_stat_activity WHERE datname = "
                                "current_database() AND application_name = 'runner'");
        sql_on(caller, "SELECT FROM v_voice_secretaries");
    }
    sql_on(holder, "COMMIT");
    assert_int_equal(finish(runner), 101);
    PQfinish(holder);
    PQfinish(watcher);
    PQfinish(caller);
}

static void a_step_gives_up_when_its_table_stays_in_use(void **state)
{
    (void)state;
    const char *database = make_database("busy");
    int applied;
    ok(run_steps(database, migrations, 0, &applied));
    PGconn *holder = connect_to(text("dbname=%s", database));
    sql_on(holder, "BEGIN; SELECT FROM v_voice_secretaries");
    refused(VDB_CONFLICT,
            run_steps(database, STEPS("ALTER TABLE v_voice_secretaries ADD COLUMN extra int"), 700, &applied));
    assert_string_equal(failure.sqlstate, "55P03");
    assert_contains(failure.hint, "quiet moment");
    sql_on(holder, "COMMIT");
    PQfinish(holder);
    ok(run_steps(database, STEPS("ALTER TABLE v_voice_secretaries ADD COLUMN extra int"), 0, &applied));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_edited_files_are_named_at_once),
        cmocka_unit_test(only_an_applied_step_can_be_repaired),
        cmocka_unit_test(a_newer_voicedbs_steps_are_left_alone),
        cmocka_unit_test(a_failed_step_leaves_nothing),
        cmocka_unit_test(of_eight_runners_one_works),
        cmocka_unit_test(a_killed_runner_leaves_no_lock),
        cmocka_unit_test(an_interrupted_index_build_is_healed),
        cmocka_unit_test(a_dry_run_tells_the_sql_and_the_locks),
        cmocka_unit_test(a_waiting_step_does_not_stand_in_the_way_of_calls),
        cmocka_unit_test(a_step_gives_up_when_its_table_stays_in_use),
    };
    return run_with_database(tests);
}
