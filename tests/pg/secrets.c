/*
 * Secrets in the tables: sealed by whoever writes through the library, opened for whoever may, useless in another row
 * or tenant or with another master key; sealed and rotated beside those who write.
 */
#include "fixture.h"

#include <stdatomic.h>
#include <unistd.h>

#define SECRET "sk-4711-hush"

static const char *add(vdb_tenant *t, const char *name, const char *config)
{
    char uuid[37];
    const vdb_provider_input input = { .provider_type = "llm", .provider_name = name, .config = config };
    ok(vdb_provider_add(t, &input, uuid, &failure));
    return text("%s", uuid);
}

static const char *config_of(vdb_tenant *t, const char *provider)
{
    const vdb_provider *row;
    ok(vdb_provider_get(t, NULL, provider, &row, &failure));
    const char *config = text("%s", row->config);
    vdb_rows_free(row);
    return config;
}

static const char *stored(const char *uuid)
{
    return value("SELECT config FROM v_voice_ai_providers WHERE provider_uuid = '%s'", uuid);
}

static void clear(void)
{
    sql("DELETE FROM v_voice_secretaries; DELETE FROM v_voice_ai_providers; DELETE FROM v_voice_data_keys");
}

static int cleared(void **state)
{
    (void)state;
    clear();
    return 0;
}

/* ---- one value --------------------------------------------------------------------------------------------------- */

static void a_secret_is_sealed_in_the_table_and_open_in_the_library(void **state)
{
    (void)state;
    const char *uuid = add(clinic, "a", "{\"api_key\": \"" SECRET "\", \"model\": \"x\", \"temperature\": 0.2}");
    assert_string_equal(config_of(clinic, uuid), "{\"model\":\"x\",\"api_key\":\"" SECRET "\",\"temperature\":0.2}");
    assert_string_equal(
        value("SELECT jsonb_typeof(config -> 'api_key' -> '$sealed') || (config ->> 'model') || (config "
              "-> 'temperature') FROM v_voice_ai_providers WHERE provider_uuid = '%s'",
              uuid),
        "stringx0.2");
    assert_int_equal(number("SELECT count(*) FROM v_voice_ai_providers p WHERE p::text LIKE '%%" SECRET "%%'"), 0);
    assert_string_equal(
        value(
            "SELECT (p.data_key_uuid = k.data_key_uuid AND p.config -> 'api_key' ->> '$sealed' LIKE 'v1:' || "
            "k.data_key_uuid || ':%%')::text FROM v_voice_ai_providers p JOIN v_voice_data_keys k USING (domain_uuid)"),
        "true");
    const vdb_provider *rows;
    size_t count;
    ok(vdb_provider_list(clinic, NULL, &rows, &count, &failure));
    assert_lacks(rows[0].config, SECRET);
    vdb_rows_free(rows);
}

static void what_holds_no_secret_takes_no_key(void **state)
{
    (void)state;
    add(clinic, "a", "{\"model\": \"x\"}");
    assert_int_equal(number("SELECT count(*) FROM v_voice_data_keys"), 0);
    const char *uuid = add(clinic, "b", "{\"token\": \"" SECRET "\"}");
    ok(vdb_provider_update(clinic, uuid, &(vdb_provider_input){ .display_name = "B" }, &failure));
    assert_string_equal(config_of(clinic, uuid), "{\"token\":\"" SECRET "\"}");
    ok(vdb_provider_update(clinic, uuid, &(vdb_provider_input){ .config = "{}" }, &failure));
    assert_null(value("SELECT data_key_uuid FROM v_voice_ai_providers WHERE provider_uuid = '%s'", uuid));
    ok(vdb_provider_update(clinic, value("SELECT upper('%s')", uuid),
                           &(vdb_provider_input){ .config = "{\"$secret\": [\"pin\"], \"pin\": 4711}" }, &failure));
    assert_lacks(stored(uuid), "4711");
    assert_contains(config_of(clinic, uuid), "\"pin\":4711");
}

/* What a reader of the table puts back as it was stays what it is. */
static void what_was_sealed_can_be_written_back(void **state)
{
    (void)state;
    const char *uuid = add(clinic, "a", "{\"api_key\": \"" SECRET "\"}"), *before = stored(uuid);
    ok(vdb_provider_update(clinic, uuid, &(vdb_provider_input){ .config = before }, &failure));
    assert_string_equal(config_of(clinic, uuid), "{\"api_key\":\"" SECRET "\"}");
    const char *other = add(clinic, "b", "{}");
    refused(VDB_BAD_INPUT, vdb_provider_update(clinic, other, &(vdb_provider_input){ .config = before }, &failure));
    refused(VDB_BAD_INPUT,
            vdb_provider_update(clinic, uuid, &(vdb_provider_input){ .config = "{\"api_key\": \"***\"}" }, &failure));
    assert_string_equal(config_of(clinic, uuid), "{\"api_key\":\"" SECRET "\"}");
}

/* A superuser may copy what is sealed, but it opens only where it was. */
static void a_copied_value_does_not_open(void **state)
{
    (void)state;
    const vdb_provider *row;
    const char *uuid = add(clinic, "a", "{\"api_key\": \"" SECRET "\"}");
    const char *second = add(clinic, "b", "{\"api_key\": \"other\"}"),
               *theirs = add(hotel, "a", "{\"api_key\": \"x\"}");
    sql("UPDATE v_voice_ai_providers SET config = '%s' WHERE provider_uuid IN ('%s', '%s')", stored(uuid), second,
        theirs);
    refused(VDB_BAD_INPUT, vdb_provider_get(clinic, NULL, second, &row, &failure));
    assert_contains(failure.message, text("config/api_key of row %s", second));
    refused(VDB_BAD_INPUT, vdb_provider_get(hotel, NULL, theirs, &row, &failure));
    assert_contains(failure.detail, "is not the tenant's");
    /* Its data key does not go along either. */
    sql("DELETE FROM v_voice_ai_providers WHERE provider_uuid = '%s'", theirs);
    sql("DELETE FROM v_voice_data_keys WHERE domain_uuid = '%s'", HOTEL_UUID);
    sql("UPDATE v_voice_ai_providers SET data_key_uuid = NULL");
    sql("UPDATE v_voice_data_keys SET domain_uuid = '%s'", HOTEL_UUID);
    sql("UPDATE v_voice_ai_providers SET domain_uuid = '%s' WHERE provider_uuid = '%s'", HOTEL_UUID, uuid);
    refused(VDB_BAD_INPUT, vdb_provider_get(hotel, NULL, "a", &row, &failure));
    assert_contains(failure.message, "data key");
    assert_lacks(failure.message, SECRET);
}

static void a_secretary_and_a_search_open_what_they_need(void **state)
{
    (void)state;
    const char *stt = add(clinic, "a", "{\"api_key\": \"" SECRET "\"}");
    char uuid[37];
    const vdb_secretary_input input = { .name = "Ana", .extension = "2000", .llm_provider_uuid = stt };
    const vdb_secretary *s;
    ok(vdb_secretary_add(clinic, &input, uuid, &failure));
    ok(vdb_secretary_get(clinic, "2000", &s, &failure));
    assert_string_equal(s->llm_config, "{\"api_key\":\"" SECRET "\"}");
    assert_null(s->stt_config);
    vdb_rows_free(s);
    const vdb_provider_input embeddings = {
        .provider_type = "embeddings",
        .provider_name = "remote",
        .config = "{\"api_key\": \"with space\", \"model\": \"m\", \"base_url\": \"http://127.0.0.1:1/v1\"}",
        .is_default = &(bool){ true },
    };
    ok(vdb_provider_add(clinic, &embeddings, uuid, &failure));
    vdb_search_result *result;
    /* The key is looked at before anything is sent; a sealed one would be "no string". */
    refused(VDB_BAD_INPUT, vdb_search(clinic, &(vdb_search_request){ .question = "x" }, &result, &failure));
    assert_contains(failure.message, "printable ASCII");
}

/* ---- master keys ------------------------------------------------------------------------------------------------- */

static vdb_pool *pool_with_key(const char *path)
{
    vdb_pool *new;
    ok(vdb_pool_open(&(vdb_options){ .master_key_file = path }, &new, &failure));
    return new;
}

static void without_its_master_key_nothing_opens(void **state)
{
    (void)state;
    const vdb_provider *row;
    vdb_tenant *t;
    char id[37];
    const char *wrong = text("/tmp/%s", own_name("wrong.key"));
    add(clinic, "a", "{\"api_key\": \"" SECRET "\"}");
    const char *sealed_by = value("SELECT split_part(sealed_key ->> '$sealed', ':', 2) FROM v_voice_data_keys");
    ok(vdb_key_init(wrong, NULL, id, &failure));
    vdb_pool *other = pool_with_key(wrong);
    ok(vdb_tenant_open(other, CLINIC_UUID, &t, &failure));
    refused(VDB_NOT_ALLOWED, vdb_provider_get(t, NULL, "a", &row, &failure));
    assert_contains(failure.message, sealed_by);
    refused(VDB_NOT_ALLOWED,
            vdb_provider_add(t, &(vdb_provider_input){ "llm", "b", .config = "{\"token\": \"x\"}" }, id, &failure));
    assert_contains(failure.message, sealed_by);
    vdb_tenant_close(t);
    vdb_pool_close(other);
    unlink(wrong);
    other = pool_with_key(wrong);
    ok(vdb_tenant_open(other, CLINIC_UUID, &t, &failure));
    refused(VDB_NOT_ALLOWED, vdb_provider_get(t, NULL, "a", &row, &failure));
    assert_contains(failure.message, sealed_by);
    assert_contains(failure.message, wrong);
    ok(vdb_provider_add(t, &(vdb_provider_input){ "llm", "c", .config = "{\"model\": \"x\"}" }, id, &failure));
    vdb_tenant_close(t);
    vdb_pool_close(other);
}

static void status_tells_what_is_sealed_by_what(void **state)
{
    (void)state;
    const vdb_key_report *r;
    const char *uuid = add(clinic, "a", "{\"api_key\": \"x\", \"deep\": {\"token\": \"y\"}}");
    add(hotel, "a", "{\"api_key\": \"x\"}");
    sql("INSERT INTO v_voice_ai_providers (domain_uuid, provider_type, provider_name, config) VALUES ('%s', 'tts', "
        "'p', "
        "'{\"api_key\": \"plain\"}')",
        HOTEL_UUID);
    ok(vdb_key_status(pool, &r, &failure));
    assert_string_equal(r->path, getenv("VOICEDB_MASTER_KEY"));
    assert_int_equal(r->key_count, 1);
    assert_string_equal(r->keys[0].state, "seals");
    assert_int_equal(r->keys[0].tenants, 2);
    assert_int_equal(r->tenants, 2);
    assert_int_equal(r->sealed, 3);
    assert_int_equal(r->plain, 1);
    assert_int_equal(r->broken, 0);
    vdb_rows_free(r);
    sql("UPDATE v_voice_ai_providers SET config = jsonb_set(config, '{deep,token}', config -> 'api_key') WHERE "
        "provider_uuid = '%s'",
        uuid);
    sql("UPDATE v_voice_data_keys SET sealed_key = jsonb_build_object('$sealed', 'v1:0123456789abcdef:AAAA') WHERE "
        "domain_uuid = '%s'",
        HOTEL_UUID);
    ok(vdb_key_status(pool, &r, &failure));
    assert_int_equal(r->key_count, 2);
    assert_string_equal(r->keys[1].key_id, "0123456789abcdef");
    assert_string_equal(r->keys[1].state, "missing");
    assert_int_equal(r->keys[1].tenants, 1);
    assert_int_equal(r->broken, 1);
    vdb_rows_free(r);
}

static void plain_values_are_sealed_where_they_stand(void **state)
{
    (void)state;
    int64_t sealed;
    sql("INSERT INTO v_voice_ai_providers (domain_uuid, provider_type, provider_name, config) VALUES "
        "('%s', 'tts', 'p', '{\"api_key\": \"" SECRET
        "\", \"l\": [{\"token\": 7}]}'), ('%s', 'stt', 'p', '{\"model\": 1}'), "
        "('%s', 'tts', 'p', '{\"api_key\": \"" SECRET "\"}')",
        CLINIC_UUID, CLINIC_UUID, HOTEL_UUID);
    add(hotel, "sealed", "{\"token\": \"" SECRET "\"}");
    assert_contains(config_of(hotel, "p"), SECRET);
    ok(vdb_key_seal(pool, &sealed, &failure));
    assert_int_equal(sealed, 3);
    assert_int_equal(number("SELECT count(*) FROM v_voice_ai_providers p WHERE p::text LIKE '%%" SECRET "%%'"), 0);
    const vdb_provider *row;
    ok(vdb_provider_get(clinic, "tts", "p", &row, &failure));
    assert_string_equal(row->config, "{\"l\":[{\"token\":7}],\"api_key\":\"" SECRET "\"}");
    vdb_rows_free(row);
    assert_contains(config_of(hotel, "p"), SECRET);
    assert_contains(config_of(hotel, "sealed"), SECRET);
    ok(vdb_key_seal(pool, &sealed, &failure));
    assert_int_equal(sealed, 0);
}

static void a_rotation_changes_keys_and_no_secret(void **state)
{
    (void)state;
    int64_t tenants;
    const char *uuid = add(clinic, "a", "{\"api_key\": \"" SECRET "\", \"n\": 1.5}");
    const char *theirs = add(hotel, "a", "{\"api_key\": \"other\"}");
    sql("UPDATE v_voice_ai_providers SET config = config || '{\"exact\": 1.50}' WHERE provider_uuid = '%s'", uuid);
    const char *before = stored(uuid),
               *key = value("SELECT string_agg(data_key_uuid::text, ' ') FROM v_voice_data_keys");
    ok(vdb_key_rotate(pool, &tenants, &failure));
    assert_int_equal(tenants, 2);
    assert_string_not_equal(stored(uuid), before);
    assert_contains(stored(uuid), "\"exact\": 1.50");
    assert_contains(config_of(clinic, uuid), SECRET);
    assert_contains(config_of(hotel, theirs), "other");
    assert_int_equal(number("SELECT count(*) FROM v_voice_data_keys WHERE strpos('%s', data_key_uuid::text) > 0", key),
                     0);
    assert_int_equal(number("SELECT count(*) FROM v_voice_ai_providers JOIN v_voice_data_keys USING (domain_uuid, "
                            "data_key_uuid)"),
                     2);
}

static void one_broken_tenant_keeps_no_other_from_a_rotation(void **state)
{
    (void)state;
    int64_t tenants = -1;
    add(clinic, "a", "{\"api_key\": \"" SECRET "\"}");
    add(hotel, "a", "{\"api_key\": \"" SECRET "\"}");
    sql("UPDATE v_voice_ai_providers SET config = jsonb_set(config, '{token}', config -> 'api_key') WHERE domain_uuid "
        "= "
        "'%s'",
        HOTEL_UUID);
    const char *key = value("SELECT data_key_uuid FROM v_voice_data_keys WHERE domain_uuid = '%s'", HOTEL_UUID);
    refused(VDB_BAD_INPUT, vdb_key_rotate(pool, &tenants, &failure));
    assert_int_equal(tenants, 1);
    assert_string_equal(value("SELECT data_key_uuid FROM v_voice_data_keys WHERE domain_uuid = '%s'", HOTEL_UUID), key);
    assert_contains(config_of(clinic, "a"), SECRET);
}

typedef struct writer {
    vdb_tenant *tenant;
    const char *uuid;
    atomic_bool *stop;
    int writes, failures;
} writer;

static void keep_writing(void *item)
{
    writer *w = item;
    while (!atomic_load(w->stop)) {
        char config[64];
        snprintf(config, sizeof config, "{\"api_key\": \"" SECRET "-%d\"}", w->writes++);
        vdb_status status = vdb_provider_update(w->tenant, w->uuid, &(vdb_provider_input){ .config = config }, NULL);
        const vdb_provider *row = NULL;
        if (status == VDB_OK)
            status = vdb_provider_get(w->tenant, NULL, w->uuid, &row, NULL);
        w->failures += status != VDB_OK || strstr(row->config, SECRET) == NULL;
        if (row != NULL)
            vdb_rows_free(row);
    }
}

typedef struct crowd {
    writer *writers;
    atomic_bool *stop;
    int rotations;
    bool rotates;
    size_t which;
    vdb_status status;
} crowd;

static void write_or_rotate(void *item)
{
    crowd *c = item;
    if (!c->rotates) {
        keep_writing(&c->writers[c->which]);
        return;
    }
    for (int i = 0; i < c->rotations && c->status == VDB_OK; i++)
        c->status = vdb_key_rotate(pool, NULL, NULL);
    atomic_store(c->stop, true);
}

/* Whoever seals by a key that is replaced at that moment seals again by the new one. */
static void writers_and_rotations_do_not_lose_a_secret(void **state)
{
    (void)state;
    enum { WRITERS = 4 };
    atomic_bool stop = false;
    writer writers[WRITERS];
    crowd crowd_of[WRITERS + 1];
    for (size_t i = 0; i < WRITERS; i++) {
        const char *uuid = add(clinic, text("p%zu", i), "{\"api_key\": \"" SECRET "\"}");
        writers[i] = (writer){ clinic, uuid, &stop, 0, 0 };
        crowd_of[i] = (crowd){ .writers = writers, .stop = &stop, .which = i };
    }
    crowd_of[WRITERS] = (crowd){ .stop = &stop, .rotates = true, .rotations = 30 };
    in_threads(write_or_rotate, crowd_of, COUNT(crowd_of), sizeof crowd_of[0]);
    assert_int_equal(crowd_of[WRITERS].status, VDB_OK);
    for (size_t i = 0; i < WRITERS; i++) {
        assert_int_equal(writers[i].failures, 0);
        assert_true(writers[i].writes > 0);
    }
}

/* ---- who may ----------------------------------------------------------------------------------------------------- */

static void a_role_of_tenants_only_reads_and_adds_its_own_key(void **state)
{
    (void)state;
    add(clinic, "a", "{\"api_key\": \"x\"}");
    add(hotel, "a", "{\"api_key\": \"x\"}");
    sql("BEGIN; SET LOCAL ROLE voicedb_app; SET LOCAL voicedb.domain_uuid = '%s'", CLINIC_UUID);
    assert_int_equal(number("SELECT count(*) FROM v_voice_data_keys"), 1);
    sql("ROLLBACK");
    static const char *const statements[] = { "UPDATE v_voice_data_keys SET created_at = now()",
                                              "DELETE FROM v_voice_data_keys", "TRUNCATE v_voice_data_keys CASCADE" };
    for (size_t i = 0; i < COUNT(statements); i++) {
        sql("BEGIN; SET LOCAL ROLE voicedb_app; SET LOCAL voicedb.domain_uuid = '%s'", CLINIC_UUID);
        assert_string_equal(sqlstate_on(admin, NULL, "%s", statements[i]), "42501");
        sql("ROLLBACK");
    }
    const char *login = own_name("app");
    sql("CREATE ROLE %s LOGIN IN ROLE voicedb_app", login);
    vdb_pool *own = pool_to(text("user=%s", login));
    vdb_tenant *t;
    const vdb_key_report *r;
    ok(vdb_tenant_open(own, CLINIC_UUID, &t, &failure));
    add(t, "b", "{\"api_key\": \"" SECRET "\"}");
    assert_contains(config_of(t, "b"), SECRET);
    refused(VDB_NOT_ALLOWED, vdb_key_status(own, &r, &failure));
    refused(VDB_NOT_ALLOWED, vdb_key_seal(own, NULL, &failure));
    refused(VDB_NOT_ALLOWED, vdb_key_rotate(own, NULL, &failure));
    vdb_tenant_close(t);
    vdb_pool_close(own);
}

/* Two processes that seal a tenant's first secret at once agree on one key. */
static void add_first(void *item)
{
    writer *w = item;
    char uuid[37];
    const vdb_provider_input input = { .provider_type = "llm",
                                       .provider_name = w->uuid,
                                       .config = "{\"token\": \"x\"}" };
    w->failures = vdb_provider_add(w->tenant, &input, uuid, NULL) != VDB_OK;
}

static void of_two_first_secrets_both_open(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        clear();
        writer two[2] = { { .tenant = clinic, .uuid = "a" }, { .tenant = clinic, .uuid = "b" } };
        in_threads(add_first, two, COUNT(two), sizeof two[0]);
        assert_int_equal(two[0].failures + two[1].failures, 0);
        assert_contains(config_of(clinic, "a"), "x");
        assert_contains(config_of(clinic, "b"), "x");
        assert_int_equal(number("SELECT count(*) FROM v_voice_data_keys"), 1);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, cleared)
    const struct CMUnitTest tests[] = {
        TEST(a_secret_is_sealed_in_the_table_and_open_in_the_library),
        TEST(what_holds_no_secret_takes_no_key),
        TEST(what_was_sealed_can_be_written_back),
        TEST(a_copied_value_does_not_open),
        TEST(a_secretary_and_a_search_open_what_they_need),
        TEST(without_its_master_key_nothing_opens),
        TEST(status_tells_what_is_sealed_by_what),
        TEST(plain_values_are_sealed_where_they_stand),
        TEST(a_rotation_changes_keys_and_no_secret),
        TEST(one_broken_tenant_keeps_no_other_from_a_rotation),
        TEST(writers_and_rotations_do_not_lose_a_secret),
        TEST(a_role_of_tenants_only_reads_and_adds_its_own_key),
        TEST(of_two_first_secrets_both_open),
    };
    return run_with_database(tests);
}
