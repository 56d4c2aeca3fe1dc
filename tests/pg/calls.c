/* What a call asks for: transfer rules, conversations and their messages; and what the server's errors become. */
#include "fixture.h"
#include "pg/connection.h"

static char ana[37], bia[37];

static int empty(void **state)
{
    (void)state;
    sql("TRUNCATE v_voice_ai_providers, v_voice_secretaries, v_voice_documents, v_voice_conversations CASCADE");
    ok(vdb_secretary_add(clinic, &(vdb_secretary_input){ .name = "Ana", .extension = "2000" }, ana, &failure));
    ok(vdb_secretary_add(clinic, &(vdb_secretary_input){ .name = "Bia" }, bia, &failure));
    return 0;
}

/* ---- transfer rules -------------------------------------------------------------------------------------------------
 */

static const char *add_rule(const vdb_transfer_rule_input *input)
{
    char uuid[37];
    ok(vdb_transfer_rule_add(clinic, input, uuid, &failure));
    return text("%s", uuid);
}

#define KEYWORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void a_rule_keeps_what_it_is_given(void **state)
{
    (void)state;
    const vdb_transfer_rule *rules;
    size_t count;
    const vdb_transfer_rule_input full = {
        .secretary = "2000",
        .department_name = "Financeiro",
        .intent_keywords = KEYWORDS("boleto", "2ª via", "it's \"quoted\", {odd}"),
        .intent_patterns = KEYWORDS("^pagar .*"),
        .destination_type = "queue",
        .transfer_extension = "4000",
        .transfer_message = "Um momento…",
        .working_hours = "{\"mon\": [\"08:00-18:00\"], \"timezone\": \"America/Sao_Paulo\"}",
        .fallback_action = "voicemail",
        .fallback_extension = "*99",
        .priority = &(const int64_t){ -5 },
        .enabled = &(const bool){ false },
    };
    const char *first = add_rule(&full),
               *second = add_rule(&(vdb_transfer_rule_input){ .department_name = "Vendas", .transfer_extension = "1" });
    ok(vdb_transfer_rule_list(clinic, NULL, &rules, &count, &failure));
    assert_int_equal(count, 2);
    assert_string_equal(rules[0].transfer_rule_uuid, first);
    assert_string_equal(rules[0].voice_secretary_uuid, ana);
    assert_string_equal(rules[0].department_name, "Financeiro");
    for (int i = 0; i < 3; i++)
        assert_string_equal(rules[0].intent_keywords[i], full.intent_keywords[i]);
    assert_null(rules[0].intent_keywords[3]);
    assert_string_equal(rules[0].intent_patterns[0], "^pagar .*");
    assert_string_equal(rules[0].destination_type, "queue");
    assert_string_equal(rules[0].transfer_extension, "4000");
    assert_string_equal(rules[0].transfer_message, "Um momento…");
    assert_string_equal(rules[0].working_hours, full.working_hours);
    assert_string_equal(rules[0].fallback_action, "voicemail");
    assert_string_equal(rules[0].fallback_extension, "*99");
    assert_int_equal(rules[0].priority, -5);
    assert_false(rules[0].enabled);
    assert_string_equal(rules[1].transfer_rule_uuid, second);
    assert_null(rules[1].voice_secretary_uuid);
    assert_null(rules[1].intent_keywords[0]);
    assert_string_equal(rules[1].destination_type, "extension");
    assert_int_equal(rules[1].priority, 100);
    assert_true(rules[1].enabled);
    assert_null(rules[1].working_hours);
    vdb_rows_free(rules);
    ok(vdb_transfer_rule_list(clinic, "Bia", &rules, &count, &failure));
    assert_int_equal(count, 1);
    assert_string_equal(rules[0].transfer_rule_uuid, second);
    vdb_rows_free(rules);
    ok(vdb_transfer_rule_remove(clinic, first, &failure));
    refused(VDB_NOT_FOUND, vdb_transfer_rule_remove(clinic, first, &failure));
    refused(VDB_USAGE, vdb_transfer_rule_remove(clinic, "Vendas", &failure));
}

static void bad_rules_are_refused(void **state)
{
    (void)state;
    const struct {
        vdb_status status;
        vdb_transfer_rule_input input;
    } cases[] = {
        { VDB_USAGE, { .transfer_extension = "1" } },
        { VDB_USAGE, { .department_name = "x" } },
        { VDB_USAGE, { .department_name = "x", .transfer_extension = "" } },
        { VDB_BAD_INPUT, { .department_name = "x", .transfer_extension = "1", .destination_type = "fax" } },
        { VDB_BAD_INPUT, { .department_name = "x", .transfer_extension = "1", .intent_keywords = KEYWORDS("ok", "") } },
        { VDB_BAD_INPUT, { .department_name = "x", .transfer_extension = "1", .intent_keywords = KEYWORDS(" -!- ") } },
        { VDB_BAD_INPUT,
          { .department_name = "x", .transfer_extension = "1", .intent_keywords = KEYWORDS("caf\xE9") } },
        { VDB_BAD_INPUT,
          { .department_name = "x", .transfer_extension = "1", .intent_patterns = KEYWORDS("caf\xE9") } },
        { VDB_BAD_INPUT, { .department_name = "x", .transfer_extension = "1", .working_hours = "always" } },
        { VDB_BAD_INPUT,
          { .department_name = "x", .transfer_extension = "1", .working_hours = "{\"mon\": [\"8-18\"]}" } },
        { VDB_BAD_INPUT,
          { .department_name = "x",
            .transfer_extension = "1",
            .working_hours = "{\"mon\": [\"08:00-18:00\"], \"timezone\": \"America/Atlantis\"}" } },
        { VDB_BAD_INPUT, { .department_name = "x", .transfer_extension = "1", .intent_patterns = KEYWORDS("(") } },
        { VDB_BAD_INPUT, { .department_name = "x", .transfer_extension = "1", .intent_patterns = KEYWORDS("\\C") } },
        { VDB_NOT_FOUND, { .department_name = "x", .transfer_extension = "1", .secretary = "Carla" } },
        { VDB_NOT_FOUND, { .department_name = "x", .transfer_extension = "1", .secretary = NOBODY_UUID } },
    };
    char uuid[37];
    for (size_t i = 0; i < COUNT(cases); i++)
        refused(cases[i].status, vdb_transfer_rule_add(clinic, &cases[i].input, uuid, &failure));
    assert_int_equal(number("SELECT count(*) FROM v_voice_transfer_rules"), 0);
}

/* ---- conversations --------------------------------------------------------------------------------------------------
 */

/* Instants have as many digits as they need, so that texts do not compare. */
static bool is_before(const char *a, const char *b)
{
    return number("SELECT ('%s'::timestamptz <= '%s'::timestamptz)::int", a, b) == 1;
}

static const char *start(const vdb_conversation_start_input *input)
{
    char uuid[37];
    ok(vdb_conversation_start(clinic, input, uuid, &failure));
    return text("%s", uuid);
}

static int64_t say(const char *conversation, const char *role, int64_t turn)
{
    int64_t number_of_turn = 0;
    const vdb_message message = { .role = role, .content = text("%s at %d", role, (int)turn), .turn_number = turn };
    ok(vdb_conversation_say(clinic, conversation, &message, &number_of_turn, &failure));
    return number_of_turn;
}

static void a_conversation_starts_and_ends(void **state)
{
    (void)state;
    const char *call = value("SELECT gen_random_uuid()");
    const char *rule = add_rule(&(vdb_transfer_rule_input){ .department_name = "Vendas", .transfer_extension = "1" });
    const vdb_conversation *c;
    const char *uuid = start(&(vdb_conversation_start_input){ .secretary = "2000",
                                                              .call_uuid = call,
                                                              .caller_id = "+5511999990000",
                                                              .caller_name = "João",
                                                              .metadata = "{\"trunk\": 1}" });
    ok(vdb_conversation_get(clinic, call, &c, &failure));
    assert_string_equal(c->conversation_uuid, uuid);
    assert_string_equal(c->voice_secretary_uuid, ana);
    assert_string_equal(c->secretary_name, "Ana");
    assert_string_equal(c->call_uuid, call);
    assert_string_equal(c->caller_id, "+5511999990000");
    assert_string_equal(c->caller_name, "João");
    assert_string_equal(c->metadata, "{\"trunk\": 1}");
    assert_null(c->ended_at);
    assert_null(c->final_action);
    assert_true(c->messages == 0 && c->turns == 0 && c->duration_ms == 0);
    vdb_rows_free(c);
    const vdb_conversation_end_input end = { .final_action = "transfer",
                                             .transfer_rule_uuid = rule,
                                             .transfer_target = "1",
                                             .summary = "Quis comprar.",
                                             .ticket_id = "T-1" };
    say(uuid, "user", 1);
    say(uuid, "assistant", 1);
    say(uuid, "user", 2);
    ok(vdb_conversation_end(clinic, uuid, &end, &failure));
    sql("UPDATE v_voice_conversations SET started_at = ended_at - interval '1.5 s' WHERE call_uuid = '%s'", call);
    ok(vdb_conversation_get(clinic, uuid, &c, &failure));
    assert_non_null(c->ended_at);
    assert_true(c->messages == 3 && c->turns == 2 && c->duration_ms == 1500);
    assert_true(is_before(c->started_at, c->ended_at));
    assert_string_equal(c->final_action, "transfer");
    assert_string_equal(c->transfer_rule_uuid, rule);
    assert_string_equal(c->transfer_target, "1");
    assert_string_equal(c->summary, "Quis comprar.");
    assert_string_equal(c->ticket_id, "T-1");
    vdb_rows_free(c);
    refused(VDB_CONFLICT, vdb_conversation_end(clinic, uuid, &end, &failure));
    ok(vdb_transfer_rule_remove(clinic, rule, &failure));
    ok(vdb_conversation_get(clinic, uuid, &c, &failure));
    assert_null(c->transfer_rule_uuid);
    assert_string_equal(c->transfer_target, "1");
    vdb_rows_free(c);
}

static void a_call_is_one_conversation(void **state)
{
    (void)state;
    char uuid[37];
    const char *call = value("SELECT gen_random_uuid()"),
               *first = start(&(vdb_conversation_start_input){ .call_uuid = call });
    assert_string_equal(start(&(vdb_conversation_start_input){ .call_uuid = call, .caller_id = "1" }), first);
    ok(vdb_conversation_end(clinic, first, &(vdb_conversation_end_input){ 0 }, &failure));
    refused(VDB_CONFLICT,
            vdb_conversation_start(clinic, &(vdb_conversation_start_input){ .call_uuid = call }, uuid, &failure));
    assert_contains(failure.detail, first);
    start(&(vdb_conversation_start_input){ 0 });
    start(&(vdb_conversation_start_input){ 0 });
    assert_int_equal(number("SELECT count(*) FROM v_voice_conversations"), 3);
    refused(VDB_USAGE,
            vdb_conversation_start(clinic, &(vdb_conversation_start_input){ .call_uuid = "call-1" }, uuid, &failure));
    refused(VDB_BAD_INPUT,
            vdb_conversation_start(clinic, &(vdb_conversation_start_input){ .metadata = "[]" }, uuid, &failure));
    refused(VDB_NOT_FOUND,
            vdb_conversation_start(clinic, &(vdb_conversation_start_input){ .secretary = "Carla" }, uuid, &failure));
    refused(VDB_NOT_FOUND, vdb_conversation_start(clinic, &(vdb_conversation_start_input){ .secretary = NOBODY_UUID },
                                                  uuid, &failure));
    assert_int_equal(number("SELECT count(*) FROM v_voice_conversations"), 3);
}

static void turns_are_numbered(void **state)
{
    (void)state;
    const char *c = start(&(vdb_conversation_start_input){ .secretary = "Ana" });
    static const struct {
        const char *role;
        int64_t asked, got;
    } said[] = {
        { "system", 0, 1 }, { "user", 0, 1 }, { "assistant", 0, 1 }, { "user", 0, 2 },      { "tool", 0, 2 },
        { "tool", 0, 3 },   { "user", 0, 3 }, { "assistant", 7, 7 }, { "assistant", 0, 8 }, { "user", 5, 5 },
    };
    for (size_t i = 0; i < COUNT(said); i++)
        assert_int_equal(say(c, said[i].role, said[i].asked), said[i].got);
    const vdb_message again = { .role = "user", .content = "x", .turn_number = 5 };
    refused(VDB_CONFLICT, vdb_conversation_say(clinic, c, &again, NULL, &failure));
    const vdb_message *messages;
    size_t count;
    ok(vdb_message_list(clinic, c, &messages, &count, &failure));
    assert_int_equal(count, COUNT(said));
    for (size_t i = 1; i < count; i++)
        assert_true(messages[i].turn_number >= messages[i - 1].turn_number);
    assert_string_equal(messages[0].role, "system");
    assert_string_equal(messages[count - 1].role, "assistant");
    vdb_rows_free(messages);
    const vdb_conversation *row;
    ok(vdb_conversation_get(clinic, c, &row, &failure));
    assert_int_equal(row->messages, count);
    vdb_rows_free(row);
}

static void a_message_keeps_what_it_is_given(void **state)
{
    (void)state;
    const char *c = start(&(vdb_conversation_start_input){ 0 });
    const vdb_message full = {
        .role = "assistant",
        .content = "Abrimos às 8h. ☎",
        .audio_duration_ms = 1500,
        .audio_file_path = "/a/b.wav",
        .stt_provider = "whisper",
        .stt_latency_ms = 11,
        .rag_latency_ms = 5,
        .llm_provider = "openai",
        .llm_latency_ms = 22,
        .tts_provider = "azure",
        .tts_latency_ms = 33,
        .tokens_used = 44,
        .rag_chunk_uuids = KEYWORDS(NOBODY_UUID, CLINIC_UUID),
        .rag_similarities = (const double[]){ 0.75, -0.5 },
        .detected_intent = "hours",
        .intent_confidence = 0.25,
    };
    const vdb_message *m;
    size_t count;
    ok(vdb_conversation_say(clinic, c, &full, NULL, &failure));
    say(c, "user", 0);
    ok(vdb_message_list(clinic, c, &m, &count, &failure));
    assert_string_equal(m->content, full.content);
    assert_int_equal(m->audio_duration_ms, 1500);
    assert_string_equal(m->audio_file_path, "/a/b.wav");
    assert_string_equal(m->stt_provider, "whisper");
    assert_string_equal(m->llm_provider, "openai");
    assert_string_equal(m->tts_provider, "azure");
    assert_true(m->stt_latency_ms == 11 && m->llm_latency_ms == 22 && m->tts_latency_ms == 33 && m->tokens_used == 44);
    assert_int_equal(m->rag_latency_ms, 5);
    assert_string_equal(m->rag_chunk_uuids[0], NOBODY_UUID);
    assert_string_equal(m->rag_chunk_uuids[1], CLINIC_UUID);
    assert_null(m->rag_chunk_uuids[2]);
    assert_string_equal(m->detected_intent, "hours");
    assert_true(m->intent_confidence == 0.25);
    assert_true(m[1].audio_duration_ms == 0 && m[1].rag_chunk_uuids == NULL && m[1].stt_provider == NULL);
    vdb_rows_free(m);
    assert_string_equal(value("SELECT rag_similarities FROM v_voice_messages WHERE role = 'assistant'"), "{0.75,-0.5}");
    assert_int_equal(
        number("SELECT num_nulls(audio_duration_ms, stt_latency_ms, tokens_used, intent_confidence, rag_chunk_uuids) "
               "FROM v_voice_messages WHERE role = 'user'"),
        5);
    sql("UPDATE v_voice_messages SET rag_chunk_uuids = ARRAY[NULL, '%s']::uuid[]", NOBODY_UUID); /* plain SQL may */
    ok(vdb_message_list(clinic, c, &m, &count, &failure));
    assert_string_equal(m->rag_chunk_uuids[0], NOBODY_UUID);
    vdb_rows_free(m);
}

static void bad_messages_are_refused(void **state)
{
    (void)state;
    const char *c = start(&(vdb_conversation_start_input){ 0 });
    const struct {
        vdb_status status;
        vdb_message message;
    } cases[] = {
        { VDB_USAGE, { .content = "x" } },
        { VDB_USAGE, { .role = "caller", .content = "x" } },
        { VDB_USAGE, { .role = "user" } },
        { VDB_USAGE, { .role = "user", .content = "" } },
        { VDB_USAGE, { .role = "user", .content = "x", .turn_number = -1 } },
        { VDB_USAGE, { .role = "user", .content = "x", .intent_confidence = 1.1 } },
        { VDB_BAD_INPUT, { .role = "user", .content = "caf\xE9" } },
        { VDB_BAD_INPUT, { .role = "user", .content = "x", .turn_number = INT64_C(1) << 40 } },
        { VDB_BAD_INPUT, { .role = "user", .content = "x", .stt_latency_ms = -1 } },
        { VDB_USAGE, { .role = "user", .content = "x", .rag_chunk_uuids = KEYWORDS(NOBODY_UUID, "no-uuid") } },
        { VDB_USAGE, { .role = "user", .content = "x", .rag_chunk_uuids = KEYWORDS("caf\xE9") } },
        { VDB_USAGE,
          { .role = "user",
            .content = "x",
            .rag_chunk_uuids = KEYWORDS(NOBODY_UUID),
            .rag_similarities = (const double[]){ 2 } } },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        refused(cases[i].status, vdb_conversation_say(clinic, c, &cases[i].message, NULL, &failure));
    const vdb_message fine = { .role = "user", .content = "x" };
    refused(VDB_NOT_FOUND, vdb_conversation_say(clinic, NOBODY_UUID, &fine, NULL, &failure));
    refused(VDB_USAGE, vdb_conversation_say(clinic, "call-1", &fine, NULL, &failure));
    assert_int_equal(number("SELECT count(*) FROM v_voice_messages"), 0);
    refused(VDB_NOT_FOUND, vdb_conversation_end(clinic, NOBODY_UUID, &(vdb_conversation_end_input){ 0 }, &failure));
    refused(
        VDB_NOT_FOUND,
        vdb_conversation_end(clinic, c, &(vdb_conversation_end_input){ .transfer_rule_uuid = NOBODY_UUID }, &failure));
    refused(VDB_USAGE,
            vdb_conversation_end(clinic, c, &(vdb_conversation_end_input){ .transfer_rule_uuid = "x" }, &failure));
    ok(vdb_conversation_end(clinic, c, &(vdb_conversation_end_input){ 0 }, &failure));
    assert_string_equal(value("SELECT final_action FROM v_voice_conversations"), "hangup");
    refused(VDB_CONFLICT, vdb_conversation_say(clinic, c, &fine, NULL, &failure));
    assert_int_equal(number("SELECT count(*) FROM v_voice_messages"), 0);
}

typedef struct speaker {
    const char *conversation, *role;
    int64_t turns[10];
    int failed;
} speaker;

static void speak(void *item)
{
    speaker *s = item;
    for (size_t i = 0; i < COUNT(s->turns); i++) {
        const vdb_message message = { .role = s->role, .content = s->role };
        s->failed += vdb_conversation_say(clinic, s->conversation, &message, &s->turns[i], NULL) != VDB_OK;
    }
}

/* Eight threads speak with one role: each message has a turn of its own, 1 to 80. */
static void many_speak_at_once(void **state)
{
    (void)state;
    speaker speakers[8];
    const char *c = start(&(vdb_conversation_start_input){ 0 });
    for (size_t i = 0; i < COUNT(speakers); i++)
        speakers[i] = (speaker){ .conversation = c, .role = "user" };
    in_threads(speak, speakers, COUNT(speakers), sizeof speakers[0]);
    for (size_t i = 0; i < COUNT(speakers); i++) {
        assert_int_equal(speakers[i].failed, 0);
        for (size_t j = 1; j < COUNT(speakers[i].turns); j++)
            assert_true(speakers[i].turns[j] > speakers[i].turns[j - 1]);
    }
    assert_string_equal(value("SELECT concat_ws(' ', count(*), count(DISTINCT turn_number), min(turn_number), "
                              "max(turn_number)) FROM v_voice_messages"),
                        "80 80 1 80");
}

static void conversations_are_listed(void **state)
{
    (void)state;
    const vdb_conversation *rows;
    size_t count;
    for (int i = 0; i < 60; i++)
        start(&(vdb_conversation_start_input){ .caller_id = i % 3 == 0 ? "100" : "200" });
    sql("UPDATE v_voice_conversations SET started_at = now() - interval '1 day' WHERE conversation_uuid = "
        "(SELECT conversation_uuid FROM v_voice_conversations WHERE caller_id = '100' LIMIT 1)");
    ok(vdb_conversation_list(clinic, NULL, 0, &rows, &count, &failure));
    assert_int_equal(count, 50);
    for (size_t i = 1; i < count; i++)
        assert_true(is_before(rows[i].started_at, rows[i - 1].started_at));
    vdb_rows_free(rows);
    ok(vdb_conversation_list(clinic, "100", 10000, &rows, &count, &failure));
    assert_int_equal(count, 20);
    assert_int_equal(number("SELECT ('%s'::timestamptz < now() - interval '23 hours')::int", rows[19].started_at), 1);
    vdb_rows_free(rows);
    ok(vdb_conversation_list(clinic, NULL, 7, &rows, &count, &failure));
    assert_int_equal(count, 7);
    vdb_rows_free(rows);
    refused(VDB_USAGE, vdb_conversation_list(clinic, NULL, -1, &rows, &count, &failure));
    refused(VDB_USAGE, vdb_conversation_list(clinic, NULL, 10001, &rows, &count, &failure));
    refused(VDB_USAGE, vdb_conversation_get(clinic, "x", &rows, &failure));
    refused(VDB_NOT_FOUND, vdb_conversation_get(clinic, NOBODY_UUID, &rows, &failure));
}

/* ---- what the server's errors become --------------------------------------------------------------------------------
 */

static void the_servers_errors_have_a_meaning(void **state)
{
    (void)state;
    static const struct {
        const char *sqlstate;
        vdb_status status;
    } meanings[] = {
        { "42501", VDB_NOT_ALLOWED }, { "42P01", VDB_SCHEMA },      { "42703", VDB_SCHEMA },
        { "42883", VDB_SCHEMA },      { "23505", VDB_CONFLICT },    { "23503", VDB_CONFLICT },
        { "40001", VDB_CONFLICT },    { "40P01", VDB_CONFLICT },    { "55P03", VDB_CONFLICT },
        { "57014", VDB_UNREACHABLE }, { "57P01", VDB_UNREACHABLE }, { "08006", VDB_UNREACHABLE },
        { "53100", VDB_UNREACHABLE }, { "53300", VDB_UNREACHABLE }, { "22001", VDB_BAD_INPUT },
        { "22P02", VDB_BAD_INPUT },   { "23502", VDB_BAD_INPUT },   { "23514", VDB_BAD_INPUT },
        { "0A000", VDB_SCHEMA },      { "28000", VDB_UNREACHABLE }, { "58030", VDB_UNREACHABLE },
        { "XX000", VDB_DEFECT },      { "42601", VDB_DEFECT },
    };
    for (size_t i = 0; i < COUNT(meanings); i++) {
        PGresult *result = PQexec(
            admin,
            text("DO $$ BEGIN RAISE EXCEPTION E'two\\nlines' USING ERRCODE = '%s', DETAIL = 'a row with a secret', "
                 "TABLE = 'some_table', COLUMN = 'some_column', CONSTRAINT = 'some_key'; END $$",
                 meanings[i].sqlstate));
        assert_int_equal(PQresultStatus(result), PGRES_FATAL_ERROR);
        refused(meanings[i].status, error_from_result(&failure, result));
        assert_string_equal(failure.sqlstate, meanings[i].sqlstate);
        assert_lacks(failure.detail, "secret");
        bool current = strcmp(failure.message, "the schema of this database is not current") != 0;
        assert_string_equal(current ? failure.message : failure.detail, "two lines");
        assert_true(current || failure.status == VDB_SCHEMA);
        if (current)
            assert_string_equal(failure.detail, "table some_table, column some_column, constraint some_key");
        assert_int_equal(error_from_result(NULL, result), meanings[i].status);
        PQclear(result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_rule_keeps_what_it_is_given, empty),
        cmocka_unit_test_setup(bad_rules_are_refused, empty),
        cmocka_unit_test_setup(a_conversation_starts_and_ends, empty),
        cmocka_unit_test_setup(a_call_is_one_conversation, empty),
        cmocka_unit_test_setup(turns_are_numbered, empty),
        cmocka_unit_test_setup(a_message_keeps_what_it_is_given, empty),
        cmocka_unit_test_setup(bad_messages_are_refused, empty),
        cmocka_unit_test_setup(many_speak_at_once, empty),
        cmocka_unit_test_setup(conversations_are_listed, empty),
        cmocka_unit_test(the_servers_errors_have_a_meaning),
    };
    return run_with_database(tests);
}
