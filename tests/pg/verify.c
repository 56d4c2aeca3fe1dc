/* Drift: every kind is found, named, and mended by the very statements that are printed for it. */
#include "fixture.h"
#include "queries.h"

#include <sys/wait.h>
#include <unistd.h>

static const char *describe(const vdb_drift *rows, size_t count)
{
    const char *all = "";
    for (size_t i = 0; i < count; i++)
        all = text("%s%s %s: %s\n", all, rows[i].problem, rows[i].kind, rows[i].name);
    return all;
}

/* "different column: v_voice_messages.role\n" … */
static const char *drift(void)
{
    const vdb_drift *rows;
    size_t count;
    ok(vdb_migrate_verify(pool, &rows, &count, &failure));
    const char *all = describe(rows, count);
    vdb_rows_free(rows);
    return all;
}

/* Gives the statements to psql, as an operator does. */
static void mend(void)
{
    const vdb_drift *rows;
    size_t count;
    ok(vdb_migrate_verify(pool, &rows, &count, &failure));
    FILE *psql = popen("PGOPTIONS='-c client_min_messages=warning' psql -Xq -v ON_ERROR_STOP=1 >&2", "w");
    assert_non_null(psql);
    for (size_t i = 0; i < count; i++)
        fprintf(psql, "%s\n", rows[i].mend);
    vdb_rows_free(rows);
    assert_int_equal(pclose(psql), 0);
}

/* ---- what the migrations made
 * ---------------------------------------------------------------------------------------- */

static void a_migrated_database_has_no_drift(void **state)
{
    (void)state;
    assert_string_equal(drift(), "");
    fill(clinic, "drift");
    assert_string_equal(drift(), "");
}

static void every_table_of_the_migrations_keeps_the_rules(void **state)
{
    (void)state;
    const char *const known[] = { "{}" };
    PGresult *result = PQexecParams(admin, queries[QUERY_CATALOG_GATE].text, 1, NULL, known, NULL, NULL, 0);
    assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    assert_int_equal(PQntuples(result), 0);
    PQclear(result);
}

static void run_again_by_hand_the_migrations_change_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        psql_file(value("SELECT current_database()"), "migrations/0001_foundation.sql");
        psql_file(value("SELECT current_database()"), "migrations/0007_row_security.sql");
    }
    assert_string_equal(drift(), "");
}

/* ---- drift
 * ----------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *change, *found;
} drifts[] = {
    { "ALTER TABLE v_voice_secretaries ALTER COLUMN language DROP DEFAULT",
      "different default: v_voice_secretaries.language\n" },
    { "ALTER TABLE v_voice_secretaries ALTER COLUMN name DROP NOT NULL",
      "different nullability: v_voice_secretaries.name\n" },
    { "ALTER TABLE v_voice_messages ALTER COLUMN content TYPE varchar(4000)",
      "different column: v_voice_messages.content\n" },
    { "ALTER TABLE v_voice_documents DROP COLUMN processing_error",
      "missing column: v_voice_documents.processing_error\n" },
    { "ALTER TABLE v_voice_documents ADD COLUMN must_be_given int NOT NULL DEFAULT 1; "
      "ALTER TABLE v_voice_documents ALTER COLUMN must_be_given DROP DEFAULT",
      "unexpected column: v_voice_documents.must_be_given\n" },
    { "ALTER TABLE v_voice_documents ADD COLUMN of_the_site int NOT NULL DEFAULT 3", "" },
    { "ALTER TABLE v_voice_document_chunks DROP COLUMN embedding_bits CASCADE; "
      "ALTER TABLE v_voice_document_chunks ADD COLUMN embedding_bits bit(1536)",
      "different column: v_voice_document_chunks.embedding_bits\n" },
    { "ALTER TABLE v_voice_documents DROP CONSTRAINT v_voice_documents_processing_status_check",
      "missing check: v_voice_documents.v_voice_documents_processing_status_check\n" },
    { "ALTER TABLE v_voice_documents ADD CONSTRAINT of_the_site CHECK (chunk_count < 10)",
      "unexpected check: v_voice_documents.of_the_site\n" },
    { "ALTER TABLE v_voice_messages DROP CONSTRAINT v_voice_messages_pkey",
      "missing primary key: v_voice_messages.v_voice_messages_pkey\n" },
    { "ALTER TABLE v_voice_transfer_rules DROP CONSTRAINT v_voice_transfer_rules_domain_uuid_fkey, ADD CONSTRAINT "
      "v_voice_transfer_rules_domain_uuid_fkey FOREIGN KEY (domain_uuid) REFERENCES v_domains ON DELETE RESTRICT",
      "different foreign key: v_voice_transfer_rules.v_voice_transfer_rules_domain_uuid_fkey\n" },
    { "ALTER TABLE v_voice_transfer_rules DISABLE TRIGGER ALL; ALTER TABLE v_voice_transfer_rules ENABLE TRIGGER USER",
      "different foreign key: v_voice_conversations.v_voice_conversations_domain_uuid_transfer_rule_uuid_fkey\n"
      "different foreign key: v_voice_transfer_rules.v_voice_transfer_rules_domain_uuid_fkey\n"
      "different foreign key: v_voice_transfer_rules.v_voice_transfer_rules_domain_uuid_voice_secretary_uuid_fkey\n"
      "different trigger: v_voice_transfer_rules.voicedb_call_data_changed\n"
      "different trigger: v_voice_transfer_rules.voicedb_call_data_emptied\n" },
    { "DROP INDEX idx_voice_conversations_domain_caller", "missing index: idx_voice_conversations_domain_caller\n" },
    { "DROP INDEX idx_voice_documents_waiting", "missing index: idx_voice_documents_waiting\n" },
    { "DROP INDEX idx_voice_ai_providers_default; CREATE INDEX idx_voice_ai_providers_default ON v_voice_ai_providers "
      "(domain_uuid)",
      "different index: idx_voice_ai_providers_default\n" },
    { "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_voice_documents_domain_name'::regclass",
      "different index: idx_voice_documents_domain_name\n" },
    { "CREATE INDEX of_the_dba ON v_voice_messages (created_at)", "" },
    { "CREATE UNIQUE INDEX too_strict ON v_voice_messages (domain_uuid, message_uuid)",
      "unexpected index: too_strict\n" },
    { "DROP INDEX IF EXISTS idx_chunks_embedding_bits", "" },
    { "ALTER TABLE v_voice_ai_providers DISABLE TRIGGER voicedb_touch",
      "different trigger: v_voice_ai_providers.voicedb_touch\n" },
    { "DROP TRIGGER voicedb_secretary_provider_types ON v_voice_secretaries",
      "missing trigger: v_voice_secretaries.voicedb_secretary_provider_types\n" },
    { "ALTER TABLE v_voice_messages DISABLE ROW LEVEL SECURITY", "different row security: v_voice_messages\n" },
    { "ALTER POLICY voicedb_tenant ON v_voice_messages USING (true)",
      "different policy: v_voice_messages.voicedb_tenant\n" },
    { "CREATE POLICY leak ON v_voice_messages USING (true)", "unexpected policy: v_voice_messages.leak\n" },
    { "DROP POLICY voicedb_tenant ON v_voice_documents", "missing policy: v_voice_documents.voicedb_tenant\n" },
    { "GRANT SELECT ON v_voice_messages TO PUBLIC", "unexpected grant: v_voice_messages to PUBLIC\n" },
    { "GRANT SELECT (content) ON v_voice_messages TO PUBLIC",
      "unexpected grant: v_voice_messages.content to PUBLIC\n" },
    { "REVOKE UPDATE ON v_voice_messages FROM voicedb_app", "different grant: v_voice_messages to voicedb_app\n" },
    { "GRANT EXECUTE ON FUNCTION voicedb_find_domain(text) TO PUBLIC",
      "unexpected grant: FUNCTION voicedb_find_domain(text) to PUBLIC\n" },
    { "CREATE OR REPLACE FUNCTION voicedb_domain_uuid() RETURNS uuid LANGUAGE sql STABLE AS 'SELECT NULL::uuid'",
      "different function: voicedb_domain_uuid()\n" },
    { "DROP FUNCTION voicedb_find_domain(text)", "missing function: voicedb_find_domain(text)\nmissing grant: FUNCTION "
                                                 "voicedb_find_domain(text) to voicedb_app\n" },
    { "ALTER TABLE v_voice_messages SET UNLOGGED", "different table: v_voice_messages\n" },
};

static void every_kind_of_drift_is_named_and_mended(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(drifts); i++) {
        sql("%s", drifts[i].change);
        const char *found = drift();
        if (strcmp(found, drifts[i].found) != 0)
            fail_msg("%s\n%s", drifts[i].change, found);
        mend();
        found = drift();
        if (strcmp(found, "") != 0)
            fail_msg("after mending: %s\n%s", drifts[i].change, found);
    }
}

static void lost_tables_are_made_again_whole(void **state)
{
    (void)state;
    sql("DROP TABLE v_voice_messages, v_voice_webhook_deliveries, v_voice_webhook_endpoints;"
        "DROP INDEX idx_voice_secretaries_domain");
    const char *found = drift();
    assert_contains(found, "missing table: v_voice_messages\n");
    assert_contains(found, "missing table: v_voice_webhook_deliveries\nmissing table: v_voice_webhook_endpoints\n");
    assert_lacks(found, "missing column");
    assert_contains(found, "missing index: idx_voice_secretaries_domain\n");
    mend();
    assert_string_equal(drift(), "");
    fill(hotel, "again");
}

static void a_definition_is_shown_on_both_sides(void **state)
{
    (void)state;
    sql("ALTER TABLE v_voice_secretaries ALTER COLUMN language SET DEFAULT 'en'");
    const vdb_drift *rows;
    size_t count;
    ok(vdb_migrate_verify(pool, &rows, &count, &failure));
    assert_int_equal(count, 1);
    assert_string_equal(rows->expected, "'pt-BR'::character varying");
    assert_string_equal(rows->found, "'en'::character varying");
    assert_string_equal(
        rows->mend, "ALTER TABLE v_voice_secretaries ALTER COLUMN language SET DEFAULT 'pt-BR'::character varying;");
    vdb_rows_free(rows);
    mend();
}

/* ---- tables that no migration made
 * ----------------------------------------------------------------------------------- */

static void an_unknown_voice_table_must_keep_the_rules(void **state)
{
    (void)state;
    sql("CREATE TABLE v_voice_notes (note_uuid uuid PRIMARY KEY, secretary uuid REFERENCES v_voice_secretaries ON "
        "DELETE CASCADE, "
        "message uuid REFERENCES v_voice_messages); GRANT SELECT ON v_voice_notes TO PUBLIC; "
        "CREATE POLICY open ON v_voice_notes USING (true)");
    assert_string_equal(drift(), "missing column: v_voice_notes.domain_uuid\n"
                                 "missing foreign key: v_voice_notes.domain_uuid\n"
                                 "different foreign key: v_voice_notes.v_voice_notes_message_fkey\n"
                                 "different foreign key: v_voice_notes.v_voice_notes_secretary_fkey\n"
                                 "different row security: v_voice_notes\n"
                                 "unexpected policy: v_voice_notes.open\n"
                                 "missing policy: v_voice_notes.voicedb_tenant\n"
                                 "unexpected grant: v_voice_notes to PUBLIC\n");
    sql("ALTER TABLE v_voice_notes DROP COLUMN message");
    mend();
    assert_string_equal(drift(), "");
    assert_contains(
        value("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'v_voice_notes_secretary_fkey'"),
        "FOREIGN KEY (domain_uuid, secretary) REFERENCES v_voice_secretaries(domain_uuid, voice_secretary_uuid) ON "
        "DELETE CASCADE");
    sql("DROP TABLE v_voice_notes");
}

static void a_looser_rule_is_a_finding(void **state)
{
    (void)state;
    static const struct {
        const char *change, *found;
    } loose[] = {
        { "ALTER TABLE v_voice_tags ALTER COLUMN domain_uuid DROP NOT NULL",
          "different nullability: v_voice_tags.domain_uuid\n" },
        { "ALTER TABLE v_voice_tags DROP CONSTRAINT tenant, ADD CONSTRAINT tenant FOREIGN KEY (domain_uuid) REFERENCES "
          "v_domains",
          "missing foreign key: v_voice_tags.domain_uuid\n" },
        { "ALTER POLICY tenant ON v_voice_tags WITH CHECK (true)",
          "unexpected policy: v_voice_tags.tenant\nmissing policy: v_voice_tags.voicedb_tenant\n" },
        { "DROP POLICY tenant ON v_voice_tags; CREATE POLICY tenant ON v_voice_tags TO voicedb_app USING (domain_uuid "
          "= (SELECT voicedb_domain_uuid()))",
          "unexpected policy: v_voice_tags.tenant\nmissing policy: v_voice_tags.voicedb_tenant\n" },
    };
    for (size_t i = 0; i < COUNT(loose); i++) {
        sql("DROP TABLE IF EXISTS v_voice_tags; CREATE TABLE v_voice_tags (domain_uuid uuid NOT NULL CONSTRAINT tenant "
            "REFERENCES v_domains "
            "ON DELETE CASCADE, tag text); ALTER TABLE v_voice_tags ENABLE ROW LEVEL SECURITY; GRANT SELECT ON "
            "v_voice_tags TO voicedb_app; "
            "CREATE POLICY tenant ON v_voice_tags TO voicedb_app USING (domain_uuid = (SELECT voicedb_domain_uuid())) "
            "WITH CHECK (domain_uuid = (SELECT voicedb_domain_uuid()))");
        assert_string_equal(drift(), "");
        sql("%s", loose[i].change);
        assert_string_equal(drift(), loose[i].found);
        mend();
        assert_string_equal(drift(), "");
    }
    sql("DROP TABLE v_voice_tags");
}

/* ---- beside running calls
 * -------------------------------------------------------------------------------------------- */

/* EXCLUSIVE goes with ACCESS SHARE only. */
static void verifying_takes_no_lock_that_a_call_would_wait_for(void **state)
{
    (void)state;
    PGconn *holder = connect_to("");
    sql_on(holder, "BEGIN; LOCK TABLE v_domains, %s IN EXCLUSIVE MODE",
           value("SELECT string_agg(tablename, ', ') FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE "
                 "'v\\_voice\\_%%'"));
    vdb_pool *hasty = pool_to("options='-c lock_timeout=20000'");
    const vdb_drift *rows;
    size_t count;
    ok(vdb_migrate_verify(hasty, &rows, &count, &failure));
    assert_int_equal(count, 0);
    vdb_rows_free(rows);
    vdb_pool_close(hasty);
    sql_on(holder, "COMMIT");
    PQfinish(holder);
    assert_string_equal(value("SELECT to_regnamespace('voicedb_scratch') IS NULL"), "t");
}

typedef struct verification {
    vdb_status status;
    size_t count;
} verification;

static void verify_once(void *item)
{
    verification *v = item;
    const vdb_drift *rows = NULL;
    v->status = vdb_migrate_verify(pool, &rows, &v->count, NULL);
    vdb_rows_free(rows);
}

static void several_can_verify_at_once(void **state)
{
    (void)state;
    verification done[4] = { 0 };
    in_threads(verify_once, done, COUNT(done), sizeof *done);
    for (size_t i = 0; i < COUNT(done); i++)
        assert_true(done[i].status == VDB_OK && done[i].count == 0);
}

static void what_cannot_be_compared_is_refused(void **state)
{
    (void)state;
    const vdb_drift *rows;
    size_t count;
    sql("UPDATE voicedb_migrations SET checksum = 'edited' WHERE version = 3");
    refused(VDB_DRIFT, vdb_migrate_verify(pool, &rows, &count, &failure));
    assert_string_equal(failure.detail, "0003_secretaries");
    ok(vdb_migrate_repair(pool, 3, NULL, &failure));
    vdb_pool *empty = pool_to(text("dbname=%s", make_database("empty")));
    refused(VDB_SCHEMA, vdb_migrate_verify(empty, &rows, &count, &failure));
    vdb_pool_close(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_migrated_database_has_no_drift),
        cmocka_unit_test(every_table_of_the_migrations_keeps_the_rules),
        cmocka_unit_test(run_again_by_hand_the_migrations_change_nothing),
        cmocka_unit_test(every_kind_of_drift_is_named_and_mended),
        cmocka_unit_test(a_definition_is_shown_on_both_sides),
        cmocka_unit_test(an_unknown_voice_table_must_keep_the_rules),
        cmocka_unit_test(a_looser_rule_is_a_finding),
        cmocka_unit_test(verifying_takes_no_lock_that_a_call_would_wait_for),
        cmocka_unit_test(several_can_verify_at_once),
        cmocka_unit_test(what_cannot_be_compared_is_refused),
        cmocka_unit_test(lost_tables_are_made_again_whole),
    };
    return run_with_database(tests);
}
