/* The schema: the specification's tables to the letter, the rules that hold for all, and a runner that can be stopped
 * anywhere. */
#include "fixture.h"

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *catalog_of(const char *database)
{
    PGconn *c = connect_to(text("dbname=%s", database));
    const char *lines = rows_on(c, "%s", file_of("tests/pg/catalog.sql"));
    PQfinish(c);
    return lines;
}

static const char *catalog(void)
{
    return rows_on(admin, "%s", file_of("tests/pg/catalog.sql"));
}

/* Says the first line that differs: a catalog is too long to be shown twice. */
static void assert_same_catalog(const char *got, const char *wanted)
{
    size_t i = 0, line = 0;
    for (; got[i] != '\0' && got[i] == wanted[i]; i++)
        line = got[i] == '\n' ? i + 1 : line;
    if (got[i] != wanted[i])
        fail_msg("got:    %.*s\nwanted: %.*s", (int)strcspn(got + i, "\n") + (int)(i - line), got + line,
                 (int)strcspn(wanted + i, "\n") + (int)(i - line), wanted + line);
}

static int64_t steps(void)
{
    return number("SELECT count(*) FROM voicedb_migrations");
}

/* ---- from nothing, and again ----------------------------------------------------------------------------------------
 */

static void the_catalog_has_what_it_should(void **state)
{
    (void)state;
    const char *all = catalog();
    assert_contains(all, "column v_voice_messages.content text notnull=t");
    assert_contains(all, "policy v_voice_messages.voicedb_tenant");
    assert_contains(all, "function CREATE OR REPLACE FUNCTION public.voicedb_domain_uuid()");
    assert_contains(all, "trigger CREATE TRIGGER voicedb_touch BEFORE UPDATE ON public.v_voice_secretaries");
    assert_contains(all, "table v_voice_secretaries kind=r rls=t,f acl={");
    assert_lacks(all, "voicedb_migrations");
    assert_string_equal(rows_on(admin, "SELECT version FROM voicedb_migrations ORDER BY version"),
                        rows_on(admin, "SELECT generate_series(1, %d)", (int)steps()));
}

static void migrating_again_changes_nothing(void **state)
{
    (void)state;
    const char *before = catalog(), *ledger = rows_on(admin, "SELECT *, xmin FROM voicedb_migrations ORDER BY version");
    int applied = -1;
    ok(vdb_migrate(pool, 0, NULL, NULL, &applied, &failure));
    assert_int_equal(applied, 0);
    assert_same_catalog(catalog(), before);
    assert_string_equal(rows_on(admin, "SELECT *, xmin FROM voicedb_migrations ORDER BY version"), ledger);
    const vdb_migration *rows;
    size_t count;
    ok(vdb_migrate_status(pool, &rows, &count, &failure));
    assert_int_equal(count, steps());
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(rows[i].version, i + 1);
        assert_string_equal(rows[i].state, "applied");
        assert_non_null(rows[i].applied_at);
    }
    vdb_rows_free(rows);
}

static int is_migration(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 4 && strcmp(entry->d_name + length - 4, ".sql") == 0;
}

/* Runs every file `times` times, one after the other in psql. */
static void run_by_hand(const char *database, int times)
{
    struct dirent **files;
    const char *top = getenv("VOICEDB_SOURCE");
    int count = scandir(text("%s/migrations", top == NULL ? "." : top), &files, is_migration, alphasort);
    assert_int_equal(count, steps());
    for (int i = 0; i < count; i++) {
        const char *path = text("migrations/%s", files[i]->d_name);
        free(files[i]);
        for (int n = 0; n < times; n++)
            psql_file(database, path);
    }
    free(files);
}

static void files_run_by_hand_twice_give_the_same(void **state)
{
    (void)state;
    const char *by_hand = make_database("by_hand"), *wanted = catalog();
    run_by_hand(by_hand, 2);
    assert_same_catalog(catalog_of(by_hand), wanted);
    run_by_hand(by_hand, 1);
    assert_same_catalog(catalog_of(by_hand), wanted);
    PGconn *c = connect_to(text("dbname=%s", by_hand));
    assert_null(value_on(c, "SELECT to_regclass('voicedb_migrations')"));
    PQfinish(c);
    migrate(by_hand);
    assert_same_catalog(catalog_of(by_hand), wanted);
}

/* ---- the specification, to the letter -------------------------------------------------------------------------------
 */

static const char *const own_columns[] = { "data_key_uuid", "extension", "embedding_model", "embedding_dimensions",
                                           "embedding_bits" };

static int load_spec(void **state)
{
    (void)state;
    sql("CREATE SCHEMA spec; SET search_path = spec, public");
    sql("%s", file_of("tests/pg/spec.sql"));
    sql("RESET search_path");
    return 0;
}

static int unload_spec(void **state)
{
    (void)state;
    sql("DROP SCHEMA spec CASCADE");
    return 0;
}

static const char *columns_of(const char *schema, const char *table)
{
    const char *left_out = "''";
    for (size_t i = 0; i < COUNT(own_columns); i++)
        left_out = text("%s, '%s'", left_out, own_columns[i]);
    return rows_on(
        admin,
        "SELECT attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid) FROM pg_attribute "
        "LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum "
        "WHERE attrelid = '%s.%s'::regclass AND attnum > 0 AND NOT attisdropped AND attname NOT IN (%s) ORDER BY "
        "attnum",
        schema, table, left_out);
}

static void columns_are_the_specs(void **state)
{
    (void)state;
    static const char *const defined[] = { "v_voice_ai_providers", "v_voice_secretaries", "v_voice_document_chunks" };
    for (size_t i = 0; i < COUNT(defined); i++)
        assert_string_equal(columns_of("public", defined[i]), columns_of("spec", defined[i]));
    assert_contains(columns_of("public", "v_voice_secretaries"), "rag_similarity_threshold|numeric(3,2)|f|0.5");
    assert_contains(columns_of("public", "v_voice_secretaries"),
                    "language|character varying(10)|f|'pt-BR'::character varying");
    assert_contains(columns_of("public", "v_voice_document_chunks"), "embedding|vector(1536)|f|");
    assert_contains(columns_of("public", "v_voice_ai_providers"), "provider_uuid|uuid|t|gen_random_uuid()");
}

/* Keys, checks and references to v_domains: each of the specification's is here too. */
static void constraints_are_the_specs(void **state)
{
    (void)state;
    static const char constraints[] =
        "SELECT relname || ' ' || replace(pg_get_constraintdef(n.oid), 'spec.', '') FROM pg_constraint n "
        "JOIN pg_class c ON c.oid = conrelid WHERE relnamespace = '%s'::regnamespace AND relname LIKE 'v\\_voice\\_%%' "
        "AND (contype IN ('p', 'u', 'c') OR confrelid = 'v_domains'::regclass)";
    const char *missing = rows_on(admin, "%s EXCEPT %s", text(constraints, "spec"), text(constraints, "public"));
    assert_string_equal(missing, "");
    assert_int_equal(number("SELECT count(*) FROM (%s) spec", text(constraints, "spec")), 9);
}

/* A reference of the specification's between voice tables is one of (domain_uuid, it) here, and what a removal does is
 * the same. */
static void references_are_the_specs_with_the_tenant(void **state)
{
    (void)state;
    const char *wanted = rows_on(
        admin, "SELECT conrelid::regclass::text, attname, confrelid::regclass::text, confdeltype FROM pg_constraint "
               "JOIN pg_class c ON c.oid = conrelid JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1] "
               "WHERE contype = 'f' AND relnamespace = 'spec'::regnamespace AND confrelid <> 'v_domains'::regclass "
               "ORDER BY 1, 2");
    const char *got = rows_on(
        admin,
        "SELECT 'spec.' || conrelid::regclass::text, own.attname, 'spec.' || confrelid::regclass::text, confdeltype "
        "FROM pg_constraint JOIN pg_attribute own ON own.attrelid = conrelid AND own.attnum = conkey[2] "
        "JOIN pg_attribute tenant ON tenant.attrelid = conrelid AND tenant.attnum = conkey[1] "
        "JOIN pg_attribute there ON there.attrelid = confrelid AND there.attnum = confkey[1] "
        "WHERE contype = 'f' AND conrelid IN ('v_voice_secretaries'::regclass, 'v_voice_document_chunks'::regclass) "
        "AND tenant.attname = 'domain_uuid' AND there.attname = 'domain_uuid' ORDER BY 1, 2");
    assert_string_equal(got, wanted);
    assert_contains(got, "llm_provider_uuid");
}

static const char *index_in(const char *schema, const char *name)
{
    return value("SELECT replace(replace(pg_get_indexdef('%s.%s'::regclass), 'spec.', ''), 'public.', '')", schema,
                 name);
}

static void indexes_are_the_specs(void **state)
{
    (void)state;
    static const char *const always[] = { "idx_voice_secretaries_domain", "idx_voice_conversations_domain_caller" };
    for (size_t i = 0; i < COUNT(always); i++)
        assert_string_equal(index_in("public", always[i]), index_in("spec", always[i]));
    assert_null(value("SELECT to_regclass('public.idx_chunks_embedding_ivfflat')"));
    ok(vdb_index_use(pool, "ivfflat", &failure));
    assert_string_equal(index_in("public", "idx_chunks_embedding_ivfflat"),
                        index_in("spec", "idx_chunks_embedding_ivfflat"));
    sql("REINDEX INDEX idx_chunks_embedding_ivfflat");
    ok(vdb_index_use(pool, "two-stage", &failure));
    assert_null(value("SELECT to_regclass('public.idx_chunks_embedding_ivfflat')"));
}

/* ---- rules that hold for all ----------------------------------------------------------------------------------------
 */

static void there_are_these_tables(void **state)
{
    (void)state;
    assert_string_equal(rows_on(admin, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE "
                                       "'v\\_voice\\_%%' ORDER BY 1"),
                        "v_voice_ai_providers\nv_voice_conversations\nv_voice_data_keys\nv_voice_document_chunks\nv_"
                        "voice_document_terms\nv_voice_documents\n"
                        "v_voice_embedding_usage\nv_voice_embeddings\nv_voice_messages\nv_voice_secretaries\nv_voice_"
                        "tenant_settings\nv_voice_transfer_rules\n"
                        "v_voice_webhook_deliveries\nv_voice_webhook_endpoints");
}

/* `condition` is to hold of each. */
static void assert_of_all(const char *condition)
{
    assert_string_equal(
        rows_on(admin,
                "SELECT relname FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' "
                "AND relname LIKE 'v\\_voice\\_%%' AND (%s) IS NOT TRUE",
                condition),
        "");
}

static void every_table_belongs_to_tenants(void **state)
{
    (void)state;
    assert_of_all(
        "EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = c.oid AND attname = 'domain_uuid' AND attnotnull "
        "AND atttypid = 'uuid'::regtype)");
    assert_of_all("EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = c.oid AND pg_get_constraintdef(oid) = "
                  "'FOREIGN KEY (domain_uuid) REFERENCES v_domains(domain_uuid) ON DELETE CASCADE' AND convalidated)");
    assert_of_all(
        "EXISTS (SELECT 1 FROM pg_index WHERE indrelid = c.oid AND indpred IS NULL AND indkey[0] = (SELECT attnum "
        "FROM pg_attribute WHERE attrelid = c.oid AND attname = 'domain_uuid'))");
}

static void every_table_is_secured(void **state)
{
    (void)state;
    assert_of_all("relrowsecurity");
    assert_of_all("1 = (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid)");
    assert_of_all("EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = c.oid AND polcmd = '*' AND polpermissive "
                  "AND polroles = ARRAY['voicedb_app'::regrole::oid] "
                  "AND pg_get_expr(polqual, polrelid) = pg_get_expr(polwithcheck, polrelid) "
                  "AND pg_get_expr(polqual, polrelid) = '(domain_uuid = voicedb_domain_uuid())')");
    assert_of_all("(SELECT string_agg(privilege_type, ' ' ORDER BY privilege_type) FROM aclexplode(relacl) "
                  "WHERE grantee = 'voicedb_app'::regrole) = "
                  "CASE relname WHEN 'v_voice_data_keys' THEN 'INSERT SELECT' ELSE 'DELETE INSERT SELECT UPDATE' END");
    assert_of_all(
        "NOT EXISTS (SELECT 1 FROM aclexplode(relacl) WHERE grantee NOT IN ('voicedb_app'::regrole, relowner))");
    assert_string_equal(
        value("SELECT concat(rolcanlogin, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole) FROM pg_roles "
              "WHERE rolname = 'voicedb_app'"),
        "fffff");
    assert_int_equal(number("SELECT count(*) FROM pg_class WHERE relowner = 'voicedb_app'::regrole"), 0);
}

/* By the key (domain_uuid, x), so that no reference leads out of a tenant. */
static void every_reference_between_them_carries_the_tenant(void **state)
{
    (void)state;
    assert_string_equal(rows_on(admin,
                                "SELECT conname FROM pg_constraint WHERE contype = 'f' AND confrelid::regclass::text "
                                "LIKE 'v\\_voice\\_%%' AND NOT "
                                "(cardinality(conkey) = 2 AND EXISTS (SELECT 1 FROM pg_attribute a, pg_attribute b "
                                "WHERE a.attrelid = conrelid AND a.attnum = conkey[1] AND a.attname = 'domain_uuid' "
                                "AND b.attrelid = confrelid AND b.attnum = confkey[1] AND b.attname = 'domain_uuid'))"),
                        "");
}

static void removing_a_domain_removes_all_of_it(void **state)
{
    (void)state;
    const char *database = make_database("removal");
    migrate(database);
    PGconn *own = admin;
    admin = connect_to(text("dbname=%s", database));
    vdb_pool *there = pool_to(text("dbname=%s", database));
    vdb_tenant *a, *b;
    ok(vdb_tenant_open(there, CLINIC_UUID, &a, &failure));
    ok(vdb_tenant_open(there, HOTEL_UUID, &b, &failure));
    ids made = fill(a, "clinic");
    fill(b, "hotel");
    float v[4] = { 1 };
    store(a, "her own", made.secretary, NULL, v, 1, 4);
    ok(vdb_conversation_end(a, made.conversation, &(vdb_conversation_end_input){ .transfer_rule_uuid = made.rule },
                            &failure));
    const char *before = rows_of(HOTEL_UUID);
    sql("DELETE FROM v_domains WHERE domain_uuid = '%s'", CLINIC_UUID);
    assert_string_equal(rows_of_others(HOTEL_UUID), rows_of(NOBODY_UUID));
    assert_string_equal(rows_of(HOTEL_UUID), before);
    const vdb_provider *rows;
    size_t count;
    ok(vdb_provider_list(a, NULL, &rows, &count, &failure));
    assert_int_equal(count, 0);
    vdb_rows_free(rows);
    char uuid[37];
    assert_int_not_equal(vdb_secretary_add(a, &(vdb_secretary_input){ .name = "late" }, uuid, &failure), VDB_OK);
    vdb_tenant_close(a);
    vdb_tenant_close(b);
    vdb_pool_close(there);
    PQfinish(admin);
    admin = own;
}

/* ---- a run that is stopped ------------------------------------------------------------------------------------------
 */

typedef struct stop {
    int64_t version;
    bool done;
} stop;

static void stop_here(void *context, const vdb_migration *step, bool done)
{
    const stop *s = context;
    if (step->version == s->version && done == s->done)
        kill(getpid(), SIGKILL);
}

static pid_t migrate_in_child(const char *database, stop *s)
{
    pid_t child = fork();
    if (child == 0) {
        vdb_pool *own;
        char conninfo[128];
        snprintf(conninfo, sizeof conninfo, "dbname=%s", database);
        vdb_status status = vdb_pool_open(&(vdb_options){ .conninfo = conninfo }, &own, NULL);
        if (status == VDB_OK)
            status = vdb_migrate(own, 0, s == NULL ? NULL : stop_here, s, NULL, NULL);
        _exit(status);
    }
    return child;
}

static void assert_killed(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Whether the first table of each step is there, by step. */
static void assert_steps_done(const char *database, int done)
{
    static const char *const firsts[] = { "voicedb_domain_uuid()", "v_voice_ai_providers",   "v_voice_secretaries",
                                          "v_voice_documents",     "v_voice_transfer_rules", "v_voice_conversations" };
    PGconn *c = connect_to(text("dbname=%s", database));
    for (int i = 0; i < (int)COUNT(firsts); i++) {
        const char *there = value_on(c, "SELECT %s('%s')",
                                     strchr(firsts[i], '(') != NULL ? "to_regprocedure" : "to_regclass", firsts[i]);
        if ((there != NULL) != (i < done))
            fail_msg("%s is %sthere after %d steps", firsts[i], there == NULL ? "not " : "", done);
    }
    const char *recorded = value_on(c, "SELECT to_regclass('voicedb_migrations')") == NULL
                               ? "0"
                               : value_on(c, "SELECT count(*) FROM voicedb_migrations");
    assert_string_equal(recorded, text("%d", done));
    PQfinish(c);
}

static void a_run_killed_between_steps_goes_on(void **state)
{
    (void)state;
    static stop stops[] = { { 1, false }, { 1, true }, { 3, false }, { 3, true }, { 5, true } };
    static const int done[] = { 0, 1, 2, 3, 5 };
    const char *database = make_database("killed"), *wanted = catalog();
    for (size_t i = 0; i < COUNT(stops); i++) {
        assert_killed(migrate_in_child(database, &stops[i]));
        assert_steps_done(database, done[i]);
    }
    migrate(database);
    assert_same_catalog(catalog_of(database), wanted);
}

/* The third step waits for a table that is held; its run is killed there. */
static void a_run_killed_inside_a_step_leaves_nothing_of_it(void **state)
{
    (void)state;
    const char *database = make_database("killed_inside");
    assert_killed(migrate_in_child(database, &(stop){ 2, true }));
    PGconn *holder = connect_to(text("dbname=%s", database));
    sql_on(holder, "BEGIN; LOCK TABLE v_voice_ai_providers IN ACCESS EXCLUSIVE MODE");
    pid_t child = migrate_in_child(database, NULL);
    int waited = 0;
    while (number("SELECT count(*) FROM pg_stat_activity WHERE datname = '%s' AND wait_event_type = 'Lock'",
                  database) == 0 &&
           waited++ < 6000)
        sleep_ms(10);
    kill(child, SIGKILL);
    assert_killed(child);
    sql_on(holder, "ROLLBACK");
    PQfinish(holder);
    for (waited = 0;
         number("SELECT count(*) FROM pg_stat_activity WHERE datname = '%s'", database) > 0 && waited < 6000; waited++)
        sleep_ms(10);
    assert_steps_done(database, 2);
    migrate(database);
    assert_same_catalog(catalog_of(database), catalog());
}

static void a_step_that_fails_leaves_nothing(void **state)
{
    (void)state;
    const char *database = make_database("failing");
    PGconn *c = connect_to(text("dbname=%s", database));
    sql_on(c, "CREATE VIEW v_voice_documents AS SELECT 1 AS one");
    vdb_pool *there = pool_to(text("dbname=%s", database));
    int applied = -1;
    vdb_status status = vdb_migrate(there, 0, NULL, NULL, &applied, &failure);
    assert_int_not_equal(status, VDB_OK);
    assert_int_equal(applied, 3);
    assert_contains(failure.message, "migration 0004_documents");
    assert_lacks(failure.hint, "voicedb migrate`.");
    sql_on(c, "DROP VIEW v_voice_documents");
    assert_steps_done(database, 3);
    ok(vdb_migrate(there, 0, NULL, NULL, &applied, &failure));
    assert_int_equal(applied, steps() - 3);
    assert_same_catalog(catalog_of(database), catalog());
    vdb_pool_close(there);
    PQfinish(c);
}

typedef struct runner {
    const char *database;
    vdb_status status;
    int applied;
} runner;

static void run_migrate(void *item)
{
    runner *r = item;
    vdb_pool *own;
    char conninfo[128];
    snprintf(conninfo, sizeof conninfo, "dbname=%s", r->database);
    r->status = vdb_pool_open(&(vdb_options){ .conninfo = conninfo }, &own, NULL);
    if (r->status != VDB_OK)
        return;
    r->status = vdb_migrate(own, 0, NULL, NULL, &r->applied, NULL);
    vdb_pool_close(own);
}

static void of_two_runs_at_once_one_works(void **state)
{
    (void)state;
    const char *database = make_database("twice");
    runner runners[3] = { { database, VDB_OK, 0 }, { database, VDB_OK, 0 }, { database, VDB_OK, 0 } };
    in_threads(run_migrate, runners, COUNT(runners), sizeof runners[0]);
    int worked = 0;
    for (size_t i = 0; i < COUNT(runners); i++) {
        assert_int_equal(runners[i].status, VDB_OK);
        assert_true(runners[i].applied == 0 || runners[i].applied == steps());
        worked += runners[i].applied > 0;
    }
    assert_int_equal(worked, 1);
    assert_same_catalog(catalog_of(database), catalog());
}

/* ---- what is refused ------------------------------------------------------------------------------------------------
 */

static const char *state_of(int64_t version)
{
    const vdb_migration *rows;
    size_t count;
    const char *found = "";
    ok(vdb_migrate_status(pool, &rows, &count, &failure));
    for (size_t i = 0; i < count; i++) {
        if (rows[i].version == version)
            found = text("%s", rows[i].state);
    }
    vdb_rows_free(rows);
    return found;
}

static void a_file_that_was_changed_is_drift(void **state)
{
    (void)state;
    const char *checksum = value("SELECT checksum FROM voicedb_migrations WHERE version = 3");
    sql("UPDATE voicedb_migrations SET checksum = 'another' WHERE version = 3");
    refused(VDB_DRIFT, vdb_migrate(pool, 0, NULL, NULL, NULL, &failure));
    assert_contains(text("%s %s", failure.message, failure.detail), "0003_secretaries");
    assert_string_equal(state_of(3), "changed");
    assert_string_equal(state_of(2), "applied");
    sql("UPDATE voicedb_migrations SET checksum = '%s' WHERE version = 3", checksum);
    assert_string_equal(state_of(3), "applied");
}

static void a_step_of_a_newer_voicedb_is_left_alone(void **state)
{
    (void)state;
    sql("INSERT INTO voicedb_migrations (version, name, checksum, execution_ms, voicedb_version) VALUES (9000, "
        "'later', 'x', 1, '9')");
    ok(vdb_migrate(pool, 0, NULL, NULL, NULL, &failure));
    assert_string_equal(state_of(9000), "unknown");
    sql("DELETE FROM voicedb_migrations WHERE version = 9000");
}

static void a_database_that_is_not_fusionpbxs_is_refused(void **state)
{
    (void)state;
    const char *database = make_database("foreign");
    PGconn *c = connect_to(text("dbname=%s", database));
    sql_on(c, "DROP TABLE v_domains");
    vdb_pool *there = pool_to(text("dbname=%s", database));
    vdb_tenant *tenant;
    const vdb_migration *rows;
    size_t count;
    refused(VDB_SCHEMA, vdb_migrate(there, 0, NULL, NULL, NULL, &failure));
    assert_contains(failure.message, "v_domains");
    refused(VDB_SCHEMA, vdb_migrate_status(there, &rows, &count, &failure));
    refused(VDB_SCHEMA, vdb_tenant_open(there, "clinic.example", &tenant, &failure));
    assert_int_equal(
        strtol(value_on(c, "SELECT count(*) FROM pg_class WHERE relname ~ '^(v_voice_|voicedb)'"), NULL, 10), 0);
    vdb_pool_close(there);
    PQfinish(c);
}

static void a_database_that_is_not_migrated_says_so(void **state)
{
    (void)state;
    const char *database = make_database("unmigrated");
    vdb_pool *there = pool_to(text("dbname=%s", database));
    vdb_tenant *tenant;
    const vdb_migration *rows;
    size_t count;
    refused(VDB_SCHEMA, vdb_tenant_open(there, "clinic.example", &tenant, &failure));
    assert_contains(failure.hint, "voicedb migrate");
    ok(vdb_migrate_status(there, &rows, &count, &failure));
    assert_int_equal(count, steps());
    for (size_t i = 0; i < count; i++)
        assert_string_equal(rows[i].state, "pending");
    vdb_rows_free(rows);
    vdb_pool_close(there);
}

/* ---- a pgvector without binary_quantize
 * ------------------------------------------------------------------------------ */

static const char *strategy_in(vdb_pool *there)
{
    vdb_tenant *t;
    vdb_search_result *result;
    ok(vdb_tenant_open(there, CLINIC_UUID, &t, &failure));
    const vdb_search_request request = { .embedding = (float[]){ 1, 2 }, .dimensions = 2, .embedding_model = "test" };
    ok(vdb_search(t, &request, &result, &failure));
    const char *strategy = text("%s, %zu found", result->strategy, result->count);
    vdb_search_free(result);
    vdb_tenant_close(t);
    return strategy;
}

static void an_old_pgvector_searches_exactly_until_it_is_updated(void **state)
{
    (void)state;
    const char *database = make_database("old_pgvector");
    PGconn *c = connect_to(text("dbname=%s", database));
    sql_on(c, "CREATE EXTENSION vector; ALTER EXTENSION vector DROP FUNCTION binary_quantize(vector); "
              "ALTER FUNCTION binary_quantize(vector) RENAME TO not_yet");
    migrate(database);
    vdb_pool *there = pool_to(text("dbname=%s", database));
    vdb_tenant *t;
    ok(vdb_tenant_open(there, CLINIC_UUID, &t, &failure));
    store(t, "page", NULL, NULL, (float[]){ 1, 0, 0, 1, 1, 1 }, 3, 2);
    vdb_tenant_close(t);
    assert_string_equal(strategy_in(there), "exact, 3 found");
    refused(VDB_CONFLICT, vdb_index_use(there, "two-stage", &failure));
    assert_string_equal(strategy_in(there), "exact, 3 found");
    ok(vdb_migrate(there, 0, NULL, NULL, NULL, &failure));
    sql_on(c, "ALTER FUNCTION not_yet(vector) RENAME TO binary_quantize; ALTER EXTENSION vector ADD FUNCTION "
              "binary_quantize(vector)");
    assert_string_equal(strategy_in(there), "exact, 3 found");
    ok(vdb_index_use(there, "two-stage", &failure));
    assert_string_equal(strategy_in(there), "two-stage, 3 found");
    vdb_pool_close(there);
    PQfinish(c);
    assert_same_catalog(catalog_of(database), catalog());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_catalog_has_what_it_should),
        cmocka_unit_test(migrating_again_changes_nothing),
        cmocka_unit_test(files_run_by_hand_twice_give_the_same),
        cmocka_unit_test_setup(columns_are_the_specs, load_spec),
        cmocka_unit_test(constraints_are_the_specs),
        cmocka_unit_test(references_are_the_specs_with_the_tenant),
        cmocka_unit_test_teardown(indexes_are_the_specs, unload_spec),
        cmocka_unit_test(there_are_these_tables),
        cmocka_unit_test(every_table_belongs_to_tenants),
        cmocka_unit_test(every_table_is_secured),
        cmocka_unit_test(every_reference_between_them_carries_the_tenant),
        cmocka_unit_test(removing_a_domain_removes_all_of_it),
        cmocka_unit_test(a_run_killed_between_steps_goes_on),
        cmocka_unit_test(a_run_killed_inside_a_step_leaves_nothing_of_it),
        cmocka_unit_test(a_step_that_fails_leaves_nothing),
        cmocka_unit_test(of_two_runs_at_once_one_works),
        cmocka_unit_test(a_file_that_was_changed_is_drift),
        cmocka_unit_test(a_step_of_a_newer_voicedb_is_left_alone),
        cmocka_unit_test(a_database_that_is_not_fusionpbxs_is_refused),
        cmocka_unit_test(a_database_that_is_not_migrated_says_so),
        cmocka_unit_test(an_old_pgvector_searches_exactly_until_it_is_updated),
    };
    return run_with_database(tests);
}
