/* A voice-ai-ivr database becomes voicedb's: nothing is lost, nothing crosses tenants, and half of it never happens. */
#include "fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* A database of the old system; `admin`'s place in these tests is taken by a connection to it. */
typedef struct site {
    const char *database;
    PGconn *c;
    vdb_pool *pool;
} site;

static site make_site(const char *suffix)
{
    site s = { .database = make_database(suffix) };
    s.c = connect_to(text("dbname=%s", s.database));
    sql_on(s.c, "%s", file_of("tests/fixtures/voice_ai_ivr.sql"));
    s.pool = pool_to(text("dbname=%s", s.database));
    return s;
}

static void leave(site s)
{
    vdb_pool_close(s.pool);
    PQfinish(s.c);
}

static const vdb_adoption *adopt(site s, bool dry_run, bool drop, size_t *count, bool *adopted)
{
    const vdb_adoption *rows;
    ok(vdb_migrate_adopt(s.pool, dry_run, drop, &rows, count, adopted, &failure));
    return rows;
}

static void adopt_all(site s)
{
    size_t count;
    bool adopted = false;
    vdb_rows_free(adopt(s, false, true, &count, &adopted));
    assert_true(adopted);
}

static const char *drift_of(site s)
{
    const vdb_drift *rows;
    size_t count;
    ok(vdb_migrate_verify(s.pool, &rows, &count, &failure));
    const char *all = "";
    for (size_t i = 0; i < count; i++)
        all = text("%s%s %s: %s\n", all, rows[i].problem, rows[i].kind, rows[i].name);
    vdb_rows_free(rows);
    return all;
}

/* Every column and every row of every voice table. */
static const char *everything(site s)
{
    return rows_on(s.c,
                   "SELECT query_to_xml(format('SELECT * FROM %%I t ORDER BY t::text', tablename), true, false, '') "
                   "FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'v\\_voice\\_%%' ORDER BY tablename");
}

static size_t count_kind(const vdb_adoption *rows, size_t count, const char *kind)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += strcmp(rows[i].kind, kind) == 0;
    return found;
}

#define is(c, wanted, ...) assert_string_equal(value_on((c), __VA_ARGS__), (wanted))

/* ---- the whole of it
 * ------------------------------------------------------------------------------------------------- */

static void migrate_sends_to_adopt(void **state)
{
    (void)state;
    site s = make_site("refused");
    refused(VDB_CONFLICT, vdb_migrate(s.pool, 0, NULL, NULL, NULL, &failure));
    assert_contains(failure.hint, "adopt --dry-run");
    is(s.c, "t", "SELECT to_regclass('voicedb_migrations') IS NULL");
    leave(s);
}

static void a_dry_run_shows_all_and_changes_nothing(void **state)
{
    (void)state;
    site s = make_site("dry");
    const char *before = everything(s);
    size_t count;
    bool adopted = true;
    const vdb_adoption *rows = adopt(s, true, false, &count, &adopted);
    assert_false(adopted);
    assert_int_equal(count_kind(rows, count, "table"), 10);
    assert_int_equal(count_kind(rows, count, "column"), 31);
    assert_true(count_kind(rows, count, "schema") > 50);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].kind, "table") == 0)
            assert_string_equal(rows[i].before, rows[i].after);
    }
    vdb_rows_free(rows);
    assert_string_equal(everything(s), before);
    is(s.c, "t", "SELECT to_regclass('voicedb_migrations') IS NULL AND to_regproc('voicedb_touch') IS NULL");
    leave(s);
}

static void every_row_and_every_column_is_kept(void **state)
{
    (void)state;
    site s = make_site("kept");
    adopt_all(s);
    assert_string_equal(drift_of(s), "");
    is(s.c, "10|4|8|8|6|6|36|2|1|1",
       "SELECT concat_ws('|', (SELECT count(*) FROM v_voice_ai_providers), (SELECT count(*) FROM v_voice_secretaries), "
       "(SELECT count(*) FROM v_voice_documents), (SELECT count(*) FROM v_voice_document_chunks), (SELECT count(*) "
       "FROM v_voice_transfer_rules), "
       "(SELECT count(*) FROM v_voice_conversations), (SELECT count(*) FROM v_voice_messages), (SELECT count(*) FROM "
       "v_voice_transfer_destinations), "
       "(SELECT count(*) FROM v_voice_omniplay_settings), (SELECT count(*) FROM v_voice_omniplay_cache))");
    is(s.c, "clinic.example",
       "SELECT company_name FROM v_voice_secretaries WHERE domain_uuid = '" CLINIC_UUID "' AND extension = '801'");
    is(s.c, "100|400|semantic_vad",
       "SELECT concat_ws('|', jitter_buffer_min, audio_warmup_ms, vad_type) FROM v_voice_secretaries LIMIT 1");

    const char *database = s.database;
    leave(s);
    vdb_pool *to = pool_to(text("dbname=%s", database));
    vdb_tenant *t;
    const vdb_secretary *secretary;
    ok(vdb_tenant_open(to, "clinic.example", &t, &failure));
    ok(vdb_secretary_get(t, "801", &secretary, &failure));
    assert_string_equal(secretary->name, "Ana 1");
    assert_string_equal(secretary->system_prompt, "Responda em português.");
    assert_string_equal(secretary->webhook_url, "https://crm.example/ligacao");
    assert_true(secretary->webhook_enabled && secretary->enabled);
    assert_contains(secretary->llm_config, "key of clinic.example");
    assert_int_equal(secretary->max_conversation_turns, 20);
    vdb_rows_free(secretary);
    char conversation[37];
    ok(vdb_conversation_start(t, &(vdb_conversation_start_input){ .secretary = "801" }, conversation, &failure));
    ok(vdb_conversation_say(t, conversation, &(vdb_message){ .role = "user", .content = "Bom dia!" }, NULL, &failure));
    vdb_tenant_close(t);
    vdb_pool_close(to);
}

static void values_become_ours(void **state)
{
    (void)state;
    site s = make_site("values");
    adopt_all(s);
    is(s.c, "failed,pending,pending,ready",
       "SELECT string_agg(processing_status, ',' ORDER BY processing_status) FROM v_voice_documents WHERE domain_uuid "
       "= '" CLINIC_UUID "'");
    /* Of the calls with one UUID, the first has it. */
    is(s.c, "1|1",
       "SELECT concat_ws('|', count(*) FILTER (WHERE call_uuid = md5('clinic.examplecall2')::uuid), "
       "count(*) FILTER (WHERE metadata->>'call_uuid' = md5('clinic.examplecall2')::uuid::text)) "
       "FROM v_voice_conversations WHERE domain_uuid = '" CLINIC_UUID "'");
    is(s.c, "1,2,3,4,5,6",
       "SELECT string_agg(turn_number::text, ',' ORDER BY turn_number) FROM v_voice_messages "
       "WHERE conversation_uuid = md5('clinic.exampleconversation3')::uuid");
    is(s.c, "0,0,0,1,1,1",
       "SELECT string_agg(adopted_turn_number::text, ',' ORDER BY adopted_turn_number) FROM v_voice_messages "
       "WHERE conversation_uuid = md5('clinic.exampleconversation3')::uuid");
    /* A rule that one of two columns had switched off stays off. */
    is(s.c, "{boleto,fatura} t|{suporte,técnico} f|{} f",
       "SELECT string_agg(intent_keywords::text || ' ' || CASE WHEN enabled THEN 't' ELSE 'f' END, '|' ORDER BY "
       "department_name) "
       "FROM v_voice_transfer_rules WHERE domain_uuid = '" CLINIC_UUID "'");
    leave(s);
}

static void embeddings_become_vectors_or_stay(void **state)
{
    (void)state;
    site s = make_site("vectors");
    const char *first = value_on(
        s.c, "SELECT embedding FROM v_voice_document_chunks WHERE chunk_uuid = md5('clinic.examplechunk1')::uuid");
    const char *shorter = value_on(
        s.c, "SELECT embedding FROM v_voice_document_chunks WHERE chunk_uuid = md5('clinic.examplechunk2')::uuid");
    adopt_all(s);
    is(s.c, first,
       "SELECT embedding FROM v_voice_document_chunks WHERE chunk_uuid = md5('clinic.examplechunk1')::uuid");
    is(s.c, "1536|384|t|0",
       "SELECT concat_ws('|', vector_dims(embedding), embedding_dimensions, starts_with(embedding::text, rtrim('%s', "
       "']')), "
       "(SELECT max(abs(v)) FROM unnest(embedding::real[]) WITH ORDINALITY AS e (v, i) WHERE i > 384)) "
       "FROM v_voice_document_chunks WHERE chunk_uuid = md5('clinic.examplechunk2')::uuid",
       shorter);
    is(s.c, "3072",
       "SELECT jsonb_array_length(metadata->'embedding') FROM v_voice_document_chunks "
       "WHERE chunk_uuid = md5('clinic.examplechunk3')::uuid AND embedding IS NULL");
    leave(s);
}

static void embeddings_in_json_too(void **state)
{
    (void)state;
    site s = make_site("json");
    sql_on(s.c, "ALTER TABLE v_voice_document_chunks ALTER COLUMN embedding TYPE jsonb USING embedding::text::jsonb; "
                "UPDATE v_voice_document_chunks SET embedding = '{\"model\": \"x\"}' WHERE chunk_index = 4; "
                "UPDATE v_voice_document_chunks SET embedding = '[1, \"2\"]' WHERE chunk_index = 3");
    adopt_all(s);
    assert_string_equal(drift_of(s), "");
    is(s.c, "1536,384",
       "SELECT string_agg(embedding_dimensions::text, ',' ORDER BY chunk_index) FROM v_voice_document_chunks "
       "WHERE domain_uuid = '" CLINIC_UUID "' AND embedding IS NOT NULL");
    is(s.c, "[1, \"2\"],{\"model\": \"x\"}",
       "SELECT string_agg(metadata->>'embedding', ',' ORDER BY chunk_index) FROM v_voice_document_chunks "
       "WHERE domain_uuid = '" CLINIC_UUID "' AND embedding IS NULL");
    leave(s);
}

static void adopting_again_changes_nothing(void **state)
{
    (void)state;
    site s = make_site("again");
    adopt_all(s);
    const char *before = everything(s);
    size_t count = 1;
    bool adopted = true;
    vdb_rows_free(adopt(s, false, false, &count, &adopted));
    assert_int_equal(count, 0);
    assert_false(adopted);
    int applied = -1;
    ok(vdb_migrate(s.pool, 0, NULL, NULL, &applied, &failure));
    assert_int_equal(applied, 0);
    assert_string_equal(everything(s), before);
    leave(s);
}

static void realtime_providers_are_allowed_there_and_nowhere_else(void **state)
{
    (void)state;
    site s = make_site("realtime");
    adopt_all(s);
    sql_on(s.c, "INSERT INTO v_voice_ai_providers (domain_uuid, provider_type, provider_name) VALUES ('" CLINIC_UUID
                "', 'realtime', 'x')");
    assert_string_equal(
        sqlstate_on(s.c, NULL,
                    "UPDATE v_voice_secretaries SET realtime_provider_uuid = md5('clinic.examplerealtime')::uuid "
                    "WHERE domain_uuid = '" HOTEL_UUID "'"),
        "23503");
    leave(s);
    assert_string_equal(sqlstate_on(admin, NULL,
                                    "INSERT INTO v_voice_ai_providers (domain_uuid, provider_type, provider_name) "
                                    "VALUES ('" CLINIC_UUID "', 'realtime', 'x')"),
                        "23514");
}

static void there_must_be_something_to_adopt(void **state)
{
    (void)state;
    const vdb_adoption *rows;
    size_t count;
    vdb_pool *to = pool_to(text("dbname=%s", make_database("nothing")));
    refused(VDB_NOT_FOUND, vdb_migrate_adopt(to, false, false, &rows, &count, NULL, &failure));
    vdb_pool_close(to);
}

/* ---- across tenants
 * -------------------------------------------------------------------------------------------------- */

static void cross(site s)
{
    sql_on(s.c, "UPDATE v_voice_secretaries SET llm_provider_uuid = md5('hotel.examplellm')::uuid WHERE domain_uuid = "
                "'" CLINIC_UUID "' AND extension = '801'; "
                "UPDATE v_voice_documents SET voice_secretary_uuid = md5('hotel.example1')::uuid WHERE "
                "voice_document_uuid = md5('clinic.exampledoc1')::uuid; "
                "UPDATE v_voice_document_chunks SET voice_document_uuid = md5('hotel.exampledoc2')::uuid WHERE "
                "chunk_uuid = md5('clinic.examplechunk1')::uuid");
}

static void references_across_tenants_stop_it(void **state)
{
    (void)state;
    site s = make_site("across");
    cross(s);
    const char *before = everything(s);
    const vdb_adoption *rows;
    size_t count;
    refused(VDB_CONFLICT, vdb_migrate_adopt(s.pool, false, false, &rows, &count, NULL, &failure));
    assert_contains(failure.message, "to another: 3");
    assert_contains(failure.hint, "--drop-cross-tenant");
    rows = adopt(s, true, false, &count, NULL);
    assert_int_equal(count_kind(rows, count, "cross_tenant"), 3);
    vdb_rows_free(rows);
    assert_string_equal(everything(s), before);
    leave(s);
}

static void dropped_references_lose_no_row(void **state)
{
    (void)state;
    site s = make_site("dropped");
    cross(s);
    adopt_all(s);
    assert_string_equal(drift_of(s), "");
    is(s.c, "1", "SELECT count(*) FROM v_voice_secretaries WHERE llm_provider_uuid IS NULL");
    is(s.c, "f",
       "SELECT enabled FROM v_voice_documents WHERE document_uuid = md5('clinic.exampledoc1')::uuid AND "
       "voice_secretary_uuid IS NULL");
    is(s.c, "Trecho 1|f",
       "SELECT k.content || '|' || CASE WHEN d.enabled THEN 't' ELSE 'f' END FROM v_voice_document_chunks k "
       "JOIN v_voice_documents d USING (domain_uuid, document_uuid) "
       "WHERE k.chunk_uuid = md5('clinic.examplechunk1')::uuid AND k.domain_uuid = '" CLINIC_UUID "'");
    leave(s);
}

static void what_only_the_operator_can_decide_stops_it(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "UPDATE v_voice_transfer_rules SET voice_secretary_uuid = NULL WHERE priority = 1",
        "UPDATE v_voice_secretaries SET extension = '801'",
        "UPDATE v_voice_ai_providers SET provider_type = 'llm' WHERE provider_type = 'stt'",
    };
    for (size_t i = 0; i < COUNT(changes); i++) {
        site s = make_site("obstacle");
        sql_on(s.c, "%s", changes[i]);
        const vdb_adoption *rows;
        size_t count;
        refused(VDB_CONFLICT, vdb_migrate_adopt(s.pool, false, true, &rows, &count, NULL, &failure));
        assert_contains(failure.message, "only you can decide about: 2");
        is(s.c, "t", "SELECT to_regclass('voicedb_migrations') IS NULL");
        leave(s);
    }
}

/* ---- faults
 * ---------------------------------------------------------------------------------------------------------- */

static pid_t start_adopting(const char *database)
{
    const char *conninfo = text("dbname=%s application_name=adopter", database);
    pid_t child = fork();
    if (child != 0)
        return child;
    vdb_pool *to;
    const vdb_adoption *rows;
    size_t count;
    bool adopted = false;
    vdb_status status = vdb_pool_open(&(vdb_options){ .conninfo = conninfo }, &to, NULL);
    if (status == VDB_OK)
        status = vdb_migrate_adopt(to, false, false, &rows, &count, &adopted, NULL);
    _exit(status == VDB_OK ? 100 + adopted : (int)status);
}

static int finish(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void killed_at_any_moment_it_has_happened_or_not(void **state)
{
    (void)state;
    site s = make_site("killed");
    const char *before = everything(s);
    for (int ms = 20; ms <= 400; ms += 60) {
        pid_t child = start_adopting(s.database);
        sleep_ms(ms);
        kill(child, SIGKILL);
        if (finish(child) >= 100)
            break;
        while (strcmp(value_on(s.c, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'adopter'"), "0") !=
               0)
            sleep_ms(10);
        if (strcmp(value_on(s.c, "SELECT to_regclass('voicedb_migrations') IS NULL"), "t") != 0)
            break;
        assert_string_equal(everything(s), before);
    }
    size_t count;
    vdb_rows_free(adopt(s, false, false, &count, NULL));
    assert_string_equal(drift_of(s), "");
    is(s.c, "36", "SELECT count(*) FROM v_voice_messages");
    leave(s);
}

static void of_two_operators_one_adopts(void **state)
{
    (void)state;
    site s = make_site("two");
    pid_t first = start_adopting(s.database), second = start_adopting(s.database);
    assert_int_equal(finish(first) + finish(second), 201);
    assert_string_equal(drift_of(s), "");
    leave(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(migrate_sends_to_adopt),
        cmocka_unit_test(a_dry_run_shows_all_and_changes_nothing),
        cmocka_unit_test(every_row_and_every_column_is_kept),
        cmocka_unit_test(values_become_ours),
        cmocka_unit_test(embeddings_become_vectors_or_stay),
        cmocka_unit_test(embeddings_in_json_too),
        cmocka_unit_test(adopting_again_changes_nothing),
        cmocka_unit_test(realtime_providers_are_allowed_there_and_nowhere_else),
        cmocka_unit_test(there_must_be_something_to_adopt),
        cmocka_unit_test(references_across_tenants_stop_it),
        cmocka_unit_test(dropped_references_lose_no_row),
        cmocka_unit_test(what_only_the_operator_can_decide_stops_it),
        cmocka_unit_test(killed_at_any_moment_it_has_happened_or_not),
        cmocka_unit_test(of_two_operators_one_adopts),
    };
    return run_with_database(tests);
}
