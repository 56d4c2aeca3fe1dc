/*
 * What a call begins with: the secretary, providers that can be used with their secrets open, the rules in the order in
 * which they are tried, the model of the documents; all in one round trip.
 */
#include "fixture.h"
#include "relay.h"

#include <unistd.h>

#define SECRET "sk-0815-hush"
#define CONFIG(model) "{\"api_key\": \"" SECRET "\", \"model\": \"" model "\"}"

enum { STT, TTS, LLM, EMBEDDINGS };

static const char *const types[VDB_CALL_PROVIDERS] = { "stt", "tts", "llm", "embeddings" };

static const char *add_provider(const char *type, const char *name, bool is_default)
{
    char uuid[37];
    const vdb_provider_input input = {
        .provider_type = type, .provider_name = name, .config = CONFIG("m"), .is_default = &is_default
    };
    ok(vdb_provider_add(clinic, &input, uuid, &failure));
    return text("%s", uuid);
}

/* "own" of every type is Ana's, "house" the tenant's default. */
static const char *add_ana(void)
{
    char uuid[37];
    const char *own[VDB_CALL_PROVIDERS];
    for (size_t i = 0; i < VDB_CALL_PROVIDERS; i++) {
        own[i] = add_provider(types[i], "own", false);
        add_provider(types[i], "house", true);
    }
    const vdb_secretary_input input = { .name = "Ana",
                                        .extension = "2000",
                                        .stt_provider_uuid = own[STT],
                                        .tts_provider_uuid = own[TTS],
                                        .llm_provider_uuid = own[LLM],
                                        .embeddings_provider_uuid = own[EMBEDDINGS] };
    ok(vdb_secretary_add(clinic, &input, uuid, &failure));
    return text("%s", uuid);
}

static void add_rule(const char *department, const char *secretary, int64_t priority, bool enabled)
{
    char uuid[37];
    const vdb_transfer_rule_input input = { .department_name = department,
                                            .secretary = secretary,
                                            .transfer_extension = "200",
                                            .priority = &priority,
                                            .enabled = &enabled };
    ok(vdb_transfer_rule_add(clinic, &input, uuid, &failure));
}

static const vdb_call_context *context_of(vdb_tenant *t, const char *secretary)
{
    const vdb_call_context *c;
    ok(vdb_call_context_get(t, secretary, &c, &failure));
    return c;
}

/* "own", "house (disabled)", "none (missing)" of each provider. */
static const char *providers_in(const vdb_call_context *c)
{
    const char *all = "";
    for (size_t i = 0; i < VDB_CALL_PROVIDERS; i++) {
        const vdb_call_provider *p = &c->providers[i];
        assert_string_equal(p->provider_type, types[i]);
        assert_true((p->provider_uuid == NULL) == (p->provider_name == NULL) &&
                    (p->config == NULL) == (p->provider_uuid == NULL));
        all = text("%s%s%s", all, i == 0 ? "" : " ", p->provider_name == NULL ? "none" : p->provider_name);
        if (p->fallback != NULL)
            all = text("%s(%s)", all, p->fallback);
    }
    return all;
}

static const char *providers_of(const char *secretary)
{
    const vdb_call_context *c = context_of(clinic, secretary);
    const char *all = providers_in(c);
    vdb_rows_free(c);
    return all;
}

static int cleared(void **state)
{
    (void)state;
    sql("DELETE FROM v_voice_documents; DELETE FROM v_voice_transfer_rules; DELETE FROM v_voice_secretaries; "
        "DELETE FROM v_voice_ai_providers; DELETE FROM v_voice_data_keys");
    return 0;
}

/* ---- what is in it ----------------------------------------------------------------------------------------------- */

static void it_is_whole(void **state)
{
    (void)state;
    float vectors[2 * VDB_DIMENSIONS];
    random_vectors(vectors, 2 * VDB_DIMENSIONS, 1);
    const char *ana = add_ana();
    char bia[37];
    ok(vdb_secretary_add(clinic, &(vdb_secretary_input){ .name = "Bia" }, bia, &failure));
    add_rule("for all", NULL, 5, true);
    add_rule("Ana's", "Ana", 5, true);
    add_rule("first", NULL, 1, true);
    add_rule("disabled", NULL, 0, false);
    add_rule("Bia's", bia, 0, true);
    store(clinic, "for all", NULL, "model", vectors, 1, VDB_DIMENSIONS);
    store(clinic, "Bia's", bia, "other model", vectors + VDB_DIMENSIONS, 1, VDB_DIMENSIONS);
    const char *const ways[] = { ana, "2000" };
    for (size_t i = 0; i < COUNT(ways); i++) {
        const vdb_call_context *c = context_of(clinic, ways[i]);
        assert_string_equal(c->secretary->voice_secretary_uuid, ana);
        assert_string_equal(c->secretary->name, "Ana");
        assert_string_equal(c->secretary->extension, "2000");
        assert_string_equal(c->secretary->llm_provider, "own");
        assert_null(c->secretary->llm_config);
        assert_true(c->secretary->enabled);
        assert_string_equal(providers_in(c), "own own own own");
        for (size_t k = 0; k < VDB_CALL_PROVIDERS; k++)
            assert_string_equal(c->providers[k].config, "{\"model\":\"m\",\"api_key\":\"" SECRET "\"}");
        assert_int_equal(c->rule_count, 3);
        assert_string_equal(c->rules[0].department_name, "first");
        assert_string_equal(c->rules[1].department_name, "Ana's");
        assert_string_equal(c->rules[2].department_name, "for all");
        assert_string_equal(c->embedding_model, "model");
        vdb_rows_free(c);
    }
}

static void a_secretary_with_nothing_has_a_context(void **state)
{
    (void)state;
    char uuid[37];
    ok(vdb_secretary_add(clinic, &(vdb_secretary_input){ .name = "Bia" }, uuid, &failure));
    const vdb_call_context *c = context_of(clinic, uuid);
    assert_string_equal(providers_in(c), "none(missing) none(missing) none(missing) none(missing)");
    assert_int_equal(c->rule_count, 0);
    assert_null(c->embedding_model);
    vdb_rows_free(c);
}

static void who_cannot_answer_has_none(void **state)
{
    (void)state;
    const vdb_call_context *c;
    add_ana();
    refused(VDB_NOT_FOUND, vdb_call_context_get(clinic, "2001", &c, &failure));
    refused(VDB_NOT_FOUND, vdb_call_context_get(clinic, NOBODY_UUID, &c, &failure));
    refused(VDB_NOT_FOUND, vdb_call_context_get(hotel, "2000", &c, &failure));
    refused(VDB_USAGE, vdb_call_context_get(clinic, "", &c, &failure));
    refused(VDB_USAGE, vdb_call_context_get(clinic, NULL, &c, &failure));
    sql("UPDATE v_voice_secretaries SET enabled = false");
    refused(VDB_CONFLICT, vdb_call_context_get(clinic, "2000", &c, &failure));
    assert_contains(failure.message, "is disabled");
}

/* ---- providers --------------------------------------------------------------------------------------------------- */

static void the_tenants_default_takes_an_empty_place_and_says_so(void **state)
{
    (void)state;
    add_ana();
    sql("UPDATE v_voice_ai_providers SET enabled = false WHERE provider_name = 'own' AND provider_type = 'llm'");
    assert_string_equal(providers_of("2000"), "own own house(disabled) own");
    sql("UPDATE v_voice_secretaries SET stt_provider_uuid = NULL");
    assert_string_equal(providers_of("2000"), "house(missing) own house(disabled) own");
    sql("UPDATE v_voice_ai_providers SET enabled = false WHERE provider_name = 'house' AND provider_type = 'stt'");
    sql("UPDATE v_voice_ai_providers SET is_default = false WHERE provider_name = 'house' AND provider_type = 'llm'");
    assert_string_equal(providers_of("2000"), "none(missing) own none(disabled) own");
}

static void another_tenants_default_is_none(void **state)
{
    (void)state;
    add_ana();
    char uuid[37];
    ok(vdb_secretary_add(hotel, &(vdb_secretary_input){ .name = "Eva", .extension = "2000" }, uuid, &failure));
    const vdb_call_context *c = context_of(hotel, "2000");
    assert_string_equal(c->secretary->name, "Eva");
    assert_string_equal(providers_in(c), "none(missing) none(missing) none(missing) none(missing)");
    vdb_rows_free(c);
}

/* Only what the call would use must open. */
static void a_secret_that_does_not_open_is_an_error(void **state)
{
    (void)state;
    const vdb_call_context *c;
    add_ana();
    sql("UPDATE v_voice_ai_providers p SET config = q.config FROM v_voice_ai_providers q "
        "WHERE p.provider_type = 'tts' AND q.provider_type = 'llm' AND q.provider_name = p.provider_name "
        "AND p.provider_name = 'house'");
    assert_string_equal(providers_of("2000"), "own own own own");
    sql("UPDATE v_voice_secretaries SET tts_provider_uuid = NULL");
    refused(VDB_BAD_INPUT, vdb_call_context_get(clinic, "2000", &c, &failure));
    assert_contains(failure.message, "the secret config/api_key");
    assert_lacks(failure.message, SECRET);
    assert_int_equal(vdb_call_context_get(clinic, "2000", &c, NULL), VDB_BAD_INPUT);
}

static void without_the_master_key_it_is_named(void **state)
{
    (void)state;
    const vdb_call_context *c;
    vdb_pool *other;
    vdb_tenant *t;
    const char *nowhere = text("/tmp/%s", own_name("nowhere.key"));
    add_ana();
    ok(vdb_pool_open(&(vdb_options){ .master_key_file = nowhere }, &other, &failure));
    ok(vdb_tenant_open(other, CLINIC_UUID, &t, &failure));
    refused(VDB_NOT_ALLOWED, vdb_call_context_get(t, "2000", &c, &failure));
    assert_contains(failure.message,
                    value("SELECT split_part(sealed_key ->> '$sealed', ':', 2) FROM v_voice_data_keys"));
    vdb_tenant_close(t);
    vdb_pool_close(other);
}

/* ---- one round trip ---------------------------------------------------------------------------------------------- */

static void it_takes_one_round_trip(void **state)
{
    (void)state;
    vdb_pool *relayed;
    vdb_tenant *t;
    add_ana();
    relay *r = relay_start();
    ok(vdb_pool_open(&(vdb_options){ .conninfo = relay_conninfo(r), .max_connections = 1 }, &relayed, &failure));
    ok(vdb_tenant_open(relayed, CLINIC_UUID, &t, &failure));
    vdb_rows_free(context_of(t, "2000"));
    for (int i = 1; i <= 3; i++) {
        int before = relay_turns(r);
        vdb_rows_free(context_of(t, "2000"));
        assert_int_equal(relay_turns(r) - before, 1);
    }
    vdb_tenant_close(t);
    vdb_pool_close(relayed);
    relay_stop(r);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, cleared)
    const struct CMUnitTest tests[] = {
        TEST(it_is_whole),
        TEST(a_secretary_with_nothing_has_a_context),
        TEST(who_cannot_answer_has_none),
        TEST(the_tenants_default_takes_an_empty_place_and_says_so),
        TEST(another_tenants_default_is_none),
        TEST(a_secret_that_does_not_open_is_an_error),
        TEST(without_the_master_key_it_is_named),
        TEST(it_takes_one_round_trip),
    };
    return run_with_database(tests);
}
