/* A search's two halves on two connections: when there is a second one, and what becomes of the search without it. */
#include "fixture.h"

#include <inttypes.h>
#include <pthread.h>

static const float vector[] = { 0, 1 };
static const vdb_search_request question = {
    .question = "sorriso 1", .embedding = vector, .dimensions = 2, .embedding_model = "test"
};

/* When the last question was asked that is to wait. */
static const char *asked_at;

static int store_some(void **state)
{
    (void)state;
    static const float vectors[] = { 1, 0, 0, 1, 1, 1 };
    store(clinic, "sorriso", NULL, NULL, vectors, 3, 2);
    return 0;
}

static int64_t backends(void)
{
    return number("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'spare'");
}

typedef struct asking {
    vdb_pool *pool;
    vdb_tenant *tenant;
    vdb_status status;
    vdb_error error;
    const char *hits; /* "UUID score," of each */
} asking;

/* With `warm`, the pool has its second connection. */
static asking begin(vdb_options options, bool warm)
{
    asking a = { .hits = "" };
    options.conninfo = "application_name=spare";
    for (int i = 0; i < 6000 && backends() > 0; i++)
        sleep_ms(10);
    ok(vdb_pool_open(&options, &a.pool, &failure));
    ok(vdb_tenant_open(a.pool, CLINIC_UUID, &a.tenant, &failure));
    for (int i = 0; warm && i < 100 && backends() < 2; i++) {
        vdb_search_result *result;
        ok(vdb_search(a.tenant, &question, &result, &failure));
        vdb_search_free(result);
    }
    assert_int_equal(backends(), warm ? 2 : 1);
    return a;
}

static void end(asking *a)
{
    vdb_tenant_close(a->tenant);
    vdb_pool_close(a->pool);
}

static void ask(asking *a)
{
    vdb_search_result *result;
    a->hits = "";
    a->status = vdb_search(a->tenant, &question, &result, &a->error);
    if (a->status != VDB_OK)
        return;
    for (size_t i = 0; i < result->count; i++)
        a->hits = text("%s%s %.17g,", a->hits, result->hits[i].chunk_uuid, result->hits[i].score);
    vdb_search_free(result);
}

static void *ask_in_thread(void *item)
{
    ask(item);
    return NULL;
}

/* Asks while the table of terms is locked, which one half of the search waits for. `meanwhile` gets its backend. */
static void ask_while_locked(asking *a, void (*meanwhile)(int64_t pid))
{
    pthread_t thread;
    int64_t pid;
    PGconn *holder = connect_to("");
    sql_on(holder, "BEGIN; LOCK TABLE v_voice_document_terms");
    asked_at = text("%s", value_on(admin, "SELECT clock_timestamp()"));
    assert_int_equal(pthread_create(&thread, NULL, ask_in_thread, a), 0);
    while ((pid = number("SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE application_name = 'spare' AND "
                         "wait_event_type = 'Lock'")) == 0)
        sleep_ms(5);
    meanwhile(pid);
    sql_on(holder, "COMMIT");
    PQfinish(holder);
    pthread_join(thread, NULL);
}

static void who_asks_once_connects_once(void **state)
{
    (void)state;
    asking a = begin((vdb_options){ 0 }, false);
    ask(&a);
    assert_int_equal(a.status, VDB_OK);
    assert_int_equal(backends(), 1);
    end(&a);
}

static void both_ways_answer_alike(void **state)
{
    (void)state;
    asking one = begin((vdb_options){ .max_connections = 1 }, false);
    for (int i = 0; i < 40; i++)
        ask(&one);
    assert_int_equal(one.status, VDB_OK);
    assert_int_equal(backends(), 1);
    end(&one);
    asking two = begin((vdb_options){ 0 }, true);
    ask(&two);
    assert_int_equal(two.status, VDB_OK);
    assert_string_equal(two.hits, one.hits);
    assert_true(one.hits[0] != '\0');
    end(&two);
}

/* It has its rows and is idle, since the question was asked, while the one that was sent before waits. */
static void expect_the_other_half_to_be_done(int64_t pid)
{
    int64_t done = 0;
    for (int i = 0; i < 2000 && done == 0; i++, sleep_ms(5))
        done = number("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'spare' AND pid <> %" PRId64
                      " AND state = 'idle' AND state_change > '%s'",
                      pid, asked_at);
    assert_int_equal(done, 1);
}

static void the_halves_run_at_the_same_time(void **state)
{
    (void)state;
    asking a = begin((vdb_options){ 0 }, true);
    ask_while_locked(&a, expect_the_other_half_to_be_done);
    assert_int_equal(a.status, VDB_OK);
    end(&a);
}

static void end_backend(int64_t pid)
{
    sql("SELECT pg_terminate_backend(%" PRId64 ")", pid);
    while (number("SELECT count(*) FROM pg_stat_activity WHERE pid = %" PRId64, pid) > 0)
        sleep_ms(5);
}

static void a_half_whose_connection_ends_is_asked_again(void **state)
{
    (void)state;
    asking a = begin((vdb_options){ 0 }, true);
    ask(&a);
    const char *before = a.hits;
    ask_while_locked(&a, end_backend);
    assert_int_equal(a.status, VDB_OK);
    assert_string_equal(a.hits, before);
    ask(&a);
    assert_string_equal(a.hits, before);
    end(&a);
}

static void wait_for_its_timeout(int64_t pid)
{
    while (number("SELECT count(*) FROM pg_stat_activity WHERE pid = %" PRId64 " AND state = 'active'", pid) > 0)
        sleep_ms(5);
}

static void a_half_that_fails_fails_the_search(void **state)
{
    (void)state;
    asking a = begin((vdb_options){ .statement_timeout_ms = 500 }, true);
    ask_while_locked(&a, wait_for_its_timeout);
    assert_int_equal(a.status, VDB_UNREACHABLE);
    assert_string_equal(a.error.sqlstate, "57014");
    ask(&a);
    assert_int_equal(a.status, VDB_OK);
    assert_int_equal(backends(), 2);
    end(&a);
}

/* The first half fails: the second one's answer is read all the same, and its connection is as good as before. */
static void the_other_half_is_not_left_behind(void **state)
{
    (void)state;
    asking a = begin((vdb_options){ 0 }, true);
    sql("ALTER TABLE v_voice_document_chunks RENAME COLUMN embedding TO embedding_hidden");
    ask(&a);
    assert_int_equal(a.status, VDB_SCHEMA);
    sql("ALTER TABLE v_voice_document_chunks RENAME COLUMN embedding_hidden TO embedding");
    ask(&a);
    assert_int_equal(a.status, VDB_OK);
    assert_int_equal(backends(), 2);
    end(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(who_asks_once_connects_once, store_some),
        cmocka_unit_test(both_ways_answer_alike),
        cmocka_unit_test(the_halves_run_at_the_same_time),
        cmocka_unit_test(a_half_whose_connection_ends_is_asked_again),
        cmocka_unit_test(a_half_that_fails_fails_the_search),
        cmocka_unit_test(the_other_half_is_not_left_behind),
    };
    return run_with_database(tests);
}
