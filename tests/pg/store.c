/* Providers, secretaries and documents through the library: what is kept, what is refused, what goes with what. */
#include "fixture.h"

static const bool yes = true, no = false;

static int empty(void **state)
{
    (void)state;
    sql("TRUNCATE v_voice_ai_providers, v_voice_secretaries, v_voice_documents, v_voice_conversations CASCADE");
    return 0;
}

#define assert_instant(instant) check_instant((instant), __FILE__, __LINE__)
/* RFC 3339 in UTC, of this hour. */
static void check_instant(const char *instant, const char *file, int line)
{
    size_t length = instant == NULL ? 0 : strlen(instant);
    if (length >= 20 && instant[10] == 'T' && instant[length - 1] == 'Z' &&
        number("SELECT abs(extract(epoch FROM now() - '%s'::timestamptz))::int", instant) < 3600)
        return;
    print_error("%s is no instant\n", instant);
    _fail(file, line);
}

/* ---- providers ------------------------------------------------------------------------------------------------------
 */

static const char *add_provider(const char *type, const char *name)
{
    char uuid[37];
    ok(vdb_provider_add(clinic, &(vdb_provider_input){ .provider_type = type, .provider_name = name }, uuid, &failure));
    return text("%s", uuid);
}

static void a_provider_has_defaults(void **state)
{
    (void)state;
    const vdb_provider *p;
    const char *uuid = add_provider("llm", "openai");
    ok(vdb_provider_get(clinic, NULL, uuid, &p, &failure));
    assert_string_equal(p->provider_uuid, uuid);
    assert_string_equal(p->provider_type, "llm");
    assert_string_equal(p->provider_name, "openai");
    assert_null(p->display_name);
    assert_string_equal(p->config, "{}");
    assert_false(p->is_default);
    assert_true(p->enabled);
    assert_instant(p->created_at);
    assert_instant(p->updated_at);
    vdb_rows_free(p);
}

static void a_provider_keeps_what_it_is_given(void **state)
{
    (void)state;
    char uuid[37];
    const vdb_provider *p;
    const vdb_provider_input input = {
        .provider_type = "stt",
        .provider_name = "whisper \"ção\" '; DROP TABLE x; --",
        .display_name = "Transcrição",
        .config = "{\"api_key\": \"s3cr3t\", \"nested\": {\"n\": 1.5, \"emoji\": \"☎\"}}",
        .is_default = &yes,
        .enabled = &no,
    };
    ok(vdb_provider_add(clinic, &input, uuid, &failure));
    ok(vdb_provider_get(clinic, "stt", input.provider_name, &p, &failure));
    assert_string_equal(p->provider_uuid, uuid);
    assert_string_equal(p->display_name, input.display_name);
    assert_int_equal(number("SELECT ('%s'::jsonb = '%s'::jsonb)::int", p->config, input.config), 1);
    assert_true(p->is_default);
    assert_false(p->enabled);
    char *masked = vdb_provider_config_masked(p->config);
    assert_lacks(masked, "s3cr3t");
    assert_contains(masked, "☎");
    free(masked);
    vdb_rows_free(p);
}

static void providers_are_found_by_name_or_uuid(void **state)
{
    (void)state;
    const vdb_provider *p;
    size_t count;
    const char *stt = add_provider("stt", "azure"), *tts = add_provider("tts", "azure");
    add_provider("llm", "openai");
    refused(VDB_CONFLICT, vdb_provider_get(clinic, NULL, "azure", &p, &failure));
    ok(vdb_provider_get(clinic, "tts", "azure", &p, &failure));
    assert_string_equal(p->provider_uuid, tts);
    vdb_rows_free(p);
    ok(vdb_provider_get(clinic, NULL, value("SELECT upper('%s')", stt), &p, &failure));
    assert_string_equal(p->provider_type, "stt");
    vdb_rows_free(p);
    refused(VDB_NOT_FOUND, vdb_provider_get(clinic, "llm", "azure", &p, &failure));
    refused(VDB_NOT_FOUND, vdb_provider_get(clinic, "llm", stt, &p, &failure));
    refused(VDB_NOT_FOUND, vdb_provider_get(clinic, NULL, "google", &p, &failure));
    refused(VDB_USAGE, vdb_provider_get(clinic, "vision", "azure", &p, &failure));
    refused(VDB_USAGE, vdb_provider_get(clinic, NULL, "", &p, &failure));
    ok(vdb_provider_list(clinic, NULL, &p, &count, &failure));
    assert_int_equal(count, 3);
    assert_string_equal(p[0].provider_type, "llm");
    assert_string_equal(p[1].provider_type, "stt");
    assert_string_equal(p[2].provider_type, "tts");
    vdb_rows_free(p);
    ok(vdb_provider_list(clinic, "stt", &p, &count, &failure));
    assert_int_equal(count, 1);
    vdb_rows_free(p);
    ok(vdb_provider_list(clinic, "embeddings", &p, &count, &failure));
    assert_int_equal(count, 0);
    vdb_rows_free(p);
    refused(VDB_USAGE, vdb_provider_list(clinic, "vision", &p, &count, &failure));
}

static void bad_providers_are_refused(void **state)
{
    (void)state;
    static char long_name[102];
    memset(long_name, 'x', 101);
    const struct {
        vdb_status status;
        vdb_provider_input input;
    } cases[] = {
        { VDB_USAGE, { .provider_name = "x" } },
        { VDB_USAGE, { .provider_type = "llm" } },
        { VDB_USAGE, { .provider_type = "llm", .provider_name = "" } },
        { VDB_USAGE, { .provider_type = "vision", .provider_name = "x" } },
        { VDB_USAGE, { .provider_type = "LLM", .provider_name = "x" } },
        { VDB_BAD_INPUT, { .provider_type = "llm", .provider_name = long_name } },
        { VDB_BAD_INPUT, { .provider_type = "llm", .provider_name = "caf\xE9" } },
        { VDB_BAD_INPUT, { .provider_type = "llm", .provider_name = "x", .config = "" } },
        { VDB_BAD_INPUT, { .provider_type = "llm", .provider_name = "x", .config = "[]" } },
        { VDB_BAD_INPUT, { .provider_type = "llm", .provider_name = "x", .config = "{\"api_key\": \"hush" } },
        { VDB_BAD_INPUT, { .provider_type = "llm", .provider_name = "x", .config = "{\"a\": \"\\u0000\"}" } },
    };
    char uuid[37] = "untouched";
    for (size_t i = 0; i < COUNT(cases); i++) {
        refused(cases[i].status, vdb_provider_add(clinic, &cases[i].input, uuid, &failure));
        assert_lacks(text("%s %s %s", failure.message, failure.detail, failure.hint), "hush");
    }
    assert_string_equal(uuid, "untouched");
    add_provider("llm", "x");
    refused(VDB_CONFLICT,
            vdb_provider_add(clinic, &(vdb_provider_input){ .provider_type = "llm", .provider_name = "x" }, uuid,
                             &failure));
    add_provider("tts", "x");
    assert_int_equal(number("SELECT count(*) FROM v_voice_ai_providers"), 2);
}

static void an_update_changes_what_is_given(void **state)
{
    (void)state;
    char uuid[37];
    const vdb_provider *p;
    const vdb_provider_input input = {
        .provider_type = "llm", .provider_name = "a", .display_name = "A", .config = "{\"k\": 1}", .is_default = &yes
    };
    ok(vdb_provider_add(clinic, &input, uuid, &failure));
    sql("UPDATE v_voice_ai_providers SET created_at = now() - interval '1 day', updated_at = now() - interval '1 day'");
    ok(vdb_provider_update(clinic, uuid, &(vdb_provider_input){ .provider_name = "b" }, &failure));
    ok(vdb_provider_update(clinic, uuid, &(vdb_provider_input){ .enabled = &no }, &failure));
    ok(vdb_provider_get(clinic, NULL, uuid, &p, &failure));
    assert_string_equal(p->provider_name, "b");
    assert_string_equal(p->display_name, "A");
    assert_string_equal(p->config, "{\"k\": 1}");
    assert_true(p->is_default && !p->enabled);
    assert_instant(p->updated_at);
    assert_true(strcmp(p->created_at, p->updated_at) < 0);
    vdb_rows_free(p);
    ok(vdb_provider_update(clinic, uuid, &(vdb_provider_input){ .display_name = "" }, &failure));
    assert_null(value("SELECT display_name FROM v_voice_ai_providers"));
    const char *before = rows_of(CLINIC_UUID);
    refused(VDB_USAGE, vdb_provider_update(clinic, uuid, &(vdb_provider_input){ .provider_type = "stt" }, &failure));
    refused(VDB_USAGE, vdb_provider_update(clinic, uuid, &(vdb_provider_input){ .provider_name = "" }, &failure));
    refused(VDB_BAD_INPUT, vdb_provider_update(clinic, uuid, &(vdb_provider_input){ .config = "nothing" }, &failure));
    refused(VDB_USAGE, vdb_provider_update(clinic, "b", &(vdb_provider_input){ .config = "{}" }, &failure));
    refused(VDB_USAGE, vdb_provider_update(clinic, NULL, &(vdb_provider_input){ .config = "{}" }, &failure));
    refused(VDB_NOT_FOUND, vdb_provider_update(clinic, NOBODY_UUID, &(vdb_provider_input){ .config = "{}" }, &failure));
    assert_string_equal(rows_of(CLINIC_UUID), before);
    add_provider("llm", "taken");
    refused(VDB_CONFLICT,
            vdb_provider_update(clinic, uuid, &(vdb_provider_input){ .provider_name = "taken" }, &failure));
}

static const char *defaults(void)
{
    return rows_on(admin,
                   "SELECT provider_type, provider_name FROM v_voice_ai_providers WHERE is_default ORDER BY 1, 2");
}

static void the_default_moves(void **state)
{
    (void)state;
    char uuid[37];
    const char *a = add_provider("llm", "a"), *b = add_provider("llm", "b");
    ok(vdb_provider_add(clinic,
                        &(vdb_provider_input){ .provider_type = "stt", .provider_name = "s", .is_default = &yes }, uuid,
                        &failure));
    ok(vdb_provider_add(hotel,
                        &(vdb_provider_input){ .provider_type = "llm", .provider_name = "h", .is_default = &yes }, uuid,
                        &failure));
    ok(vdb_provider_update(clinic, a, &(vdb_provider_input){ .is_default = &yes }, &failure));
    assert_string_equal(defaults(), "llm|a\nllm|h\nstt|s");
    ok(vdb_provider_update(clinic, b, &(vdb_provider_input){ .is_default = &yes }, &failure));
    assert_string_equal(defaults(), "llm|b\nllm|h\nstt|s");
    ok(vdb_provider_update(clinic, b, &(vdb_provider_input){ .is_default = &yes }, &failure));
    assert_string_equal(defaults(), "llm|b\nllm|h\nstt|s");
    ok(vdb_provider_add(clinic,
                        &(vdb_provider_input){ .provider_type = "llm", .provider_name = "c", .is_default = &yes }, uuid,
                        &failure));
    assert_string_equal(defaults(), "llm|c\nllm|h\nstt|s");
    refused(VDB_CONFLICT,
            vdb_provider_add(clinic,
                             &(vdb_provider_input){ .provider_type = "llm", .provider_name = "a", .is_default = &yes },
                             uuid, &failure));
    assert_string_equal(defaults(), "llm|c\nllm|h\nstt|s");
    refused(VDB_NOT_FOUND,
            vdb_provider_update(clinic, NOBODY_UUID, &(vdb_provider_input){ .is_default = &yes }, &failure));
    assert_string_equal(defaults(), "llm|c\nllm|h\nstt|s");
    ok(vdb_provider_update(clinic, uuid, &(vdb_provider_input){ .is_default = &no }, &failure));
    assert_string_equal(defaults(), "llm|h\nstt|s");
}

typedef struct claim {
    const char *uuid;
    int done, conflicts, others;
    vdb_error conflict; /* the last one */
} claim;

static void claim_default(void *item)
{
    claim *c = item;
    for (int i = 0; i < 20; i++) {
        vdb_error said;
        vdb_status status = vdb_provider_update(clinic, c->uuid, &(vdb_provider_input){ .is_default = &yes }, &said);
        if (status == VDB_CONFLICT)
            c->conflict = said;
        c->done += status == VDB_OK;
        c->conflicts += status == VDB_CONFLICT;
        c->others += status != VDB_OK && status != VDB_CONFLICT;
    }
}

/* One wins; another is told to try again, and of nothing else. */
static void only_one_is_default_however_many_claim_it(void **state)
{
    (void)state;
    claim claims[4] = { { 0 } };
    int done = 0;
    for (size_t i = 0; i < COUNT(claims); i++)
        claims[i].uuid = add_provider("llm", text("p%zu", i));
    in_threads(claim_default, claims, COUNT(claims), sizeof claims[0]);
    for (size_t i = 0; i < COUNT(claims); i++) {
        assert_int_equal(claims[i].others, 0);
        if (claims[i].conflicts > 0)
            assert_contains(claims[i].conflict.hint, "Try again");
        done += claims[i].done;
    }
    assert_true(done > 0);
    assert_int_equal(number("SELECT count(*) FROM v_voice_ai_providers WHERE is_default"), 1);
}

static void a_provider_in_use_stays(void **state)
{
    (void)state;
    char ana[37];
    const char *llm = add_provider("llm", "openai");
    ok(vdb_secretary_add(clinic, &(vdb_secretary_input){ .name = "Ana", .llm_provider_uuid = llm }, ana, &failure));
    refused(VDB_CONFLICT, vdb_provider_remove(clinic, llm, &failure));
    ok(vdb_secretary_update(clinic, ana, &(vdb_secretary_input){ .llm_provider_uuid = "" }, &failure));
    ok(vdb_provider_remove(clinic, llm, &failure));
    refused(VDB_NOT_FOUND, vdb_provider_remove(clinic, llm, &failure));
    refused(VDB_USAGE, vdb_provider_remove(clinic, "openai", &failure));
    assert_int_equal(number("SELECT count(*) FROM v_voice_ai_providers"), 0);
}

/* ---- secretaries ----------------------------------------------------------------------------------------------------
 */

static const char *add_secretary(const vdb_secretary_input *input)
{
    char uuid[37];
    ok(vdb_secretary_add(clinic, input, uuid, &failure));
    return text("%s", uuid);
}

static void a_secretary_has_defaults(void **state)
{
    (void)state;
    const vdb_secretary *s;
    const char *uuid = add_secretary(&(vdb_secretary_input){ .name = "Ana" });
    ok(vdb_secretary_get(clinic, uuid, &s, &failure));
    assert_string_equal(s->voice_secretary_uuid, uuid);
    assert_string_equal(s->name, "Ana");
    assert_true(s->enabled && s->rag_enabled && !s->webhook_enabled);
    assert_string_equal(s->language, "pt-BR");
    assert_true(s->rag_similarity_threshold == 0.5);
    assert_int_equal(s->max_conversation_turns, 10);
    assert_null(s->description);
    assert_null(s->extension);
    assert_null(s->llm_provider_uuid);
    assert_null(s->llm_provider);
    assert_null(s->llm_config);
    assert_null(s->webhook_url);
    assert_instant(s->created_at);
    vdb_rows_free(s);
}

static vdb_secretary_input full_secretary(void)
{
    static const double threshold = 0.75;
    static const int64_t turns = 25;
    return (vdb_secretary_input){
        .name = "Bia",
        .description = "Recepção",
        .extension = "2000",
        .enabled = &no,
        .stt_provider_uuid = add_provider("stt", "s"),
        .tts_provider_uuid = add_provider("tts", "t"),
        .llm_provider_uuid = add_provider("llm", "l"),
        .embeddings_provider_uuid = add_provider("embeddings", "e"),
        .system_prompt = "Você é Bia.\nSeja breve.",
        .greeting_message = "Olá!",
        .goodbye_message = "Até logo!",
        .voice_name = "bia",
        .language = "en-US",
        .rag_enabled = &no,
        .rag_similarity_threshold = &threshold,
        .max_conversation_turns = &turns,
        .webhook_url = "https://hooks.example/1",
        .webhook_enabled = &yes,
    };
}

static void assert_full(const vdb_secretary *s, const vdb_secretary_input *input)
{
    assert_string_equal(s->description, input->description);
    assert_string_equal(s->extension, input->extension);
    assert_string_equal(s->stt_provider_uuid, input->stt_provider_uuid);
    assert_string_equal(s->tts_provider_uuid, input->tts_provider_uuid);
    assert_string_equal(s->llm_provider_uuid, input->llm_provider_uuid);
    assert_string_equal(s->embeddings_provider_uuid, input->embeddings_provider_uuid);
    assert_string_equal(s->stt_provider, "s");
    assert_string_equal(s->tts_provider, "t");
    assert_string_equal(s->llm_provider, "l");
    assert_string_equal(s->embeddings_provider, "e");
    assert_string_equal(s->system_prompt, input->system_prompt);
    assert_string_equal(s->greeting_message, input->greeting_message);
    assert_string_equal(s->goodbye_message, input->goodbye_message);
    assert_string_equal(s->voice_name, input->voice_name);
    assert_string_equal(s->language, input->language);
    assert_true(s->rag_similarity_threshold == 0.75);
    assert_int_equal(s->max_conversation_turns, 25);
    assert_string_equal(s->webhook_url, input->webhook_url);
    assert_true(!s->enabled && !s->rag_enabled && s->webhook_enabled);
}

static void a_secretary_keeps_what_it_is_given(void **state)
{
    (void)state;
    const vdb_secretary *s;
    size_t count;
    const vdb_secretary_input input = full_secretary();
    add_secretary(&input);
    ok(vdb_secretary_get(clinic, "2000", &s, &failure));
    assert_full(s, &input);
    assert_string_equal(s->embeddings_config, "{}");
    vdb_rows_free(s);
    ok(vdb_secretary_list(clinic, &s, &count, &failure));
    assert_int_equal(count, 1);
    assert_full(s, &input);
    assert_null(s->llm_config);
    vdb_rows_free(s);
}

/* Nothing given changes nothing; one member changes that one; an empty text clears what may be NULL. */
static void an_update_of_a_secretary_changes_what_is_given(void **state)
{
    (void)state;
    const vdb_secretary *s;
    const vdb_secretary_input input = full_secretary();
    const char *uuid = add_secretary(&input);
    ok(vdb_secretary_update(clinic, uuid, &(vdb_secretary_input){ 0 }, &failure));
    ok(vdb_secretary_update(clinic, uuid, &(vdb_secretary_input){ .name = "Bianca" }, &failure));
    ok(vdb_secretary_get(clinic, uuid, &s, &failure));
    assert_string_equal(s->name, "Bianca");
    assert_full(s, &input);
    vdb_rows_free(s);
    const vdb_secretary_input clear = {
        .description = "",
        .extension = "",
        .stt_provider_uuid = "",
        .tts_provider_uuid = "",
        .llm_provider_uuid = "",
        .embeddings_provider_uuid = "",
        .system_prompt = "",
        .greeting_message = "",
        .goodbye_message = "",
        .voice_name = "",
        .webhook_url = "",
    };
    ok(vdb_secretary_update(clinic, uuid, &clear, &failure));
    assert_string_equal(
        value("SELECT concat(description, extension, stt_provider_uuid, tts_provider_uuid, llm_provider_uuid, "
              "embeddings_provider_uuid, system_prompt, greeting_message, goodbye_message, voice_name, webhook_url) "
              "FROM v_voice_secretaries"),
        "");
    assert_int_equal(
        number("SELECT num_nulls(description, extension, stt_provider_uuid, tts_provider_uuid, llm_provider_uuid, "
               "embeddings_provider_uuid, system_prompt, greeting_message, goodbye_message, voice_name, webhook_url) "
               "FROM v_voice_secretaries"),
        11);
    ok(vdb_secretary_get(clinic, uuid, &s, &failure));
    assert_string_equal(s->name, "Bianca");
    assert_int_equal(s->max_conversation_turns, 25);
    assert_null(s->stt_provider);
    vdb_rows_free(s);
}

static void a_secretary_is_found_by_uuid_extension_name_in_this_order(void **state)
{
    (void)state;
    const vdb_secretary *s;
    const char *first = add_secretary(&(vdb_secretary_input){ .name = "2001" });
    const char *second = add_secretary(&(vdb_secretary_input){ .name = "Ana", .extension = "2001" });
    add_secretary(&(vdb_secretary_input){ .name = first });
    ok(vdb_secretary_get(clinic, "2001", &s, &failure));
    assert_string_equal(s->voice_secretary_uuid, second);
    vdb_rows_free(s);
    ok(vdb_secretary_get(clinic, first, &s, &failure));
    assert_string_equal(s->name, "2001");
    vdb_rows_free(s);
    ok(vdb_secretary_get(clinic, "Ana", &s, &failure));
    assert_string_equal(s->voice_secretary_uuid, second);
    vdb_rows_free(s);
    add_secretary(&(vdb_secretary_input){ .name = "Ana" });
    refused(VDB_CONFLICT, vdb_secretary_get(clinic, "Ana", &s, &failure));
    refused(VDB_NOT_FOUND, vdb_secretary_get(clinic, "ana", &s, &failure));
    refused(VDB_NOT_FOUND, vdb_secretary_get(clinic, NOBODY_UUID, &s, &failure));
    refused(VDB_USAGE, vdb_secretary_get(clinic, "", &s, &failure));
    refused(VDB_USAGE, vdb_secretary_get(clinic, NULL, &s, &failure));
}

static void bad_secretaries_are_refused(void **state)
{
    (void)state;
    const char *stt = add_provider("stt", "s"), *llm = add_provider("llm", "l");
    add_secretary(&(vdb_secretary_input){ .name = "taken", .extension = "2000" });
    const struct {
        vdb_status status;
        vdb_secretary_input input;
    } cases[] = {
        { VDB_USAGE, { .description = "x" } },
        { VDB_USAGE, { .name = "" } },
        { VDB_CONFLICT, { .name = "x", .extension = "2000" } },
        { VDB_BAD_INPUT, { .name = "x", .extension = "123456789012345678901" } },
        { VDB_BAD_INPUT, { .name = "x", .llm_provider_uuid = stt } },
        { VDB_BAD_INPUT, { .name = "x", .stt_provider_uuid = llm } },
        { VDB_BAD_INPUT, { .name = "x", .embeddings_provider_uuid = llm } },
        { VDB_NOT_FOUND, { .name = "x", .tts_provider_uuid = NOBODY_UUID } },
        { VDB_USAGE, { .name = "x", .tts_provider_uuid = "no-uuid" } },
        { VDB_USAGE, { .name = "x", .rag_similarity_threshold = &(const double){ 1.01 } } },
        { VDB_USAGE, { .name = "x", .rag_similarity_threshold = &(const double){ -0.01 } } },
        { VDB_USAGE, { .name = "x", .max_conversation_turns = &(const int64_t){ 0 } } },
        { VDB_BAD_INPUT, { .name = "x", .max_conversation_turns = &(const int64_t){ INT64_C(1) << 40 } } },
        { VDB_BAD_INPUT, { .name = "x", .language = "much-too-long" } },
        { VDB_BAD_INPUT, { .name = "caf\xE9" } },
    };
    char uuid[37];
    for (size_t i = 0; i < COUNT(cases); i++)
        refused(cases[i].status, vdb_secretary_add(clinic, &cases[i].input, uuid, &failure));
    assert_int_equal(number("SELECT count(*) FROM v_voice_secretaries"), 1);
    const char *uuid_of_x = add_secretary(&(vdb_secretary_input){ .name = "x" }), *before = rows_of(CLINIC_UUID);
    for (size_t i = 1; i < COUNT(cases); i++)
        refused(cases[i].status, vdb_secretary_update(clinic, uuid_of_x, &cases[i].input, &failure));
    refused(VDB_NOT_FOUND, vdb_secretary_update(clinic, NOBODY_UUID, &(vdb_secretary_input){ .name = "y" }, &failure));
    refused(VDB_USAGE, vdb_secretary_update(clinic, "x", &(vdb_secretary_input){ .name = "y" }, &failure));
    assert_string_equal(rows_of(CLINIC_UUID), before);
    const double limits[] = { 0, 1, 0.5 };
    for (size_t i = 0; i < COUNT(limits); i++)
        ok(vdb_secretary_update(clinic, uuid_of_x, &(vdb_secretary_input){ .rag_similarity_threshold = &limits[i] },
                                &failure));
    char other[37];
    ok(vdb_secretary_add(hotel, &(vdb_secretary_input){ .name = "x", .extension = "2000" }, other,
                         &failure)); /* another tenant's number */
}

/* The type of a provider is fixed by the database too, whoever writes. */
static void the_database_knows_the_types_too(void **state)
{
    (void)state;
    const vdb_secretary_input input = full_secretary();
    add_secretary(&input);
    const char *message;
    assert_string_equal(
        sqlstate_on(admin, &message, "UPDATE v_voice_secretaries SET llm_provider_uuid = tts_provider_uuid"), "23514");
    assert_contains(message, "provider \"t\" is of type tts, not llm");
    assert_string_equal(
        sqlstate_on(admin, &message,
                    "UPDATE v_voice_ai_providers SET provider_type = 'llm' WHERE provider_type = 'tts'"),
        "23514");
    assert_string_equal(sqlstate_on(admin, NULL, "UPDATE v_voice_ai_providers SET provider_type = provider_type"), "");
}

static void what_goes_with_a_secretary(void **state)
{
    (void)state;
    float v[2] = { 1 };
    char rule[37], conversation[37];
    const vdb_conversation *c;
    const char *ana = add_secretary(&(vdb_secretary_input){ .name = "Ana" });
    const char *own = store(clinic, "her own", ana, NULL, v, 1, 2);
    store(clinic, "for all", NULL, NULL, v, 1, 2);
    const vdb_transfer_rule_input input = { .secretary = ana, .department_name = "Vendas", .transfer_extension = "1" };
    ok(vdb_transfer_rule_add(clinic, &input, rule, &failure));
    ok(vdb_conversation_start(clinic, &(vdb_conversation_start_input){ .secretary = ana }, conversation, &failure));
    ok(vdb_conversation_end(clinic, conversation, &(vdb_conversation_end_input){ .transfer_rule_uuid = rule },
                            &failure));
    refused(VDB_CONFLICT, vdb_secretary_remove(clinic, ana, &failure));
    assert_int_equal(number("SELECT count(*) FROM v_voice_transfer_rules"), 1);
    ok(vdb_document_remove(clinic, own, &failure));
    ok(vdb_secretary_remove(clinic, ana, &failure));
    assert_int_equal(number("SELECT count(*) FROM v_voice_transfer_rules"), 0);
    assert_int_equal(number("SELECT count(*) FROM v_voice_documents"), 1);
    ok(vdb_conversation_get(clinic, conversation, &c, &failure));
    assert_null(c->voice_secretary_uuid);
    assert_null(c->secretary_name);
    assert_null(c->transfer_rule_uuid);
    vdb_rows_free(c);
    refused(VDB_NOT_FOUND, vdb_secretary_remove(clinic, ana, &failure));
    refused(VDB_USAGE, vdb_secretary_remove(clinic, "Ana", &failure));
}

/* ---- documents ------------------------------------------------------------------------------------------------------
 */

static void documents_are_listed_shown_disabled_removed(void **state)
{
    (void)state;
    const float v[] = { 1, 0, 0, 1, 1, 1 };
    const vdb_document *d;
    const vdb_chunk *chunks;
    size_t count;
    const char *b = store(clinic, "b", NULL, NULL, v, 3, 2), *a = store(clinic, "a", NULL, "other", v, 1, 2);
    ok(vdb_document_list(clinic, &d, &count, &failure));
    assert_int_equal(count, 2);
    assert_string_equal(d[0].document_uuid, a);
    assert_string_equal(d[0].embedding_model, "other");
    assert_string_equal(d[1].document_uuid, b);
    vdb_rows_free(d);
    ok(vdb_document_get(clinic, "b", &d, &failure));
    assert_int_equal(d->chunk_count, 3);
    assert_string_equal(d->processing_status, "ready");
    assert_string_equal(d->embedding_model, "test");
    assert_true(d->enabled);
    assert_null(d->content);
    assert_null(d->voice_secretary_uuid);
    assert_instant(d->processed_at);
    vdb_rows_free(d);
    ok(vdb_chunk_list(clinic, b, &chunks, &count, &failure));
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(chunks[i].chunk_index, i);
        assert_string_equal(chunks[i].content, text("b %zu", i));
        assert_string_equal(chunks[i].document_uuid, b);
        assert_int_equal(chunks[i].embedding_dimensions, 2);
        assert_string_equal(chunks[i].metadata, "{}");
    }
    vdb_rows_free(chunks);
    ok(vdb_document_enable(clinic, b, false, &failure));
    ok(vdb_document_get(clinic, b, &d, &failure));
    assert_false(d->enabled);
    vdb_rows_free(d);
    ok(vdb_document_enable(clinic, b, true, &failure));
    ok(vdb_document_remove(clinic, b, &failure));
    assert_int_equal(number("SELECT count(*) FROM v_voice_document_chunks"), 1);
    refused(VDB_NOT_FOUND, vdb_document_get(clinic, "b", &d, &failure));
    refused(VDB_NOT_FOUND, vdb_document_remove(clinic, b, &failure));
    refused(VDB_NOT_FOUND, vdb_document_enable(clinic, b, true, &failure));
    refused(VDB_USAGE, vdb_document_remove(clinic, "a", &failure));
    refused(VDB_USAGE, vdb_document_enable(clinic, "a", true, &failure));
    refused(VDB_USAGE, vdb_chunk_list(clinic, "a", &chunks, &count, &failure));
    refused(VDB_USAGE, vdb_document_get(clinic, "", &d, &failure));
}

static void a_name_belongs_to_a_secretary(void **state)
{
    (void)state;
    const float v[] = { 1, 0 };
    const vdb_document *d;
    const char *ana = add_secretary(&(vdb_secretary_input){ .name = "Ana" });
    const char *for_all = store(clinic, "same", NULL, NULL, v, 1, 2), *hers = store(clinic, "same", ana, NULL, v, 1, 2);
    assert_string_not_equal(for_all, hers);
    refused(VDB_CONFLICT, vdb_document_get(clinic, "same", &d, &failure));
    ok(vdb_document_get(clinic, hers, &d, &failure));
    assert_string_equal(d->voice_secretary_uuid, ana);
    vdb_rows_free(d);
}

/* ---- tenants --------------------------------------------------------------------------------------------------------
 */

static void a_tenant_is_opened_by_name_or_uuid(void **state)
{
    (void)state;
    static const char *const names[] = { "clinic.example", "CLINIC.Example", CLINIC_UUID,
                                         "C1000000-0000-4000-8000-00000000000C" };
    vdb_tenant *t = NULL;
    for (size_t i = 0; i < COUNT(names); i++) {
        ok(vdb_tenant_open(pool, names[i], &t, &failure));
        assert_string_equal(vdb_tenant_uuid(t), CLINIC_UUID);
        assert_string_equal(vdb_tenant_name(t), "clinic.example");
        vdb_tenant_close(t);
    }
    t = NULL;
    refused(VDB_NOT_FOUND, vdb_tenant_open(pool, "nowhere.example", &t, &failure));
    refused(VDB_NOT_FOUND, vdb_tenant_open(pool, NOBODY_UUID, &t, &failure));
    refused(VDB_NOT_FOUND, vdb_tenant_open(pool, "clinic.exampl%", &t, &failure));
    refused(VDB_USAGE, vdb_tenant_open(pool, "", &t, &failure));
    refused(VDB_USAGE, vdb_tenant_open(pool, NULL, &t, &failure));
    sql("INSERT INTO v_domains (domain_uuid, domain_name) VALUES ('%s', 'Hotel.example')", NOBODY_UUID);
    refused(VDB_CONFLICT, vdb_tenant_open(pool, "hotel.example", &t, &failure));
    assert_null(t);
    sql("DELETE FROM v_domains WHERE domain_uuid = '%s'", NOBODY_UUID);
}

static void tenants_are_listed_with_their_sizes(void **state)
{
    (void)state;
    const float v[] = { 1, 0, 0, 1 };
    char uuid[37];
    const vdb_tenant_row *rows;
    size_t count;
    add_secretary(&(vdb_secretary_input){ .name = "Ana" });
    store(clinic, "page", NULL, NULL, v, 2, 2);
    ok(vdb_conversation_start(hotel, &(vdb_conversation_start_input){ 0 }, uuid, &failure));
    ok(vdb_tenant_list(pool, &rows, &count, &failure));
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].domain_uuid, CLINIC_UUID);
    assert_string_equal(rows[0].domain_name, "clinic.example");
    assert_true(rows[0].domain_enabled);
    assert_true(rows[0].secretaries == 1 && rows[0].documents == 1 && rows[0].chunks == 2 &&
                rows[0].conversations == 0);
    assert_true(rows[1].secretaries == 0 && rows[1].documents == 0 && rows[1].chunks == 0 &&
                rows[1].conversations == 1);
    vdb_rows_free(rows);
}

/* A caller who only wants the status passes no error. */
static void an_error_may_be_left_out(void **state)
{
    (void)state;
    char uuid[37];
    vdb_tenant *t;
    const vdb_provider *p;
    const vdb_secretary_input input = { .name = "x", .llm_provider_uuid = NOBODY_UUID };
    assert_int_equal(vdb_tenant_open(pool, "nowhere", &t, NULL), VDB_NOT_FOUND);
    assert_int_equal(vdb_provider_get(clinic, NULL, "x", &p, NULL), VDB_NOT_FOUND);
    assert_int_equal(vdb_secretary_add(clinic, &input, uuid, NULL), VDB_NOT_FOUND);
    assert_int_equal(
        vdb_conversation_start(clinic, &(vdb_conversation_start_input){ .secretary = NOBODY_UUID }, uuid, NULL),
        VDB_NOT_FOUND);
    assert_int_equal(
        vdb_conversation_say(clinic, NOBODY_UUID, &(vdb_message){ .role = "user", .content = "x" }, NULL, NULL),
        VDB_NOT_FOUND);
    assert_int_equal(
        vdb_document_add_file(clinic, &(vdb_document_file){ .path = "/nonexistent" }, NULL, NULL, NULL, NULL),
        VDB_BAD_INPUT);
    assert_int_equal(vdb_index_use(pool, "magic", NULL), VDB_USAGE);
    assert_int_equal(vdb_migrate(pool, 0, NULL, NULL, NULL, NULL), VDB_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_provider_has_defaults, empty),
        cmocka_unit_test_setup(a_provider_keeps_what_it_is_given, empty),
        cmocka_unit_test_setup(providers_are_found_by_name_or_uuid, empty),
        cmocka_unit_test_setup(bad_providers_are_refused, empty),
        cmocka_unit_test_setup(an_update_changes_what_is_given, empty),
        cmocka_unit_test_setup(the_default_moves, empty),
        cmocka_unit_test_setup(only_one_is_default_however_many_claim_it, empty),
        cmocka_unit_test_setup(a_provider_in_use_stays, empty),
        cmocka_unit_test_setup(a_secretary_has_defaults, empty),
        cmocka_unit_test_setup(a_secretary_keeps_what_it_is_given, empty),
        cmocka_unit_test_setup(an_update_of_a_secretary_changes_what_is_given, empty),
        cmocka_unit_test_setup(a_secretary_is_found_by_uuid_extension_name_in_this_order, empty),
        cmocka_unit_test_setup(bad_secretaries_are_refused, empty),
        cmocka_unit_test_setup(the_database_knows_the_types_too, empty),
        cmocka_unit_test_setup(what_goes_with_a_secretary, empty),
        cmocka_unit_test_setup(documents_are_listed_shown_disabled_removed, empty),
        cmocka_unit_test_setup(a_name_belongs_to_a_secretary, empty),
        cmocka_unit_test_setup(a_tenant_is_opened_by_name_or_uuid, empty),
        cmocka_unit_test_setup(tenants_are_listed_with_their_sizes, empty),
        cmocka_unit_test_setup(an_error_may_be_left_out, empty),
    };
    return run_with_database(tests);
}
