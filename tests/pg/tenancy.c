/*
 * One tenant never sees, changes or points at another's rows: by row-level security under plain SQL, by the library
 * with the other's UUIDs, by the foreign keys whoever writes.
 */
#include "fixture.h"
#include "spec.h"

static const char *const tables[] = { "v_voice_ai_providers",    "v_voice_secretaries",    "v_voice_documents",
                                      "v_voice_document_chunks", "v_voice_document_terms", "v_voice_transfer_rules",
                                      "v_voice_conversations",   "v_voice_messages",       "v_voice_embeddings",
                                      "v_voice_embedding_usage" };

/* Words that stand in every row of the one tenant and in none of the other. */
#define OURS "sorriso"
#define THEIRS "mirante"

static ids ours, theirs;

static int fill_both(void **state)
{
    (void)state;
    ours = fill(clinic, OURS);
    theirs = fill(hotel, THEIRS);
    sql("INSERT INTO v_voice_tenant_settings (domain_uuid) SELECT domain_uuid FROM v_domains;"
        "INSERT INTO v_voice_webhook_endpoints (domain_uuid, url) SELECT domain_uuid, 'https://crm.example' FROM "
        "v_domains;"
        "INSERT INTO v_voice_webhook_deliveries (domain_uuid, conversation_uuid, endpoint_uuid) "
        "SELECT domain_uuid, conversation_uuid, endpoint_uuid "
        "FROM v_voice_conversations JOIN v_voice_webhook_endpoints USING (domain_uuid)");
    return 0;
}

/* ---- plain SQL ----------------------------------------------------------------------------------------------------
 */

static void begin_as_app(const char *domain_uuid)
{
    sql("BEGIN; SET LOCAL ROLE voicedb_app");
    if (domain_uuid != NULL)
        sql("SET LOCAL voicedb.domain_uuid = '%s'", domain_uuid);
}

static const char *affected(const char *statement)
{
    PGresult *result = PQexec(admin, statement);
    const char *said = PQresultStatus(result) == PGRES_COMMAND_OK ? text("%s", PQcmdTuples(result))
                                                                  : text("%s", PQresultErrorMessage(result));
    PQclear(result);
    return said;
}

static void other_rows_cannot_be_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(tables); i++) {
        assert_true(number("SELECT count(*) FROM %s WHERE domain_uuid = '%s'", tables[i], HOTEL_UUID) > 0);
        int64_t own = number("SELECT count(*) FROM %s WHERE domain_uuid = '%s'", tables[i], CLINIC_UUID);
        assert_true(own > 0);
        begin_as_app(CLINIC_UUID);
        assert_int_equal(number("SELECT count(*) FROM %s", tables[i]), own);
        assert_int_equal(number("SELECT count(*) FROM %s WHERE domain_uuid = '%s'", tables[i], HOTEL_UUID), 0);
        assert_int_equal(number("SELECT count(*) FROM %s t WHERE t::text LIKE '%%%s%%'", tables[i], THEIRS), 0);
        sql("ROLLBACK");
    }
}

static void other_rows_cannot_be_changed_or_removed(void **state)
{
    (void)state;
    const char *before = rows_of(HOTEL_UUID);
    for (size_t i = 0; i < COUNT(tables); i++) {
        const char *own = value("SELECT count(*) FROM %s WHERE domain_uuid = '%s'", tables[i], CLINIC_UUID);
        begin_as_app(CLINIC_UUID);
        assert_string_equal(
            affected(text("UPDATE %s SET created_at = now() WHERE domain_uuid = '%s'", tables[i], HOTEL_UUID)), "0");
        assert_string_equal(affected(text("UPDATE %s SET created_at = now()", tables[i])), own);
        assert_string_equal(affected(text("DELETE FROM %s WHERE domain_uuid = '%s'", tables[i], HOTEL_UUID)), "0");
        assert_string_equal(sqlstate_on(admin, NULL, "TRUNCATE %s CASCADE", tables[i]), "42501");
        sql("ROLLBACK");
    }
    begin_as_app(CLINIC_UUID);
    for (size_t i = COUNT(tables); i-- > 0;)
        sql("DELETE FROM %s", tables[i]);
    assert_string_equal(rows_on(admin, "SELECT count(*) FROM v_voice_ai_providers"), "0");
    sql("RESET ROLE");
    assert_string_equal(rows_of(HOTEL_UUID), before);
    sql("ROLLBACK");
}

static void rows_cannot_be_given_to_another_tenant(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(tables); i++) {
        const char *columns =
            value("SELECT string_agg(attname, ', ') FROM pg_attribute WHERE attrelid = '%s'::regclass AND attnum > 0 "
                  "AND attgenerated = '' AND NOT attisdropped",
                  tables[i]);
        begin_as_app(CLINIC_UUID);
        const char *message;
        const char *copy =
            text("INSERT INTO %s (%s) SELECT %s FROM (SELECT (jsonb_populate_record(t, '{\"domain_uuid\": \"%s\"}')).* "
                 "FROM %s t LIMIT 1) copy",
                 tables[i], columns, columns, HOTEL_UUID, tables[i]);
        assert_string_equal(sqlstate_on(admin, &message, "%s", copy), "42501");
        assert_contains(message, "row-level security");
        sql("ROLLBACK");
        begin_as_app(CLINIC_UUID);
        assert_string_equal(sqlstate_on(admin, &message, "UPDATE %s SET domain_uuid = '%s'", tables[i], HOTEL_UUID),
                            "42501");
        assert_contains(message, "row-level security");
        sql("ROLLBACK");
    }
}

/* ---- no tenant ----------------------------------------------------------------------------------------------------
 */

static const char *refusal(const char *setting, const char *statement)
{
    begin_as_app(NULL);
    if (setting != NULL)
        sql("SET LOCAL voicedb.domain_uuid = '%s'", setting);
    const char *state = sqlstate_on(admin, NULL, "%s", statement);
    sql("ROLLBACK");
    return state;
}

static void assert_refused_without_tenant(const char *statement)
{
    const char *unset = refusal(NULL, statement), *empty = refusal("", statement),
               *malformed = refusal("no-uuid", statement);
    const char *with_tenant = refusal(CLINIC_UUID, statement);
    if (strcmp(unset, "22P02") != 0 || strcmp(empty, "22P02") != 0 || strcmp(malformed, "22P02") != 0)
        fail_msg("%s: unset '%s', empty '%s', malformed '%s'", statement, unset, empty, malformed);
    if (with_tenant[0] != '\0' && strcmp(with_tenant, "23503") != 0)
        fail_msg("%s: %s", statement, with_tenant);
}

/* Statements that name the tenant, as every query must: refused before any row is looked at. */
static void statements_of_a_tenant_are_refused(void)
{
    for (size_t i = 0; i < COUNT(tables); i++) {
        const char *where = text("WHERE domain_uuid = '%s'", CLINIC_UUID);
        assert_refused_without_tenant(text("SELECT * FROM %s %s", tables[i], where));
        assert_refused_without_tenant(text("SELECT count(*) FROM %s %s", tables[i], where));
        assert_refused_without_tenant(text("UPDATE %s SET created_at = now() %s", tables[i], where));
        assert_refused_without_tenant(text("DELETE FROM %s %s", tables[i], where));
    }
}

static void no_tenant_is_an_error(void **state)
{
    (void)state;
    statements_of_a_tenant_are_refused();
    for (size_t i = 0; i < COUNT(tables); i++) {
        assert_refused_without_tenant(text("SELECT * FROM %s", tables[i]));
        assert_refused_without_tenant(text("SELECT count(*) FROM %s", tables[i]));
        assert_refused_without_tenant(text("UPDATE %s SET created_at = now()", tables[i]));
        assert_refused_without_tenant(text("DELETE FROM %s", tables[i]));
    }
}

static void no_tenant_is_an_error_on_empty_tables_too(void **state)
{
    (void)state;
    PGconn *own = admin;
    admin = connect_to(text("dbname=%s", make_database("empty")));
    migrate(PQdb(admin));
    statements_of_a_tenant_are_refused();
    sql("VACUUM"); /* from here on the planner knows that there is nothing, and reads without an index */
    statements_of_a_tenant_are_refused();
    assert_refused_without_tenant(
        text("INSERT INTO v_voice_secretaries (domain_uuid, name) VALUES ('%s', 'x')", CLINIC_UUID));
    PQfinish(admin);
    admin = own;
}

static void the_tenant_ends_with_its_transaction(void **state)
{
    (void)state;
    static const char *const ends[] = { "COMMIT", "ROLLBACK" };
    for (size_t i = 0; i < COUNT(ends); i++) {
        begin_as_app(CLINIC_UUID);
        assert_int_equal(number("SELECT count(*) FROM v_voice_secretaries"), 1);
        sql("%s", ends[i]);
        assert_string_equal(refusal(NULL, "SELECT * FROM v_voice_secretaries"), "22P02");
    }
}

static void a_plan_prepared_before_asks_again(void **state)
{
    (void)state;
    sql("SET plan_cache_mode = force_generic_plan");
    begin_as_app(CLINIC_UUID);
    sql("PREPARE by_tenant (uuid) AS SELECT count(*) FROM v_voice_secretaries WHERE domain_uuid = $1");
    sql("PREPARE every AS SELECT count(*) FROM v_voice_secretaries");
    assert_int_equal(number("EXECUTE by_tenant ('%s')", CLINIC_UUID), 1);
    assert_int_equal(number("EXECUTE every"), 1);
    sql("COMMIT");
    assert_string_equal(refusal(NULL, text("EXECUTE by_tenant ('%s')", CLINIC_UUID)), "22P02");
    assert_string_equal(refusal("", "EXECUTE every"), "22P02");
    begin_as_app(HOTEL_UUID);
    assert_int_equal(number("EXECUTE by_tenant ('%s')", CLINIC_UUID), 0);
    assert_string_equal(value("SELECT name FROM v_voice_secretaries"), "Ana " THEIRS);
    sql("COMMIT; DEALLOCATE ALL; RESET plan_cache_mode");
}

/* ---- one connection, two tenants, many threads --------------------------------------------------------------------
 */

typedef struct worker {
    vdb_tenant *tenant;
    const ids *own;
    const char *word, *other;
    int rounds, strange;
} worker;

static bool is_own(const worker *w, const char *content)
{
    return content != NULL && strstr(content, w->word) != NULL && strstr(content, w->other) == NULL;
}

static int look_around(const worker *w)
{
    const vdb_provider *providers;
    const vdb_secretary *secretary;
    const vdb_transfer_decision *decision;
    const vdb_document *documents;
    size_t count;
    int strange = 0;
    if (vdb_provider_list(w->tenant, NULL, &providers, &count, NULL) != VDB_OK)
        return 1;
    strange += count != 4;
    for (size_t i = 0; i < count; i++)
        strange += !is_own(w, providers[i].display_name);
    vdb_rows_free(providers);
    if (vdb_secretary_get(w->tenant, "2000", &secretary, NULL) != VDB_OK)
        return 1;
    strange += !is_own(w, secretary->name) || !is_own(w, secretary->llm_config);
    vdb_rows_free(secretary);
    if (vdb_transfer_resolve(w->tenant, "2000", "quero uma pessoa", NULL, &decision, NULL) != VDB_OK)
        return 1;
    strange += decision->step_count != 1 || !is_own(w, decision->steps[0].department_name);
    vdb_rows_free(decision);
    if (vdb_document_list(w->tenant, &documents, &count, NULL) != VDB_OK)
        return 1;
    strange += count != 1 || !is_own(w, documents[0].document_name);
    vdb_rows_free(documents);
    return strange;
}

static void keep_looking(void *item)
{
    worker *w = item;
    for (int i = 0; i < w->rounds; i++)
        w->strange += look_around(w);
}

static void alternate(const vdb_options *options)
{
    vdb_pool *shared;
    vdb_tenant *both[2];
    ok(vdb_pool_open(options, &shared, &failure));
    ok(vdb_tenant_open(shared, CLINIC_UUID, &both[0], &failure));
    ok(vdb_tenant_open(shared, HOTEL_UUID, &both[1], &failure));
    worker workers[8];
    for (size_t i = 0; i < COUNT(workers); i++)
        workers[i] = i % 2 == 0 ? (worker){ both[0], &ours, OURS, THEIRS, 25, 0 }
                                : (worker){ both[1], &theirs, THEIRS, OURS, 25, 0 };
    in_threads(keep_looking, workers, COUNT(workers), sizeof workers[0]);
    for (size_t i = 0; i < COUNT(workers); i++)
        assert_int_equal(workers[i].strange, 0);
    vdb_tenant_close(both[0]);
    vdb_tenant_close(both[1]);
    vdb_pool_close(shared);
}

static void tenants_share_a_connection_and_nothing_else(void **state)
{
    (void)state;
    alternate(&(vdb_options){ .max_connections = 1, .acquire_timeout_ms = 60000 });
    alternate(&(vdb_options){ .max_connections = 1, .acquire_timeout_ms = 60000, .no_prepared = true });
    alternate(&(vdb_options){ .max_connections = 3, .acquire_timeout_ms = 60000 });
}

/* ---- the library with another tenant's UUIDs -----------------------------------------------------------------------
 */

static const char *before_ours, *before_theirs;

static int remember(void **state)
{
    (void)state;
    before_ours = rows_of(CLINIC_UUID);
    before_theirs = rows_of(HOTEL_UUID);
    return 0;
}

static void assert_nothing_changed(void)
{
    assert_string_equal(rows_of(CLINIC_UUID), before_ours);
    assert_string_equal(rows_of(HOTEL_UUID), before_theirs);
}

/* Not found, without a word of the other tenant's. */
#define foreign(call)                                                                                                  \
    do {                                                                                                               \
        refused(VDB_NOT_FOUND, call);                                                                                  \
        assert_lacks(failure.message, THEIRS);                                                                         \
        assert_lacks(failure.detail, THEIRS);                                                                          \
        assert_lacks(failure.hint, THEIRS);                                                                            \
    } while (0)

static void foreign_providers_are_not_found(void **state)
{
    (void)state;
    const vdb_provider *row;
    const vdb_provider_input change = { .display_name = "x", .is_default = &(bool){ true } };
    foreign(vdb_provider_get(clinic, NULL, theirs.stt, &row, &failure));
    foreign(vdb_provider_get(clinic, "stt", theirs.stt, &row, &failure));
    foreign(vdb_provider_update(clinic, theirs.stt, &change, &failure));
    foreign(vdb_provider_remove(clinic, theirs.stt, &failure));
    assert_nothing_changed();
}

static void foreign_secretaries_are_not_found(void **state)
{
    (void)state;
    const vdb_secretary *row;
    const char *const providers[] = { theirs.stt, theirs.tts, theirs.llm, theirs.embeddings };
    foreign(vdb_secretary_get(clinic, theirs.secretary, &row, &failure));
    foreign(vdb_secretary_update(clinic, theirs.secretary, &(vdb_secretary_input){ .name = "x" }, &failure));
    foreign(vdb_secretary_remove(clinic, theirs.secretary, &failure));
    for (size_t i = 0; i < COUNT(providers); i++) {
        vdb_secretary_input input = { .name = "x" };
        const char **places[] = { &input.stt_provider_uuid, &input.tts_provider_uuid, &input.llm_provider_uuid,
                                  &input.embeddings_provider_uuid };
        char uuid[37];
        *places[i] = providers[i];
        foreign(vdb_secretary_add(clinic, &input, uuid, &failure));
        foreign(vdb_secretary_update(clinic, ours.secretary, &input, &failure));
    }
    assert_nothing_changed();
}

static void foreign_documents_are_not_found(void **state)
{
    (void)state;
    const vdb_document *row;
    vdb_document_writer *writer;
    vdb_document_added added;
    const vdb_chunk *chunks;
    size_t count;
    foreign(vdb_document_get(clinic, theirs.document, &row, &failure));
    foreign(vdb_document_enable(clinic, theirs.document, false, &failure));
    foreign(vdb_document_remove(clinic, theirs.document, &failure));
    const vdb_document document = { .document_name = "x", .voice_secretary_uuid = theirs.secretary };
    foreign(vdb_document_writer_open(clinic, &document, "test", 8, &writer, &failure));
    const vdb_document_file file = { .path = "/etc/hostname", .secretary = theirs.secretary };
    foreign(vdb_document_add_file(clinic, &file, NULL, NULL, &added, &failure));
    ok(vdb_chunk_list(clinic, theirs.document, &chunks, &count, &failure));
    assert_int_equal(count, 0);
    vdb_rows_free(chunks);
    assert_nothing_changed();
}

/* A document of the same name belongs to each of them. */
static void a_document_of_the_same_name_is_another(void **state)
{
    (void)state;
    float vector[8];
    random_vectors(vector, COUNT(vector), 1);
    const char *own = store(clinic, "about " THEIRS, NULL, NULL, vector, 1, 8);
    assert_string_not_equal(own, theirs.document);
    assert_string_equal(rows_of(HOTEL_UUID), before_theirs);
    ok(vdb_document_remove(clinic, own, &failure));
    assert_nothing_changed();
}

static void foreign_secretaries_do_not_search_or_transfer(void **state)
{
    (void)state;
    float vector[8] = { 1 };
    vdb_search_result *result;
    const vdb_transfer_rule *rules;
    size_t count;
    char uuid[37];
    vdb_search_request request = {
        .embedding = vector, .dimensions = 8, .embedding_model = "test", .secretary = theirs.secretary
    };
    foreign(vdb_search(clinic, &request, &result, &failure));
    request.secretary = NULL;
    ok(vdb_search(clinic, &request, &result, &failure));
    assert_int_equal(result->count, 1);
    assert_string_equal(result->hits[0].chunk_uuid, ours.chunk);
    vdb_search_free(result);
    foreign(
        vdb_search(clinic, &(vdb_search_request){ .question = "x", .secretary = theirs.secretary }, &result, &failure));
    const vdb_transfer_rule_input rule = { .secretary = theirs.secretary,
                                           .department_name = "x",
                                           .transfer_extension = "1" };
    foreign(vdb_transfer_rule_add(clinic, &rule, uuid, &failure));
    foreign(vdb_transfer_rule_list(clinic, theirs.secretary, &rules, &count, &failure));
    foreign(vdb_transfer_rule_remove(clinic, theirs.rule, &failure));
    const vdb_transfer_decision *decision;
    const vdb_call_context *context;
    foreign(vdb_transfer_resolve(clinic, theirs.secretary, "pessoa", NULL, &decision, &failure));
    foreign(vdb_call_context_get(clinic, theirs.secretary, &context, &failure));
    assert_nothing_changed();
}

static void foreign_conversations_are_not_found(void **state)
{
    (void)state;
    char uuid[37];
    const vdb_conversation *row;
    const vdb_message *messages;
    size_t count;
    const vdb_message message = { .role = "assistant", .content = "x" };
    const vdb_conversation_end_input end = { .transfer_rule_uuid = theirs.rule };
    foreign(vdb_conversation_start(clinic, &(vdb_conversation_start_input){ .secretary = theirs.secretary }, uuid,
                                   &failure));
    foreign(vdb_conversation_say(clinic, theirs.conversation, &message, NULL, &failure));
    foreign(vdb_conversation_end(clinic, theirs.conversation, &(vdb_conversation_end_input){ 0 }, &failure));
    foreign(vdb_conversation_end(clinic, ours.conversation, &end, &failure));
    foreign(vdb_conversation_get(clinic, theirs.conversation, &row, &failure));
    foreign(vdb_conversation_get(clinic, theirs.call, &row, &failure));
    ok(vdb_message_list(clinic, theirs.conversation, &messages, &count, &failure));
    assert_int_equal(count, 0);
    vdb_rows_free(messages);
    ok(vdb_conversation_list(clinic, THEIRS, 0, &row, &count, &failure));
    assert_int_equal(count, 0);
    vdb_rows_free(row);
    assert_nothing_changed();
}

/* The other's call UUID is free here: it is no conversation of this tenant. */
static void a_call_uuid_is_the_tenants_own(void **state)
{
    (void)state;
    char uuid[37];
    ok(vdb_conversation_start(clinic, &(vdb_conversation_start_input){ .call_uuid = theirs.call }, uuid, &failure));
    sql("DELETE FROM v_voice_conversations WHERE conversation_uuid = '%s'", uuid);
    assert_nothing_changed();
}

/* ---- references ---------------------------------------------------------------------------------------------------
 */

static void no_reference_leads_to_another_tenant(void **state)
{
    (void)state;
    const struct {
        const char *table, *column, *target;
    } references[] = {
        { "v_voice_ai_providers", "data_key_uuid",
          value("SELECT data_key_uuid FROM v_voice_data_keys WHERE domain_uuid = '%s'", HOTEL_UUID) },
        { "v_voice_tenant_settings", "data_key_uuid",
          value("SELECT data_key_uuid FROM v_voice_data_keys WHERE domain_uuid = '%s'", HOTEL_UUID) },
        { "v_voice_secretaries", "stt_provider_uuid", theirs.stt },
        { "v_voice_secretaries", "tts_provider_uuid", theirs.tts },
        { "v_voice_secretaries", "llm_provider_uuid", theirs.llm },
        { "v_voice_secretaries", "embeddings_provider_uuid", theirs.embeddings },
        { "v_voice_documents", "voice_secretary_uuid", theirs.secretary },
        { "v_voice_document_chunks", "document_uuid", theirs.document },
        { "v_voice_document_terms", "document_uuid", theirs.document },
        { "v_voice_transfer_rules", "voice_secretary_uuid", theirs.secretary },
        { "v_voice_conversations", "voice_secretary_uuid", theirs.secretary },
        { "v_voice_conversations", "transfer_rule_uuid", theirs.rule },
        { "v_voice_messages", "conversation_uuid", theirs.conversation },
        { "v_voice_webhook_deliveries", "conversation_uuid", theirs.conversation },
        { "v_voice_webhook_deliveries", "endpoint_uuid",
          value("SELECT endpoint_uuid FROM v_voice_webhook_endpoints WHERE domain_uuid = '%s'", HOTEL_UUID) },
    };
    assert_string_equal(value("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"), "t");
    for (size_t i = 0; i < COUNT(references); i++) {
        const char *message;
        assert_string_equal(sqlstate_on(admin, &message, "UPDATE %s SET %s = '%s' WHERE domain_uuid = '%s'",
                                        references[i].table, references[i].column, references[i].target, CLINIC_UUID),
                            "23503");
        assert_contains(message, references[i].column);
    }
    assert_int_equal(number("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confrelid::regclass::text LIKE "
                            "'v\\_voice\\_%%'"),
                     COUNT(references));
}

/* The specification's own references and join hand over the neighbour's key. The same attempt on voicedb's tables is
 * refused above. */
static void references_without_the_tenant_would_leak(void **state)
{
    (void)state;
    sql("CREATE SCHEMA spec; SET search_path = spec, public");
    sql("%s", file_of("tests/pg/spec.sql"));
    sql("INSERT INTO v_voice_ai_providers (domain_uuid, provider_type, provider_name, config) "
        "VALUES ('%s', 'llm', 'openai', '{\"api_key\": \"the-neighbours\"}')",
        HOTEL_UUID);
    sql("INSERT INTO v_voice_secretaries (domain_uuid, name, llm_provider_uuid) SELECT '%s', 'Ana', provider_uuid FROM "
        "v_voice_ai_providers",
        CLINIC_UUID);
    sql("PREPARE secretary (uuid, uuid) AS %s", SPEC_SECRETARY);
    const char *seen = rows_on(admin, "EXECUTE secretary ('%s', '%s')", CLINIC_UUID,
                               value("SELECT voice_secretary_uuid FROM v_voice_secretaries"));
    sql("SET search_path = public; DROP SCHEMA spec CASCADE; DEALLOCATE secretary");
    assert_contains(seen, "the-neighbours");
}

/* ---- logins --------------------------------------------------------------------------------------------------------
 */

static void a_member_of_voicedb_app_can_do_all_but_operate(void **state)
{
    (void)state;
    const char *login = own_name("login");
    sql("CREATE ROLE %s LOGIN IN ROLE voicedb_app", login);
    sql("INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled) VALUES ('%s', 'third.example', true)",
        NOBODY_UUID);
    vdb_pool *own = pool_to(text("user=%s", login));
    vdb_tenant *third;
    ok(vdb_tenant_open(own, "third.example", &third, &failure));
    ids made = fill(third, "third");
    worker w = { third, &made, "third", OURS, 1, 0 };
    assert_int_equal(look_around(&w), 0);
    ok(vdb_conversation_end(third, made.conversation, &(vdb_conversation_end_input){ .transfer_rule_uuid = made.rule },
                            &failure));
    ok(vdb_secretary_update(third, made.secretary, &(vdb_secretary_input){ .description = "x" }, &failure));
    ok(vdb_transfer_rule_remove(third, made.rule, &failure));
    ok(vdb_document_remove(third, made.document, &failure));
    ok(vdb_secretary_remove(third, made.secretary, &failure));
    ok(vdb_provider_remove(third, made.stt, &failure));
    const vdb_tenant_row *tenants;
    const vdb_migration *migrations;
    size_t count;
    refused(VDB_NOT_ALLOWED, vdb_tenant_list(own, &tenants, &count, &failure));
    refused(VDB_NOT_ALLOWED, vdb_migrate(own, 0, NULL, NULL, NULL, &failure));
    refused(VDB_NOT_ALLOWED, vdb_migrate_status(own, &migrations, &count, &failure));
    refused(VDB_NOT_ALLOWED, vdb_index_use(own, "hnsw", &failure));
    vdb_tenant_close(third);
    vdb_pool_close(own);
    sql("DELETE FROM v_domains WHERE domain_uuid = '%s'", NOBODY_UUID);
}

/* Without SET ROLE, row-level security binds the login all the same. */
static void a_login_is_bound_without_the_role(void **state)
{
    (void)state;
    PGconn *c = connect_to(text("user=%s", own_name("login")));
    assert_string_equal(sqlstate_on(c, NULL, "SELECT * FROM v_voice_secretaries"), "22P02");
    sql_on(c, "SET voicedb.domain_uuid = '%s'", CLINIC_UUID);
    assert_string_equal(rows_on(c, "SELECT name FROM v_voice_secretaries"), "Ana " OURS);
    assert_string_equal(sqlstate_on(c, NULL, "SELECT * FROM v_domains"), "42501");
    assert_string_equal(sqlstate_on(c, NULL, "SELECT * FROM voicedb_migrations"), "42501");
    assert_string_equal(sqlstate_on(c, NULL, "ALTER TABLE v_voice_secretaries DISABLE ROW LEVEL SECURITY"), "42501");
    assert_string_equal(sqlstate_on(c, NULL, "SET ROLE fusionpbx"), "42501");
    PQfinish(c);
}

static void a_stranger_opens_no_tenant(void **state)
{
    (void)state;
    const char *stranger = own_name("stranger");
    sql("CREATE ROLE %s LOGIN", stranger);
    vdb_pool *own = pool_to(text("user=%s", stranger));
    vdb_tenant *tenant;
    refused(VDB_NOT_ALLOWED, vdb_tenant_open(own, "clinic.example", &tenant, &failure));
    vdb_pool_close(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(other_rows_cannot_be_read, fill_both),
        cmocka_unit_test(other_rows_cannot_be_changed_or_removed),
        cmocka_unit_test(rows_cannot_be_given_to_another_tenant),
        cmocka_unit_test(no_tenant_is_an_error),
        cmocka_unit_test(no_tenant_is_an_error_on_empty_tables_too),
        cmocka_unit_test(the_tenant_ends_with_its_transaction),
        cmocka_unit_test(a_plan_prepared_before_asks_again),
        cmocka_unit_test(tenants_share_a_connection_and_nothing_else),
        cmocka_unit_test_setup(foreign_providers_are_not_found, remember),
        cmocka_unit_test(foreign_secretaries_are_not_found),
        cmocka_unit_test(foreign_documents_are_not_found),
        cmocka_unit_test(a_document_of_the_same_name_is_another),
        cmocka_unit_test(foreign_secretaries_do_not_search_or_transfer),
        cmocka_unit_test(foreign_conversations_are_not_found),
        cmocka_unit_test(a_call_uuid_is_the_tenants_own),
        cmocka_unit_test(no_reference_leads_to_another_tenant),
        cmocka_unit_test(references_without_the_tenant_would_leak),
        cmocka_unit_test(a_member_of_voicedb_app_can_do_all_but_operate),
        cmocka_unit_test(a_login_is_bound_without_the_role),
        cmocka_unit_test(a_stranger_opens_no_tenant),
    };
    return run_with_database(tests);
}
