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

/* ---- what is kept at hand ---------------------------------------------------------------------------------------- */

/* All that a context says, or why there is none. */
static const char *digest(vdb_tenant *t, const char *secretary)
{
    const vdb_call_context *c;
    vdb_status status = vdb_call_context_get(t, secretary, &c, &failure);
    if (status != VDB_OK)
        return text("%d %s", status, failure.message);
    const vdb_secretary *s = c->secretary;
    const char *all = text("%s %s %s %s %s %s %s: %s", s->voice_secretary_uuid, s->name, s->extension, s->language,
                           s->greeting_message, s->updated_at, c->embedding_model, providers_in(c));
    for (const vdb_call_provider *p = c->providers; p < c->providers + VDB_CALL_PROVIDERS; p++)
        all = text("%s\n%s %s %s", all, p->provider_uuid, p->display_name, p->config);
    for (const vdb_transfer_rule *r = c->rules; r < c->rules + c->rule_count; r++)
        all = text("%s\n%s %s %lld %s %s", all, r->transfer_rule_uuid, r->department_name, (long long)r->priority,
                   r->transfer_extension, r->updated_at);
    vdb_rows_free(c);
    return all;
}

/* The same, by somebody who has nothing at hand. */
static const char *afresh(const char *domain, const char *secretary)
{
    vdb_pool *other = pool_to(NULL);
    vdb_tenant *t;
    ok(vdb_tenant_open(other, domain, &t, &failure));
    const char *all = digest(t, secretary);
    vdb_tenant_close(t);
    vdb_pool_close(other);
    return all;
}

/* Fails unless what is at hand is what is stored; returns it. */
static const char *agreed(const char *secretary, const char *after)
{
    const char *at_hand = digest(clinic, secretary), *stored = afresh(CLINIC_UUID, secretary);
    if (strcmp(at_hand, stored) != 0)
        fail_msg("after %s:\n%s\nis at hand, stored is:\n%s", after, at_hand, stored);
    return at_hand;
}

/* Ana with a rule, and three documents of two models. */
static const char *add_all(void)
{
    float vectors[3 * VDB_DIMENSIONS];
    random_vectors(vectors, 3 * VDB_DIMENSIONS, 1);
    const char *ana = add_ana();
    add_rule("first", NULL, 1, true);
    add_rule("second", "Ana", 2, true);
    store(clinic, "older", NULL, "older model", vectors, 1, VDB_DIMENSIONS);
    store(clinic, "newer", NULL, "model", vectors + VDB_DIMENSIONS, 2, VDB_DIMENSIONS);
    return ana;
}

/* Each is seen by the next call. */
static const char *const changes[] = {
    "UPDATE v_voice_secretaries SET name = 'Ada'",
    "UPDATE v_voice_secretaries SET greeting_message = 'Oi'",
    "UPDATE v_voice_secretaries SET extension = '2001'",
    "INSERT INTO v_voice_secretaries (domain_uuid, name, extension) SELECT domain_uuid, 'Bia', '2000' FROM v_domains",
    "UPDATE v_voice_secretaries SET enabled = false WHERE name = 'Bia'",
    "UPDATE v_voice_secretaries SET enabled = true",
    "DELETE FROM v_voice_secretaries WHERE name = 'Bia'",
    "UPDATE v_voice_secretaries SET extension = '2000'",
    "UPDATE v_voice_ai_providers SET display_name = 'x' WHERE provider_name = 'own'",
    "UPDATE v_voice_ai_providers SET enabled = false WHERE provider_name = 'own' AND provider_type = 'stt'",
    "UPDATE v_voice_ai_providers SET is_default = false WHERE provider_name = 'house' AND provider_type = 'stt'",
    "UPDATE v_voice_secretaries SET llm_provider_uuid = NULL",
    "UPDATE v_voice_ai_providers SET config = config || '{\"model\": \"n\"}' WHERE provider_type = 'llm'",
    "INSERT INTO v_voice_ai_providers (domain_uuid, provider_type, provider_name, display_name, is_default) "
    "VALUES ('" CLINIC_UUID "', 'stt', 'third', 'third', true)",
    "UPDATE v_voice_secretaries SET tts_provider_uuid = NULL; "
    "DELETE FROM v_voice_ai_providers WHERE provider_type = 'tts'",
    "UPDATE v_voice_transfer_rules SET priority = 5 WHERE department_name = 'first'",
    "UPDATE v_voice_transfer_rules SET enabled = false WHERE department_name = 'first'",
    "INSERT INTO v_voice_transfer_rules (domain_uuid, department_name, transfer_extension) VALUES ('" CLINIC_UUID
    "', 'third', '7')",
    "DELETE FROM v_voice_transfer_rules WHERE department_name = 'third'",
    "UPDATE v_voice_documents SET enabled = false WHERE document_name = 'newer'",
    "UPDATE v_voice_documents SET enabled = true",
    "UPDATE v_voice_documents SET processing_status = 'processing' WHERE document_name = 'newer'",
    "UPDATE v_voice_documents SET processing_status = 'ready'",
    "UPDATE v_voice_documents SET processed_at = now() + interval '1 hour' WHERE document_name = 'older'",
    "UPDATE v_voice_documents SET voice_secretary_uuid = s.voice_secretary_uuid, processed_at = now() - interval '1 "
    "day' "
    "FROM v_voice_secretaries s WHERE document_name = 'older'",
    "UPDATE v_voice_document_chunks SET embedding_model = 'changed' WHERE chunk_index = 0",
    "DELETE FROM v_voice_document_chunks WHERE chunk_index = 0 AND embedding_model = 'changed'",
    "UPDATE v_voice_document_chunks SET embedding_model = 'of the second' WHERE chunk_index = 1",
    "INSERT INTO v_voice_document_chunks (domain_uuid, document_uuid, chunk_index, content, embedding_model) "
    "SELECT domain_uuid, document_uuid, 0, '', 'again' FROM v_voice_documents",
    "INSERT INTO v_voice_document_chunks (domain_uuid, document_uuid, chunk_index, content, embedding_model) "
    "SELECT domain_uuid, document_uuid, -1, '', 'first' FROM v_voice_documents",
    "UPDATE v_voice_document_chunks SET chunk_index = 7 WHERE chunk_index = -1",
    "DELETE FROM v_voice_document_chunks WHERE chunk_index = 0",
    "INSERT INTO v_voice_document_chunks (domain_uuid, document_uuid, chunk_index, content, embedding_model) "
    "SELECT domain_uuid, document_uuid, 1, '', 'one' FROM v_voice_documents ON CONFLICT DO NOTHING; "
    "UPDATE v_voice_document_chunks SET embedding_model = 'one' WHERE chunk_index = 1",
    "DELETE FROM v_voice_document_chunks",
    "INSERT INTO v_voice_document_chunks (domain_uuid, document_uuid, chunk_index, content, embedding_model) "
    "SELECT domain_uuid, document_uuid, 3, '', 'three' FROM v_voice_documents",
    "UPDATE v_voice_document_chunks SET chunk_index = 0, embedding_model = 'zero'",
    "DELETE FROM v_voice_documents WHERE document_name = 'newer'; "
    "UPDATE v_voice_document_chunks SET embedding_model = 'left'",
    "INSERT INTO v_voice_documents (domain_uuid, document_name, processing_status, chunk_count, processed_at) "
    "VALUES ('" CLINIC_UUID "', 'empty', 'ready', 1, now() + interval '2 hours')",
    "DELETE FROM v_voice_documents WHERE document_name = 'empty'",
    "TRUNCATE v_voice_documents CASCADE",
    "TRUNCATE v_voice_transfer_rules CASCADE",
    "BEGIN; SET LOCAL session_replication_role = 'replica'; UPDATE v_voice_secretaries SET name = 'Restored'; COMMIT",
    "BEGIN; SET LOCAL session_replication_role = 'replica'; INSERT INTO v_voice_transfer_rules (domain_uuid, "
    "department_name, transfer_extension) VALUES ('" CLINIC_UUID "', 'restored', '7'); COMMIT",
    "BEGIN ISOLATION LEVEL REPEATABLE READ; UPDATE v_voice_transfer_rules SET transfer_extension = '8'; COMMIT",
    "BEGIN; SAVEPOINT a; UPDATE v_voice_secretaries SET name = 'gone'; ROLLBACK TO a; "
    "UPDATE v_voice_secretaries SET name = 'stays'; COMMIT",
    "UPDATE v_voice_ai_providers SET data_key_uuid = NULL, config = '{\"model\": \"plain\"}'",
    "DELETE FROM v_voice_data_keys; UPDATE v_voice_secretaries SET language = 'en-US'",
    "TRUNCATE v_voice_secretaries CASCADE",
};

static void every_change_is_seen_by_the_next_call(void **state)
{
    (void)state;
    const char *ana = add_all(), *before = "";
    for (size_t i = 0; i < COUNT(changes); i++) {
        agreed("2000", "before");
        sql("%s", changes[i]);
        const char *by_extension = agreed("2000", changes[i]), *by_uuid = agreed(ana, changes[i]);
        const char *now = text("%s\n%s", by_extension, by_uuid);
        if (strcmp(now, before) == 0)
            fail_msg("nothing is changed by %s", changes[i]);
        before = now;
    }
}

static void what_is_rolled_back_is_not_seen(void **state)
{
    (void)state;
    add_all();
    const char *before = agreed("2000", "before");
    for (size_t i = 0; i < COUNT(changes); i++) {
        if (strncmp(changes[i], "BEGIN", 5) == 0 || strncmp(changes[i], "TRUNCATE", 8) == 0)
            continue;
        /* Some need what those before them did. */
        (void)sqlstate_on(admin, NULL, "BEGIN; %s", changes[i]);
        sql("ROLLBACK");
        assert_string_equal(agreed("2000", changes[i]), before);
    }
}

/* A second transaction neither waits for the first one's end nor hides it, whichever ends first. */
static void transactions_at_once_wait_for_nobody(void **state)
{
    (void)state;
    add_all();
    PGconn *other = connect_to("");
    sql_on(other, "SET lock_timeout = 1");
    static const char *const ends[] = { "COMMIT", "ROLLBACK" };
    for (size_t i = 0; i < 4; i++) {
        sql("BEGIN; UPDATE v_voice_transfer_rules SET transfer_extension = '1%zu' WHERE department_name = 'first'; "
            "UPDATE v_voice_secretaries SET name = 'n%zu'",
            i, i);
        agreed("2000", "a beginning");
        sql_on(other,
               "BEGIN; UPDATE v_voice_transfer_rules SET transfer_extension = '2%zu' "
               "WHERE department_name = 'second'; "
               "UPDATE v_voice_ai_providers SET display_name = 'd%zu'",
               i, i);
        agreed("2000", "two beginnings");
        sql_on(i % 2 == 0 ? admin : other, "%s", ends[i / 2]);
        agreed("2000", "one end");
        sql_on(i % 2 == 0 ? other : admin, "COMMIT");
        agreed("2000", "both ends");
    }
    PQfinish(other);
    sql("UPDATE v_voice_transfer_rules SET transfer_extension = '3'; UPDATE v_voice_secretaries SET name = 'last'");
    agreed("2000", "a last change");
    assert_int_equal(number("SELECT count(*) FROM voicedb_call_versions WHERE domain_uuid = '%s'", CLINIC_UUID), 2);
}

static void new_keys_are_seen_and_the_old_are_not_needed(void **state)
{
    (void)state;
    int64_t tenants;
    add_all();
    const char *before = agreed("2000", "before"), *versions = "SELECT string_agg(version_uuid::text, ' ') FROM "
                                                               "voicedb_call_versions WHERE topic = 'secretaries'";
    const char *version = value("%s", versions);
    ok(vdb_key_rotate(pool, &tenants, &failure));
    assert_string_not_equal(value("%s", versions), version);
    assert_string_equal(agreed("2000", "key rotate"), before);
}

/* What is at hand of one tenant is nobody else's, by whatever name. */
static void another_tenants_is_another(void **state)
{
    (void)state;
    const char *ana = add_all();
    char uuid[37];
    ok(vdb_secretary_add(hotel, &(vdb_secretary_input){ .name = "Eva", .extension = "2000" }, uuid, &failure));
    for (int i = 0; i < 2; i++) {
        assert_contains(digest(clinic, "2000"), " Ana ");
        assert_contains(digest(hotel, "2000"), " Eva ");
        assert_contains(digest(hotel, ana), "no secretary");
        assert_contains(digest(clinic, uuid), "no secretary");
    }
    sql("UPDATE v_voice_secretaries SET name = 'Ida' WHERE name = 'Eva'");
    assert_contains(digest(hotel, "2000"), " Ida ");
    assert_contains(digest(clinic, "2000"), " Ana ");
}

/* A tenant that is erased, and comes back under its UUID. */
static void a_tenant_that_comes_back_is_read_again(void **state)
{
    (void)state;
    const char *domain = "d0000000-0000-4000-8000-00000000000d";
    vdb_tenant *t;
    sql("INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled) VALUES ('%s', 'd.example', true)", domain);
    ok(vdb_tenant_open(pool, domain, &t, &failure));
    for (int i = 0; i < 3; i++) {
        sql("INSERT INTO v_voice_secretaries (domain_uuid, name, extension) VALUES ('%s', 'round %d', '1')", domain, i);
        assert_contains(digest(t, "1"), text("round %d", i));
        assert_string_equal(digest(t, "1"), afresh(domain, "1"));
        sql("DELETE FROM v_domains WHERE domain_uuid = '%s'", domain);
        assert_contains(digest(t, "1"), "no secretary");
        assert_int_equal(number("SELECT count(*) FROM voicedb_call_versions WHERE domain_uuid = '%s'", domain), 0);
        sql("INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled) VALUES ('%s', 'd.example', true)",
            domain);
    }
    vdb_tenant_close(t);
    sql("DELETE FROM v_domains WHERE domain_uuid = '%s'", domain);
}

/* Rows that come and go as a whole, where the role may by loads that switch triggers off. */
static void what_a_restore_and_a_copy_bring_is_seen(void **state)
{
    (void)state;
    const vdb_backup_table *erased;
    const vdb_backup_info *info;
    size_t count;
    const char *all = text("/tmp/%s", own_name("all.vdb")), *copy = text("/tmp/%s", own_name("copy.vdb"));
    add_all();
    const char *before = agreed("2000", "before");
    ok(vdb_backup(pool, &(vdb_backup_options){ .path = all }, &info, &failure));
    vdb_rows_free(info);
    ok(vdb_tenant_export(clinic, &(vdb_backup_options){ .path = copy }, &info, &failure));
    vdb_rows_free(info);
    sql("UPDATE v_voice_secretaries SET name = 'Ada'; DELETE FROM v_voice_transfer_rules; "
        "UPDATE v_voice_document_chunks SET embedding_model = 'other'");
    assert_string_not_equal(agreed("2000", "a change"), before);
    ok(vdb_restore(pool, &(vdb_restore_options){ .path = all, .replace = true }, &info, &failure));
    vdb_rows_free(info);
    assert_string_equal(agreed("2000", "restore"), before);
    ok(vdb_tenant_erase(clinic, "clinic.example", false, &erased, &count, &failure));
    vdb_rows_free(erased);
    assert_contains(agreed("2000", "tenant erase"), "no secretary");
    ok(vdb_tenant_import(pool, &(vdb_import_options){ .path = copy }, &info, &failure));
    vdb_rows_free(info);
    assert_string_equal(agreed("2000", "tenant import"), before);
    sql("UPDATE v_voice_secretaries SET name = 'Ada'");
    assert_string_not_equal(agreed("2000", "a change"), before);
    ok(vdb_tenant_import(pool, &(vdb_import_options){ .path = copy, .replace = true }, &info, &failure));
    vdb_rows_free(info);
    assert_string_equal(agreed("2000", "tenant import --replace"), before);
    unlink(all);
    unlink(copy);
}

/* False: there is no such page any more. */
static bool is_mapped(const char *address)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    bool mapped = write(ends[1], address, 1) == 1;
    close(ends[0]);
    close(ends[1]);
    return mapped;
}

static void opened_secrets_go_when_they_are_out_of_date_and_with_the_pool(void **state)
{
    (void)state;
    add_all();
    vdb_pool *other = pool_to(NULL);
    vdb_tenant *t;
    ok(vdb_tenant_open(other, CLINIC_UUID, &t, &failure));
    const char *secret;
    for (int i = 0; i < 2; i++) {
        const vdb_call_context *c = context_of(t, "2000"), *again = context_of(t, "2000");
        assert_ptr_equal(c, again);
        secret = c->providers[LLM].config;
        vdb_rows_free(c);
        assert_contains(again->providers[LLM].config, SECRET);
        vdb_rows_free(again);
        assert_true(is_mapped(secret));
        if (i > 0)
            break;
        sql("UPDATE v_voice_secretaries SET enabled = false");
        refused(VDB_CONFLICT, vdb_call_context_get(t, "2000", &c, &failure));
        assert_false(is_mapped(secret));
        sql("UPDATE v_voice_secretaries SET enabled = true");
    }
    const vdb_call_context *held = context_of(t, "2000");
    vdb_tenant_close(t);
    vdb_pool_close(other);
    assert_contains(held->providers[LLM].config, SECRET);
    vdb_rows_free(held);
    assert_false(is_mapped(secret));
}

typedef struct answerer {
    int number, wrong;
} answerer;

/* One of them renames the secretary; nobody is told an older name than was there before it asked. */
static void keep_answering(void *item)
{
    answerer *a = item;
    static int renamed;
    for (int i = 0; i < 200; i++) {
        vdb_error error;
        const vdb_call_context *c;
        int least = __atomic_load_n(&renamed, __ATOMIC_SEQ_CST);
        if (vdb_call_context_get(clinic, "2000", &c, &error) != VDB_OK) {
            a->wrong++;
            continue;
        }
        a->wrong += atoi(c->secretary->name) < least || strstr(c->providers[LLM].config, SECRET) == NULL;
        vdb_rows_free(c);
        if (i % 10 == 9 && a->number == 0) {
            sql("UPDATE v_voice_secretaries SET name = '%d'", i);
            __atomic_store_n(&renamed, i, __ATOMIC_SEQ_CST);
        }
    }
}

static void threads_share_it_while_it_changes(void **state)
{
    (void)state;
    add_all();
    sql("UPDATE v_voice_secretaries SET name = '0'");
    answerer answerers[6] = { 0 };
    for (size_t i = 0; i < COUNT(answerers); i++)
        answerers[i].number = (int)i;
    in_threads(keep_answering, answerers, COUNT(answerers), sizeof answerers[0]);
    for (size_t i = 0; i < COUNT(answerers); i++)
        assert_int_equal(answerers[i].wrong, 0);
}

/* voicedb_app reads its own tenant's versions and changes none. */
static void versions_are_only_read(void **state)
{
    (void)state;
    add_all();
    char uuid[37];
    ok(vdb_secretary_add(hotel, &(vdb_secretary_input){ .name = "Eva" }, uuid, &failure));
    sql("BEGIN; SET LOCAL ROLE voicedb_app; SET LOCAL voicedb.domain_uuid = '%s'", CLINIC_UUID);
    assert_string_equal(value("SELECT string_agg(DISTINCT domain_uuid::text, '') FROM voicedb_call_versions"),
                        CLINIC_UUID);
    assert_string_equal(sqlstate_on(admin, NULL, "DELETE FROM voicedb_call_versions"), "42501");
    sql("ROLLBACK");
}

/* What a million turns of one transaction would leave: one version. */
static void a_transaction_leaves_one_version(void **state)
{
    (void)state;
    add_all();
    sql("BEGIN");
    for (int i = 0; i < 20; i++)
        sql("UPDATE v_voice_transfer_rules SET priority = %d; UPDATE v_voice_ai_providers SET display_name = '%d'", i,
            i);
    sql("COMMIT");
    assert_int_equal(number("SELECT count(*) FROM voicedb_call_versions WHERE domain_uuid = '%s'", CLINIC_UUID), 2);
    agreed("2000", "many changes");
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
        TEST(every_change_is_seen_by_the_next_call),
        TEST(what_is_rolled_back_is_not_seen),
        TEST(transactions_at_once_wait_for_nobody),
        TEST(new_keys_are_seen_and_the_old_are_not_needed),
        TEST(another_tenants_is_another),
        TEST(a_tenant_that_comes_back_is_read_again),
        TEST(what_a_restore_and_a_copy_bring_is_seen),
        TEST(opened_secrets_go_when_they_are_out_of_date_and_with_the_pool),
        TEST(threads_share_it_while_it_changes),
        TEST(versions_are_only_read),
        TEST(a_transaction_leaves_one_version),
        TEST(it_takes_one_round_trip),
    };
    return run_with_database(tests);
}
