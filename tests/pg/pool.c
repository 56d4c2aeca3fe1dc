/* Connections: shared, lost, silent, behind a pooler. */
#include "pg/pool.h"
#include "bouncer.h"
#include "fixture.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static int64_t backends(void)
{
    return number("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'under_test'");
}

/* A connection that is closed or ended is gone a moment later. */
static void wait_for_end_of_backends(void)
{
    for (int i = 0; i < 6000 && backends() > 0; i++)
        sleep_ms(10);
    assert_int_equal(backends(), 0);
}

static vdb_pool *open_pool(vdb_options options)
{
    vdb_pool *new = NULL;
    if (options.conninfo == NULL) {
        wait_for_end_of_backends();
        options.conninfo = "application_name=under_test";
    }
    ok(vdb_pool_open(&options, &new, &failure));
    return new;
}

static vdb_tenant *open_tenant(vdb_pool *of, const char *domain)
{
    vdb_tenant *t = NULL;
    ok(vdb_tenant_open(of, domain, &t, &failure));
    return t;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int fill_both(void **state)
{
    (void)state;
    fill(clinic, "sorriso");
    fill(hotel, "mirante");
    return 0;
}

/* ---- sharing
 * --------------------------------------------------------------------------------------------------------- */

typedef struct caller {
    vdb_tenant *tenant;
    const char *word;
    int rounds, strange;
} caller;

static void call(void *item)
{
    caller *c = item;
    for (int i = 0; i < c->rounds; i++) {
        const vdb_secretary *s;
        const vdb_provider *p;
        size_t count = 0;
        if (vdb_secretary_get(c->tenant, "2000", &s, NULL) == VDB_OK) {
            c->strange += strstr(s->name, c->word) == NULL || strstr(s->llm_config, c->word) == NULL;
            vdb_rows_free(s);
        } else {
            c->strange++;
        }
        if (vdb_provider_list(c->tenant, NULL, &p, &count, NULL) == VDB_OK) {
            for (size_t j = 0; j < count; j++)
                c->strange += strstr(p[j].display_name, c->word) == NULL;
            vdb_rows_free(p);
        }
        c->strange += count != 4;
    }
}

/* Threads of two tenants in turn; none may see what is not its own. */
static void call_from(vdb_pool *shared, size_t threads, int rounds)
{
    caller callers[16];
    vdb_tenant *tenants[] = { open_tenant(shared, CLINIC_UUID), open_tenant(shared, HOTEL_UUID) };
    for (size_t i = 0; i < threads; i++)
        callers[i] = (caller){ tenants[i % 2], i % 2 == 0 ? "sorriso" : "mirante", rounds, 0 };
    in_threads(call, callers, threads, sizeof callers[0]);
    vdb_tenant_close(tenants[0]);
    vdb_tenant_close(tenants[1]);
    for (size_t i = 0; i < threads; i++)
        assert_int_equal(callers[i].strange, 0);
}

static void more_threads_than_connections(void **state)
{
    (void)state;
    vdb_pool *shared = open_pool((vdb_options){ .max_connections = 3, .acquire_timeout_ms = 60000 });
    assert_int_equal(backends(), 1);
    call_from(shared, 16, 20);
    assert_in_range(backends(), 1, 3);
    vdb_pool_close(shared);
    wait_for_end_of_backends();
}

static void a_call_waits_so_long_for_a_connection(void **state)
{
    (void)state;
    vdb_pool *one = open_pool((vdb_options){ .max_connections = 1, .acquire_timeout_ms = 300 });
    vdb_tenant *t = open_tenant(one, CLINIC_UUID);
    vdb_document_writer *writer;
    const vdb_secretary *rows;
    size_t count;
    ok(vdb_document_writer_open(t, &(vdb_document){ .document_name = "x" }, "test", 2, &writer, &failure));
    double began = now();
    refused(VDB_UNREACHABLE, vdb_secretary_list(t, &rows, &count, &failure));
    assert_true(now() - began > 0.25);
    assert_contains(failure.hint, "max_connections");
    vdb_document_writer_abort(writer);
    ok(vdb_secretary_list(t, &rows, &count, &failure));
    vdb_rows_free(rows);
    vdb_tenant_close(t);
    vdb_pool_close(one);
}

/* ---- lost connections
 * ------------------------------------------------------------------------------------------------ */

static int64_t end_backends(void)
{
    int64_t ended =
        number("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'under_test'");
    wait_for_end_of_backends();
    return ended;
}

static void an_idle_connection_that_was_ended_is_not_noticed(void **state)
{
    (void)state;
    vdb_pool *shared = open_pool((vdb_options){ .max_connections = 2 });
    vdb_tenant *t = open_tenant(shared, CLINIC_UUID);
    const vdb_secretary *rows;
    char uuid[37];
    size_t count;
    for (int i = 0; i < 3; i++) {
        assert_true(end_backends() > 0);
        ok(vdb_secretary_list(t, &rows, &count, &failure));
        vdb_rows_free(rows);
        assert_true(end_backends() > 0);
        ok(vdb_secretary_add(t, &(vdb_secretary_input){ .name = text("after %d", i) }, uuid, &failure));
    }
    assert_int_equal(number("SELECT count(*) FROM v_voice_secretaries WHERE name LIKE 'after %%'"), 3);
    sql("DELETE FROM v_voice_secretaries WHERE name LIKE 'after %%'");
    vdb_tenant_close(t);
    vdb_pool_close(shared);
}

typedef struct blocked {
    vdb_tenant *tenant;
    bool writes;
    vdb_status status;
    vdb_error error;
} blocked;

static void run_blocked(void *item)
{
    blocked *b = item;
    const vdb_secretary *rows;
    char uuid[37];
    size_t count;
    if (b->writes) {
        b->status = vdb_secretary_add(b->tenant, &(vdb_secretary_input){ .name = "blocked" }, uuid, &b->error);
    } else {
        b->status = vdb_secretary_list(b->tenant, &rows, &count, &b->error);
        if (b->status == VDB_OK)
            vdb_rows_free(rows);
    }
}

static void *run_thread(void *item)
{
    run_blocked(item);
    return NULL;
}

/* The call waits for a lock when its connection is ended. */
static blocked end_while_running(vdb_tenant *t, bool writes)
{
    blocked b = { .tenant = t, .writes = writes };
    pthread_t thread;
    PGconn *holder = connect_to("");
    sql_on(holder, "BEGIN; LOCK TABLE v_voice_secretaries");
    assert_int_equal(pthread_create(&thread, NULL, run_thread, &b), 0);
    int64_t pid;
    while ((pid = number("SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE application_name = 'under_test' AND "
                         "wait_event_type = 'Lock'")) == 0)
        sleep_ms(5);
    sql("SELECT pg_terminate_backend(%" PRId64 ")", pid);
    while (number("SELECT count(*) FROM pg_stat_activity WHERE pid = %" PRId64, pid) > 0)
        sleep_ms(5);
    sql_on(holder, "COMMIT");
    PQfinish(holder);
    pthread_join(thread, NULL);
    return b;
}

static void a_read_is_sent_again_and_a_write_is_not(void **state)
{
    (void)state;
    vdb_pool *shared = open_pool((vdb_options){ .max_connections = 2 });
    vdb_tenant *t = open_tenant(shared, CLINIC_UUID);
    blocked read = end_while_running(t, false);
    assert_int_equal(read.status, VDB_OK);
    blocked write = end_while_running(t, true);
    assert_int_equal(write.status, VDB_UNREACHABLE);
    assert_true(write.error.message[0] != '\0' && write.error.hint[0] != '\0');
    assert_int_equal(number("SELECT count(*) FROM v_voice_secretaries WHERE name = 'blocked'"), 0);
    blocked again = { .tenant = t, .writes = true };
    run_blocked(&again);
    assert_int_equal(again.status, VDB_OK);
    assert_int_equal(number("SELECT count(*) FROM v_voice_secretaries WHERE name = 'blocked'"), 1);
    sql("DELETE FROM v_voice_secretaries WHERE name = 'blocked'");
    vdb_tenant_close(t);
    vdb_pool_close(shared);
}

/* The transaction of a writer is gone with its connection. */
static void a_writer_that_lost_its_connection_fails(void **state)
{
    (void)state;
    vdb_pool *shared = open_pool((vdb_options){ .max_connections = 2 });
    vdb_tenant *t = open_tenant(shared, CLINIC_UUID);
    const float v[] = { 1, 2 };
    const vdb_chunk_input chunk = { .content = "x", .embedding = v };
    const char *before = rows_of(CLINIC_UUID);
    for (int late = 0; late < 2; late++) {
        vdb_document_writer *writer;
        vdb_document_added added;
        ok(vdb_document_writer_open(t, &(vdb_document){ .document_name = "x" }, "test", 2, &writer, &failure));
        ok(vdb_document_writer_append(writer, &chunk, 1, &failure));
        assert_true(end_backends() > 0);
        if (late == 0) {
            refused(VDB_UNREACHABLE, vdb_document_writer_append(writer, &chunk, 1, &failure));
            vdb_document_writer_abort(writer);
        } else {
            refused(VDB_UNREACHABLE, vdb_document_writer_commit(writer, &added, &failure));
        }
        assert_string_equal(rows_of(CLINIC_UUID), before);
    }
    vdb_tenant_close(t);
    vdb_pool_close(shared);
}

/* ---- slow and silent servers
 * ------------------------------------------------------------------------------------------ */

static void a_slow_statement_ends(void **state)
{
    (void)state;
    vdb_pool *hasty = open_pool((vdb_options){ .max_connections = 1, .statement_timeout_ms = 200 });
    vdb_tenant *t = open_tenant(hasty, CLINIC_UUID);
    const vdb_secretary *rows;
    char uuid[37];
    size_t count;
    sql("BEGIN; LOCK TABLE v_voice_secretaries");
    refused(VDB_UNREACHABLE, vdb_secretary_list(t, &rows, &count, &failure));
    assert_string_equal(failure.sqlstate, "57014");
    refused(VDB_UNREACHABLE, vdb_secretary_add(t, &(vdb_secretary_input){ .name = "slow" }, uuid, &failure));
    sql("COMMIT");
    ok(vdb_secretary_list(t, &rows, &count, &failure));
    vdb_rows_free(rows);
    assert_int_equal(number("SELECT count(*) FROM v_voice_secretaries WHERE name = 'slow'"), 0);
    assert_int_equal(backends(), 1);
    vdb_tenant_close(t);
    vdb_pool_close(hasty);
}

/* A server process that is stopped says nothing at all: the connection is given up some seconds after its own timeout.
 */
static void a_silent_server_is_given_up(void **state)
{
    (void)state;
    vdb_pool *hasty = open_pool((vdb_options){ .max_connections = 2, .statement_timeout_ms = 100 });
    vdb_tenant *t = open_tenant(hasty, CLINIC_UUID);
    const vdb_secretary *rows;
    char uuid[37];
    size_t count;
    pid_t silent = (pid_t)number("SELECT pid FROM pg_stat_activity WHERE application_name = 'under_test'");
    if (kill(silent, SIGSTOP) != 0) {
        print_message("# another account's server cannot be stopped\n");
        vdb_tenant_close(t);
        vdb_pool_close(hasty);
        skip();
    }
    double began = now();
    refused(VDB_UNREACHABLE, vdb_secretary_add(t, &(vdb_secretary_input){ .name = "silent" }, uuid, &failure));
    double took = now() - began;
    kill(silent, SIGCONT);
    assert_true(took > 4);
    assert_contains(failure.message, "did not answer");
    ok(vdb_secretary_list(t, &rows, &count, &failure));
    vdb_rows_free(rows);
    vdb_tenant_close(t);
    vdb_pool_close(hasty);
}

static void a_server_that_is_not_there_is_told(void **state)
{
    (void)state;
    static const char *const nowhere[] = { "host=/nonexistent", "host=127.0.0.1 port=1",
                                           "dbname=voicedb_test_no_such_database", "user=voicedb_test_no_such_role" };
    for (size_t i = 0; i < COUNT(nowhere); i++) {
        vdb_pool *none = NULL;
        refused(VDB_UNREACHABLE, vdb_pool_open(&(vdb_options){ .conninfo = nowhere[i] }, &none, &failure));
        assert_null(none);
    }
    vdb_pool *none = NULL;
    assert_int_not_equal(vdb_pool_open(&(vdb_options){ .conninfo = "password=hush nonsense" }, &none, &failure),
                         VDB_OK);
    assert_lacks(text("%s %s %s", failure.message, failure.detail, failure.hint), "hush");
    assert_null(none);
    vdb_pool_close(NULL);
}

/* ---- settings
 * ---------------------------------------------------------------------------------------------------------- */

/* What an operator has set for the database does not change what callers get. */
static void make_hostile(bool hostile)
{
    static const char *const settings[][2] = { { "search_path", "evil" },
                                               { "TimeZone", "'America/Sao_Paulo'" },
                                               { "DateStyle", "'German'" },
                                               { "bytea_output", "escape" },
                                               { "default_transaction_isolation", "'serializable'" } };
    for (size_t i = 0; i < COUNT(settings); i++)
        sql(hostile ? "ALTER DATABASE %s SET %s = %s" : "ALTER DATABASE %s RESET %s -- %s", PQdb(admin), settings[i][0],
            settings[i][1]);
}

static void assert_instants_are_utc(vdb_pool *of)
{
    vdb_tenant *t = open_tenant(of, CLINIC_UUID);
    const vdb_secretary *s;
    ok(vdb_secretary_get(t, "2000", &s, &failure));
    size_t length = strlen(s->created_at);
    assert_true(s->created_at[10] == 'T' && s->created_at[length - 1] == 'Z');
    assert_int_equal(
        number("SELECT (created_at = '%s')::int FROM v_voice_secretaries WHERE voice_secretary_uuid = '%s'",
               s->created_at, s->voice_secretary_uuid),
        1);
    vdb_rows_free(s);
    vdb_tenant_close(t);
}

static void settings_are_pinned(void **state)
{
    (void)state;
    sql("CREATE SCHEMA evil; CREATE TABLE evil.v_voice_secretaries (LIKE v_voice_secretaries)");
    make_hostile(true);
    vdb_pool *shared = open_pool((vdb_options){ .max_connections = 1, .statement_timeout_ms = 1234 });
    assert_instants_are_utc(shared);
    connection *c;
    ok(pool_acquire(shared, &c, &failure));
    ok(connection_execute(c,
                          "DO $$ BEGIN ASSERT current_setting('search_path') = 'public,pg_temp', 'search_path'; "
                          "ASSERT current_setting('TimeZone') = 'UTC', 'TimeZone'; "
                          "ASSERT current_setting('client_encoding') = 'UTF8', 'client_encoding'; "
                          "ASSERT current_setting('statement_timeout') = '1234ms', 'statement_timeout'; END $$",
                          &failure));
    pool_release(shared, c);
    vdb_pool_close(shared);
    make_hostile(false);
    sql("DROP SCHEMA evil CASCADE");
}

/* ---- PgBouncer
 * ---------------------------------------------------------------------------------------------------------- */

static const char *pooler; /* a connection string; NULL: there is none */

static int64_t clients(void)
{
    return number(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'");
}

/* One server connection, given to a client for a transaction. */
static int open_bouncer(void **state)
{
    (void)state;
    pooler = start_bouncer(PQuser(admin), 1, "");
    return 0;
}

static int close_bouncer(void **state)
{
    (void)state;
    stop_bouncer();
    return 0;
}

static void skip_without_bouncer(void)
{
    if (pooler != NULL)
        return;
    print_message("# pgbouncer is not installed\n");
    skip();
}

static void tenants_alternate_behind_a_pooler(void **state)
{
    (void)state;
    skip_without_bouncer();
    wait_for_end_of_backends();
    int64_t before = clients();
    vdb_pool *pooled = open_pool((vdb_options){ .conninfo = pooler, .max_connections = 8, .no_prepared = true });
    assert_true(pool_needs_settings(pooled));
    call_from(pooled, 8, 30);
    assert_int_equal(clients(), before + 1);
    vdb_pool_close(pooled);
}

/* What a transaction of the library leaves on the shared connection: nothing. */
static void nothing_of_a_tenant_stays_on_the_poolers_connection(void **state)
{
    (void)state;
    skip_without_bouncer();
    vdb_pool *pooled = open_pool((vdb_options){ .conninfo = pooler, .no_prepared = true });
    call_from(pooled, 2, 3);
    PGconn *c = connect_to(pooler);
    assert_string_equal(
        value_on(c, "SELECT concat_ws(' ', current_user, coalesce(current_setting('voicedb.domain_uuid', true), ''))"),
        text("%s ", PQuser(admin)));
    sql_on(c, "BEGIN; SET LOCAL ROLE voicedb_app");
    assert_string_equal(sqlstate_on(c, NULL, "SELECT * FROM v_voice_secretaries"), "22P02");
    sql_on(c, "ROLLBACK");
    PQfinish(c);
    vdb_pool_close(pooled);
}

static void settings_are_given_behind_a_pooler_too(void **state)
{
    (void)state;
    skip_without_bouncer();
    sql("CREATE SCHEMA evil; CREATE TABLE evil.v_voice_secretaries (LIKE v_voice_secretaries)");
    make_hostile(true);
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
        "pg_backend_pid()");
    vdb_pool *pooled = open_pool((vdb_options){ .conninfo = pooler, .no_prepared = true, .statement_timeout_ms = 300 });
    assert_instants_are_utc(pooled);
    vdb_tenant *t = open_tenant(pooled, CLINIC_UUID);
    const vdb_secretary *rows;
    size_t count;
    sql("BEGIN; LOCK TABLE v_voice_secretaries");
    refused(VDB_UNREACHABLE, vdb_secretary_list(t, &rows, &count, &failure));
    assert_string_equal(failure.sqlstate, "57014");
    sql("COMMIT");
    vdb_tenant_close(t);
    vdb_pool_close(pooled);
    make_hostile(false);
    sql("DROP SCHEMA evil CASCADE");
}

static void a_document_is_stored_and_searched_behind_a_pooler(void **state)
{
    (void)state;
    skip_without_bouncer();
    vdb_pool *pooled = open_pool((vdb_options){ .conninfo = pooler, .no_prepared = true });
    vdb_tenant *t = open_tenant(pooled, CLINIC_UUID);
    const float v[] = { 0, 1, 1, 0 };
    const char *uuid = store(t, "pooled", NULL, "pooled", v, 2, 2);
    vdb_search_result *result;
    const vdb_search_request request = { .embedding = v, .dimensions = 2, .embedding_model = "pooled" };
    ok(vdb_search(t, &request, &result, &failure));
    assert_int_equal(result->count, 2);
    assert_string_equal(result->hits[0].content, "pooled 0");
    vdb_search_free(result);
    ok(vdb_document_remove(t, uuid, &failure));
    vdb_tenant_close(t);
    vdb_pool_close(pooled);
}

/* A lock of the session would stay with the pooler's connection when the client has gone, and block the next one. */
static void what_locks_for_a_session_is_refused_behind_a_pooler(void **state)
{
    (void)state;
    skip_without_bouncer();
    vdb_pool *pooled = open_pool((vdb_options){ .conninfo = pooler, .no_prepared = true });
    vdb_tenant *t = open_tenant(pooled, CLINIC_UUID);
    const vdb_backup_table *tables;
    const vdb_maintenance *rows;
    size_t count;
    refused(VDB_USAGE, vdb_index_use(pooled, "none", &failure));
    refused(VDB_USAGE, vdb_tenant_erase(t, NULL, true, &tables, &count, &failure));
    refused(VDB_USAGE, vdb_maintain(pooled, NULL, &rows, &count, &failure));
    assert_int_equal(number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 8247 "
                            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"),
                     0);
    vdb_tenant_close(t);
    vdb_pool_close(pooled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(more_threads_than_connections, fill_both),
        cmocka_unit_test(a_call_waits_so_long_for_a_connection),
        cmocka_unit_test(an_idle_connection_that_was_ended_is_not_noticed),
        cmocka_unit_test(a_read_is_sent_again_and_a_write_is_not),
        cmocka_unit_test(a_writer_that_lost_its_connection_fails),
        cmocka_unit_test(a_slow_statement_ends),
        cmocka_unit_test(a_silent_server_is_given_up),
        cmocka_unit_test(a_server_that_is_not_there_is_told),
        cmocka_unit_test(settings_are_pinned),
        cmocka_unit_test_setup(tenants_alternate_behind_a_pooler, open_bouncer),
        cmocka_unit_test(nothing_of_a_tenant_stays_on_the_poolers_connection),
        cmocka_unit_test(what_locks_for_a_session_is_refused_behind_a_pooler),
        cmocka_unit_test(settings_are_given_behind_a_pooler_too),
        cmocka_unit_test_teardown(a_document_is_stored_and_searched_behind_a_pooler, close_bouncer),
    };
    return run_with_database(tests);
}
