/*
 * The leak fuzzer at work. First it has to find the leaks of schemas and queries that have some; then it may say of
 * voicedb that it found none.
 *
 * VOICEDB_LEAK_SECONDS=3600 ./dev test leak   goes on for an hour, with another seed each time
 * VOICEDB_LEAK_SEED=N                         the run that a report names
 * VOICEDB_LEAK_OPERATIONS=N                   more or fewer of them
 * VOICEDB_LEAK_TALLY=1                        tells how often each was done
 */
#include "leak.h"

#include "bouncer.h"
#include "queries.h"
#include "spec.h"

#include <ctype.h>
#include <time.h>
#include <unistd.h>

enum { ALL = 1 << ANSWER | 1 << CHANGE | 1 << EXISTENCE, OPERATIONS = 100000, AT_ONCE = 12000, ENOUGH = 4000 };

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? otherwise : strtoull(value, NULL, 10);
}

/* ---- worlds ------------------------------------------------------------------------------------------------------ */

static PGconn *admin_before;
static const char *database_before;
static int worlds;

/* A database of its own for a world: `admin` and PGDATABASE are there until leave(). */
static void enter(void)
{
    admin_before = admin;
    database_before = text("%s", getenv("PGDATABASE"));
    const char *name = make_database(text("world%d", ++worlds));
    setenv("PGDATABASE", name, 1);
    admin = connect_to("");
}

static void leave(void)
{
    PQfinish(admin);
    admin = admin_before;
    setenv("PGDATABASE", database_before, 1);
    sql("DROP DATABASE %s WITH (FORCE)", own_name(text("world%d", worlds)));
}

static const char *member(void)
{
    const char *login = own_name("login");
    if (number("SELECT count(*) FROM pg_roles WHERE rolname = '%s'", login) == 0)
        sql("CREATE ROLE %s LOGIN IN ROLE voicedb_app", login);
    return login;
}

static void begin_world(world *w, unsigned wanted, size_t parties)
{
    *w = (world){ .seed = setting("VOICEDB_LEAK_SEED", 1), .wanted = wanted, .scopes = true, .actors = 1 };
    world_begin(w, parties);
}

static void enter_voicedb(void)
{
    enter();
    migrate(PQdb(admin));
    sql("%s", file_of("tests/leak/voicedb.sql"));
}

/* The library's calls and, with them, the registered queries. */
static operation everything[64];

static void use_library(world *w)
{
    memcpy(everything, library_operations, library_operation_count * sizeof everything[0]);
    everything[library_operation_count] = question_operation;
    w->operations = everything;
    w->operation_count = library_operation_count + 1;
}

static void use_questions(world *w, const plain_question *list, size_t count)
{
    world_ask(w, list, count);
    w->operations = &question_operation;
    w->operation_count = 1;
}

static leak_kind run(world *w, uint64_t operations, int seconds, char **report)
{
    uint64_t done;
    leak_kind found = fuzz(w, operations, seconds, &done, report);
    print_message("# seed %llu: %llu operations, %s\n", (unsigned long long)w->seed, (unsigned long long)done,
                  found == NO_LEAK ? "no leak" : "a leak");
    return found;
}

/* The fuzzer must find it, and what it reports must speak of it. */
static void assert_found(world *w, leak_kind wanted, const char *title)
{
    char *report;
    leak_kind found = run(w, ENOUGH, 0, &report);
    world_end(w);
    if (found != wanted)
        fail_msg("looked for %d, found %d\n%s", (int)wanted, (int)found, found == NO_LEAK ? "" : report);
    assert_contains(report, title);
    free(report);
}

static void assert_nothing_found(world *w, uint64_t operations, int seconds)
{
    char *report;
    if (run(w, operations, seconds, &report) == NO_LEAK)
        return;
    print_message("# %.*s\n", (int)strcspn(report, "\n"), report);
    fputs(report, stderr); /* print_error() cuts off what is long */
    free(report);
    world_end(w);
    stop_bouncer();
    leave();
    fail();
}

/* ---- what the fuzzer must find ------------------------------------------------------------------------------------
 */

/* The specification's two queries, and the writes that fill its tables: each of them names the tenant. */
static const plain_question spec_questions[] = {
    { "spec_search", SPEC_SEARCH, "domain_uuid embedding", true },
    { "spec_secretary", SPEC_SECRETARY, "domain_uuid voice_secretary_uuid", true },
    { "add_provider",
      "INSERT INTO v_voice_ai_providers (domain_uuid, provider_type, provider_name, config) VALUES ($1, $2, $3, $4)",
      "domain_uuid provider_type name config", false },
    { "add_secretary", "INSERT INTO v_voice_secretaries (domain_uuid, name) VALUES ($1, $2)", "domain_uuid name",
      false },
    { "point_at_provider",
      "UPDATE v_voice_secretaries SET stt_provider_uuid = $3 WHERE domain_uuid = $1 AND voice_secretary_uuid = $2",
      "domain_uuid voice_secretary_uuid provider_uuid", false },
};

static void begin_spec_world(world *w, leak_kind wanted)
{
    enter();
    sql("%s", file_of("tests/pg/spec.sql"));
    sql("%s", file_of("tests/leak/spec.sql"));
    begin_world(w, 1U << wanted, 4);
    w->scopes = false;
    world_add_way(w, "owner", "");
    use_questions(w, spec_questions, COUNT(spec_questions));
}

static void the_specs_references_give_away_the_neighbours_provider(void **state)
{
    (void)state;
    world w;
    begin_spec_world(&w, ANSWER);
    assert_found(&w, ANSWER, "spec_secretary");
    leave();
}

static void the_specs_references_prove_existence(void **state)
{
    (void)state;
    world w;
    begin_spec_world(&w, EXISTENCE);
    assert_found(&w, EXISTENCE, "point_at_provider");
    leave();
}

/* A registered query whose own condition on the tenant is left out. */
static const char *without_tenant(enum query_id id)
{
    const char *whole = queries[id].text, *condition = "WHERE domain_uuid = $1::uuid",
               *place = strstr(whole, condition);
    assert_non_null(place);
    return text("%.*sWHERE $1::uuid IS NOT NULL%s", (int)(place - whole), whole, place + strlen(condition));
}

static void begin_guilty_world(world *w, unsigned wanted, bool scopes)
{
    enter_voicedb();
    const plain_question guilty[] = {
        { "provider_add",
          "INSERT INTO v_voice_ai_providers (domain_uuid, provider_type, provider_name, config) VALUES ($1, $2, $3, "
          "$4)",
          "domain_uuid provider_type name config", false },
        { "guilty_get", without_tenant(QUERY_PROVIDER_GET), "domain_uuid provider_type provider", true },
        { "guilty_remove", without_tenant(QUERY_PROVIDER_REMOVE), "domain_uuid provider_uuid", false },
    };
    begin_world(w, wanted, 4);
    w->scopes = scopes;
    world_add_way(w, "owner", "");
    use_questions(w, guilty, COUNT(guilty));
}

static void a_query_without_the_tenant_gives_rows_away(void **state)
{
    (void)state;
    world w;
    begin_guilty_world(&w, 1U << ANSWER, false);
    assert_found(&w, ANSWER, "guilty_get");
    leave();
}

static void a_query_without_the_tenant_changes_rows(void **state)
{
    (void)state;
    world w;
    begin_guilty_world(&w, 1U << CHANGE, false);
    assert_found(&w, CHANGE, "rows of party");
    leave();
}

static void row_level_security_stops_such_queries(void **state)
{
    (void)state;
    world w;
    begin_guilty_world(&w, ALL, true);
    assert_nothing_found(&w, ENOUGH, 0);
    world_end(&w);
    leave();
}

/* A place in an order may be given as another's key: which of the party's own rows are behind it tells nothing of who
 * exists. */
static void what_is_behind_anothers_key_proves_nothing(void **state)
{
    (void)state;
    enter_voicedb();
    const plain_question questions[] = {
        { "provider_add",
          "INSERT INTO v_voice_ai_providers (domain_uuid, provider_type, provider_name) VALUES ($1, $2, $3)",
          "domain_uuid provider_type name", false },
        { "providers_behind",
          "SELECT provider_uuid FROM v_voice_ai_providers WHERE domain_uuid = $1 AND provider_uuid > $2 ORDER BY 1",
          "domain_uuid behind", true },
        { "providers_of_domains_behind",
          "SELECT provider_uuid FROM v_voice_ai_providers WHERE domain_uuid = $1 AND domain_uuid > $2 ORDER BY 1",
          "domain_uuid other_domain_uuid", true },
    };
    world w;
    begin_world(&w, ALL, 4);
    world_add_way(&w, "owner", "");
    use_questions(&w, questions, COUNT(questions));
    assert_nothing_found(&w, ENOUGH, 0);
    world_end(&w);
    leave();
}

static void begin_library_world(world *w, unsigned wanted)
{
    begin_world(w, wanted, 6);
    world_add_way(w, "member", text("user=%s", member()));
    use_library(w);
    world_ask_registry(w);
}

/* Row-level security does not bind foreign keys: with the specification's own ones it is known who exists. */
static void references_without_the_tenant_prove_existence(void **state)
{
    (void)state;
    enter_voicedb();
    sql("DO $$ DECLARE r record; BEGIN "
        "FOR r IN SELECT conrelid::regclass AS t, conname, a.attname FROM pg_constraint k JOIN pg_attribute a "
        "ON a.attrelid = conrelid AND a.attnum = conkey[2] WHERE contype = 'f' AND "
        "conrelid = 'v_voice_secretaries'::regclass AND array_length(conkey, 1) = 2 LOOP "
        "EXECUTE format('ALTER TABLE %%s DROP CONSTRAINT %%I, ADD FOREIGN KEY (%%I) REFERENCES v_voice_ai_providers "
        "(provider_uuid)', r.t, r.conname, r.attname); END LOOP; END $$");
    world w;
    begin_library_world(&w, 1U << EXISTENCE);
    assert_found(&w, EXISTENCE, "secretary_");
    leave();
}

static void a_unique_key_without_the_tenant_proves_existence(void **state)
{
    (void)state;
    enter_voicedb();
    sql("CREATE UNIQUE INDEX ON v_voice_secretaries (extension)");
    world w;
    begin_library_world(&w, 1U << EXISTENCE);
    assert_found(&w, EXISTENCE, "secretary_");
    leave();
}

/* ---- every call -------------------------------------------------------------------------------------------------- */

/* The header without its comments. */
static char *header(void)
{
    char *made = strdup(file_of("include/voicedb.h")), *to = made;
    for (const char *s = made; *s != '\0';) {
        const char *end = strncmp(s, "/*", 2) == 0 ? strstr(s, "*/") : NULL;
        if (end == NULL)
            *to++ = *s++;
        else
            s = end + 2;
    }
    *to = '\0';
    return made;
}

/* A handle's type: declared, and defined nowhere in the header. A pool is no tenant's, and what a log does in the
 * database are registered queries. */
static bool is_handle(const char *whole, const char *type)
{
    return strcmp(type, "vdb_pool") != 0 && strcmp(type, "vdb_log") != 0 &&
           strstr(whole, text("typedef struct %s %s;", type, type)) != NULL;
}

static bool takes_handle(const char *whole, const char *parameters, const char *end)
{
    for (const char *s = parameters; (s = strstr(s, "vdb_")) != NULL && s < end;) {
        const char *behind = s;
        while (isalnum((unsigned char)*behind) || *behind == '_')
            behind++;
        if (is_handle(whole, text("%.*s", (int)(behind - s), s)))
            return true;
        s = behind;
    }
    return false;
}

static bool is_covered(const char *name)
{
    for (size_t i = 0; i < library_operation_count; i++) {
        if (strstr(text(" %s ", library_operations[i].covers), text(" %s ", name)) != NULL)
            return true;
    }
    return false;
}

static void every_function_that_takes_a_tenant_is_called(void **state)
{
    (void)state;
    char *whole = header();
    int tenants = 0, missing = 0;
    for (const char *s = whole; (s = strstr(s, "\nVDB_API ")) != NULL;) {
        const char *parameters = strchr(s, '('), *end = strchr(s, ';'), *name = parameters;
        while (isalnum((unsigned char)name[-1]) || name[-1] == '_')
            name--;
        if (takes_handle(whole, parameters, end)) {
            const char *function = text("%.*s", (int)(parameters - name), name);
            tenants++;
            missing += !is_covered(function);
            if (!is_covered(function))
                print_error("%s takes a tenant: add it to library_operations in tests/leak/calls.c\n", function);
        }
        s = end;
    }
    free(whole);
    assert_in_range(tenants, 35, 1000);
    assert_int_equal(missing, 0);
}

/* ---- what it must not find ----------------------------------------------------------------------------------------
 */

/* About one tenant, but nothing that voicedb_app may do. */
static bool is_operators(const question *q)
{
    return strcmp(q->query.name, "key_lock") == 0 || strcmp(q->query.name, "key_replace") == 0;
}

/* A hash of any other key than that of privacy_erase, which asks it, would keep every copy of the tenant from being
 * imported. */
static bool is_asked_by_its_call_alone(const question *q)
{
    return strcmp(q->query.name, "erasure_add") == 0;
}

/* An operation that never ended well, or never met what is another's, would have proved nothing. */
static void assert_thorough(const world *w)
{
    const tally *poor[MOST_OPERATIONS + QUERY_COUNT];
    size_t count = 0;
    uint64_t done = 0, compared = 0;
    for (size_t i = 0; i < w->operation_count + w->question_count; i++) {
        bool is_call = i < w->operation_count;
        const question *q = is_call ? NULL : &w->questions[i - w->operation_count];
        const tally *t = is_call ? &w->tallies[i] : &q->tally;
        bool asks = is_call ? w->operations[i].covers[0] == '\0' : is_asked_by_its_call_alone(q);
        if (!is_call && is_operators(q))
            assert_int_equal(t->succeeded, 0);
        else if (!asks && (is_call || q->scoped) && t->succeeded == 0)
            poor[count++] = t;
        done += t->done;
        compared += t->compared;
        if (getenv("VOICEDB_LEAK_TALLY") != NULL)
            print_message("# %-28s %8llu done %8llu well %8llu compared\n", t->name, (unsigned long long)t->done,
                          (unsigned long long)t->succeeded, (unsigned long long)t->compared);
    }
    for (size_t i = 0; i < count; i++)
        print_error("%s never ended well: give it what it needs, in tests/leak/values.c\n", poor[i]->name);
    assert_int_equal(count, 0);
    assert_true(compared > done / 5);
}

static void the_same_seed_does_the_same(void **state)
{
    (void)state;
    tally tallies[2][MOST_OPERATIONS];
    for (size_t i = 0; i < COUNT(tallies); i++) {
        world w;
        enter_voicedb();
        begin_library_world(&w, ALL);
        assert_nothing_found(&w, 600, 0);
        memcpy(tallies[i], w.tallies, sizeof w.tallies);
        world_end(&w);
        leave();
    }
    for (size_t i = 0; i < library_operation_count; i++) {
        assert_int_equal(tallies[0][i].done, tallies[1][i].done);
        assert_int_equal(tallies[0][i].succeeded, tallies[1][i].succeeded);
        assert_int_equal(tallies[0][i].compared, tallies[1][i].compared);
    }
}

/* Parties share connections: two of a member of voicedb_app, two of a superuser, two of a pooler's. */
static void begin_whole_world(world *w, size_t parties)
{
    const char *login = member(), *pooler = start_bouncer(login, 2, "");
    begin_world(w, ALL, parties);
    world_add_way(w, "member", text("user=%s", login));
    world_add_way(w, "superuser", "");
    if (pooler != NULL)
        world_add_way(w, "pooler", pooler);
    else
        print_message("# pgbouncer is not installed\n");
    use_library(w);
    world_ask_registry(w);
}

static void nothing_leaks(void **state)
{
    (void)state;
    int seconds = (int)setting("VOICEDB_LEAK_SECONDS", 0);
    enter_voicedb();
    world w;
    begin_whole_world(&w, 8);
    if (seconds > 0 && getenv("VOICEDB_LEAK_SEED") == NULL)
        w.seed = (uint64_t)time(NULL);
    uint64_t operations = setting("VOICEDB_LEAK_OPERATIONS", OPERATIONS);
    assert_nothing_found(&w, operations, seconds);
    if (operations >= OPERATIONS)
        assert_thorough(&w);
    world_end(&w);
    stop_bouncer();
    leave();
}

static void nothing_leaks_when_many_call_at_once(void **state)
{
    (void)state;
    enter_voicedb();
    world w;
    begin_whole_world(&w, 10);
    w.actors = 4;
    w.still = 2;
    assert_nothing_found(&w, AT_ONCE, (int)setting("VOICEDB_LEAK_SECONDS", 0) / 4);
    world_end(&w);
    stop_bouncer();
    leave();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_function_that_takes_a_tenant_is_called),
        cmocka_unit_test(the_specs_references_give_away_the_neighbours_provider),
        cmocka_unit_test(the_specs_references_prove_existence),
        cmocka_unit_test(a_query_without_the_tenant_gives_rows_away),
        cmocka_unit_test(a_query_without_the_tenant_changes_rows),
        cmocka_unit_test(row_level_security_stops_such_queries),
        cmocka_unit_test(what_is_behind_anothers_key_proves_nothing),
        cmocka_unit_test(references_without_the_tenant_prove_existence),
        cmocka_unit_test(a_unique_key_without_the_tenant_proves_existence),
        cmocka_unit_test(the_same_seed_does_the_same),
        cmocka_unit_test(nothing_leaks),
        cmocka_unit_test(nothing_leaks_when_many_call_at_once),
    };
    return run_with_database(tests);
}
