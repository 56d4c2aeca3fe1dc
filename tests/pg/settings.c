/* A tenant's setting that was forgotten, has expired, was rolled back or lies about on a shared connection: an error
 * each time, and never somebody's rows. */
#include "bouncer.h"
#include "fixture.h"
#include "pg/pool.h"

static const char *login;  /* a member of voicedb_app: bound with or without SET ROLE */
static const char *pooler; /* NULL: there is none */
static PGconn *c;

#define LOOK "SELECT name FROM v_voice_secretaries"

static int fill_both(void **state)
{
    (void)state;
    fill(clinic, "sorriso");
    fill(hotel, "mirante");
    login = own_name("login");
    sql("CREATE ROLE %s LOGIN IN ROLE voicedb_app", login);
    return 0;
}

static int open_direct(void **state)
{
    if (login == NULL)
        fill_both(state);
    c = connect_to(text("user=%s", login));
    return 0;
}

static int close_direct(void **state)
{
    (void)state;
    PQfinish(c);
    c = NULL;
    return 0;
}

static int open_bouncer(void **state)
{
    (void)state;
    pooler = start_bouncer(login, 1, "");
    return 0;
}

static int open_resetting_bouncer(void **state)
{
    (void)state;
    pooler = start_bouncer(login, 1, "server_reset_query = RESET voicedb.domain_uuid\nserver_reset_query_always = 1\n");
    return 0;
}

static int close_bouncer(void **state)
{
    (void)state;
    stop_bouncer();
    pooler = NULL;
    return 0;
}

static void skip_without_bouncer(void)
{
    if (pooler != NULL)
        return;
    print_message("# pgbouncer is not installed\n");
    skip();
}

/* No text is a UUID, least of all an empty one. */
#define assert_refused(of) assert_string_equal(sqlstate_on((of), NULL, LOOK), "22P02")

static void begin_as(PGconn *of, const char *domain_uuid)
{
    sql_on(of, "BEGIN");
    sql_on(of, "SET LOCAL voicedb.domain_uuid = '%s'", domain_uuid);
}

/* ---- plain SQL ----------------------------------------------------------------------------------------------------
 */

static void outside_a_transaction_set_local_sets_nothing(void **state)
{
    (void)state;
    sql_on(c, "SET LOCAL voicedb.domain_uuid = '%s'", CLINIC_UUID);
    assert_refused(c);
    assert_string_equal(sqlstate_on(c, NULL, "SELECT set_config('voicedb.domain_uuid', '%s', true)", CLINIC_UUID), "");
    assert_refused(c);
}

static void it_ends_with_its_transaction_however_that_ends(void **state)
{
    (void)state;
    static const char *const ends[] = { "COMMIT", "ROLLBACK", "SELECT 1 / 0; COMMIT", "COMMIT AND CHAIN",
                                        "ROLLBACK AND CHAIN" };
    for (size_t i = 0; i < COUNT(ends); i++) {
        begin_as(c, CLINIC_UUID);
        assert_string_equal(rows_on(c, LOOK), "Ana sorriso");
        sqlstate_on(c, NULL, "%s", ends[i]);
        if (PQtransactionStatus(c) == PQTRANS_INERROR)
            assert_string_equal(sqlstate_on(c, NULL, LOOK), "25P02");
        if (PQtransactionStatus(c) == PQTRANS_INERROR)
            sql_on(c, "ROLLBACK");
        assert_refused(c);
        sql_on(c, "ROLLBACK");
        assert_refused(c);
    }
}

static void a_savepoint_takes_its_tenant_along(void **state)
{
    (void)state;
    sql_on(c, "BEGIN; SAVEPOINT s; SET LOCAL voicedb.domain_uuid = '%s'; ROLLBACK TO s", CLINIC_UUID);
    assert_refused(c);
    sql_on(c, "ROLLBACK");
    begin_as(c, CLINIC_UUID);
    sql_on(c, "SAVEPOINT s; SET LOCAL voicedb.domain_uuid = '%s'", HOTEL_UUID);
    assert_string_equal(rows_on(c, LOOK), "Ana mirante");
    sql_on(c, "ROLLBACK TO s");
    assert_string_equal(rows_on(c, LOOK), "Ana sorriso");
    sql_on(c, "COMMIT");
    assert_refused(c);
}

static void taking_it_back_leaves_none(void **state)
{
    (void)state;
    static const char *const ways[] = { "RESET voicedb.domain_uuid", "SET voicedb.domain_uuid TO DEFAULT",
                                        "SET voicedb.domain_uuid = ''", "RESET ALL", "DISCARD ALL" };
    for (size_t i = 0; i < COUNT(ways); i++) {
        sql_on(c, "SET voicedb.domain_uuid = '%s'", CLINIC_UUID);
        assert_string_equal(rows_on(c, LOOK), "Ana sorriso");
        sql_on(c, "%s", ways[i]);
        assert_refused(c);
    }
}

/* A cursor reads with the tenant that its transaction had when it was opened. */
static void a_cursor_ends_with_its_tenant(void **state)
{
    (void)state;
    begin_as(c, CLINIC_UUID);
    sql_on(c, "DECLARE open_one CURSOR FOR " LOOK);
    sql_on(c, "COMMIT");
    assert_string_equal(sqlstate_on(c, NULL, "FETCH ALL FROM open_one"), "34000");
    begin_as(c, HOTEL_UUID);
    assert_string_equal(sqlstate_on(c, NULL, "FETCH ALL FROM open_one"), "34000");
    sql_on(c, "ROLLBACK");
}

/* ---- the library's connections --------------------------------------------------------------------------------------
 */

/* The only connection of the pool is nobody's. */
static void assert_clean(vdb_pool *of)
{
    connection *only;
    PGresult *result;
    ok(pool_acquire(of, &only, &failure));
    ok(connection_ask(only,
                      "SELECT current_user = session_user, coalesce(current_setting('voicedb.domain_uuid', true), '')",
                      &result, &failure));
    assert_string_equal(PQgetvalue(result, 0, 0), "t");
    assert_string_equal(PQgetvalue(result, 0, 1), "");
    PQclear(result);
    pool_release(of, only);
}

static void use_in_all_ways(vdb_pool *of)
{
    vdb_tenant *t;
    const vdb_secretary *rows;
    vdb_document_writer *writer;
    char uuid[37];
    size_t count;
    const float v[] = { 1, 2 };
    const vdb_chunk_input chunk = { .content = "x", .embedding = v };
    const vdb_document document = { .document_name = "x" };
    ok(vdb_tenant_open(of, CLINIC_UUID, &t, &failure));
    assert_clean(of);
    ok(vdb_secretary_list(t, &rows, &count, &failure));
    vdb_rows_free(rows);
    assert_clean(of);
    refused(VDB_CONFLICT,
            vdb_secretary_add(t, &(vdb_secretary_input){ .name = "x", .extension = "2000" }, uuid, &failure));
    assert_clean(of);
    ok(vdb_document_writer_open(t, &document, "test", 2, &writer, &failure));
    ok(vdb_document_writer_append(writer, &chunk, 1, &failure));
    vdb_document_writer_abort(writer);
    assert_clean(of);
    ok(vdb_document_writer_open(t, &document, "test", 2, &writer, &failure));
    ok(vdb_document_writer_append(writer, &chunk, 1, &failure));
    ok(vdb_document_writer_commit(writer, NULL, &failure));
    assert_clean(of);
    sql("BEGIN; LOCK TABLE v_voice_secretaries");
    refused(VDB_UNREACHABLE, vdb_secretary_list(t, &rows, &count, &failure)); /* after its statement_timeout */
    sql("COMMIT");
    assert_clean(of);
    sql("DELETE FROM v_voice_documents WHERE document_name = 'x'");
    vdb_tenant_close(t);
}

static void a_pooled_connection_keeps_nothing(void **state)
{
    (void)state;
    const char *const conninfo[] = { "", text("user=%s", login), pooler };
    for (size_t i = 0; i < COUNT(conninfo); i++) {
        if (conninfo[i] == NULL)
            continue;
        vdb_pool *one;
        const vdb_options options = { .conninfo = conninfo[i],
                                      .max_connections = 1,
                                      .statement_timeout_ms = 500,
                                      .no_prepared = conninfo[i] == pooler };
        ok(vdb_pool_open(&options, &one, &failure));
        use_in_all_ways(one);
        vdb_pool_close(one);
    }
}

/* ---- PgBouncer: all clients share one connection of the server ------------------------------------------------------
 */

static int64_t backend(PGconn *of)
{
    return strtoll(value_on(of, "SELECT pg_backend_pid()"), NULL, 10);
}

static void the_next_client_of_a_pooler_has_no_tenant(void **state)
{
    (void)state;
    skip_without_bouncer();
    PGconn *first = connect_to(pooler), *next = connect_to(pooler);
    assert_int_equal(backend(first), backend(next));
    static const char *const ends[] = { "COMMIT", "ROLLBACK", "SELECT 1 / 0; COMMIT" };
    for (size_t i = 0; i < COUNT(ends); i++) {
        begin_as(first, CLINIC_UUID);
        assert_string_equal(rows_on(first, LOOK), "Ana sorriso");
        sqlstate_on(first, NULL, "%s", ends[i]);
        if (PQtransactionStatus(first) != PQTRANS_IDLE)
            sql_on(first, "ROLLBACK");
        assert_refused(next);
        assert_refused(first);
    }
    begin_as(first, CLINIC_UUID);
    assert_string_equal(rows_on(first, LOOK), "Ana sorriso");
    PQfinish(first); /* in the middle of its transaction */
    assert_refused(next);
    PQfinish(next);
}

/* A session-wide setting is not the transaction's: docs/connecting.md says how to keep PgBouncer from handing it on. */
static void a_pooler_that_resets_hands_no_session_on(void **state)
{
    (void)state;
    skip_without_bouncer();
    PGconn *first = connect_to(pooler), *next = connect_to(pooler);
    sql_on(first, "SET voicedb.domain_uuid = '%s'", CLINIC_UUID);
    assert_refused(next);
    assert_refused(first);
    PQfinish(first);
    PQfinish(next);
}

#define direct(test) cmocka_unit_test_setup_teardown(test, open_direct, close_direct)

int main(void)
{
    const struct CMUnitTest tests[] = {
        direct(outside_a_transaction_set_local_sets_nothing),
        direct(it_ends_with_its_transaction_however_that_ends),
        direct(a_savepoint_takes_its_tenant_along),
        direct(taking_it_back_leaves_none),
        direct(a_cursor_ends_with_its_tenant),
        cmocka_unit_test_setup(a_pooled_connection_keeps_nothing, open_bouncer),
        cmocka_unit_test_teardown(the_next_client_of_a_pooler_has_no_tenant, close_bouncer),
        cmocka_unit_test_setup_teardown(a_pooler_that_resets_hands_no_session_on, open_resetting_bouncer,
                                        close_bouncer),
    };
    return run_with_database(tests);
}
