/*
 * Where a call goes: which rule, why, which were passed over and why; by the clock of the rule's own time zone, and
 * only to numbers that FusionPBX has.
 */
#include "fixture.h"

#define KEYWORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define MONDAY_10 "2026-11-23T10:00:00-03:00"
#define SUNDAY_10 "2026-11-22T10:00:00-03:00"
#define OFFICE "{\"timezone\": \"America/Sao_Paulo\", \"mon-fri\": \"08:00-18:00\"}"

static char ana[37], bia[37];

static void add_number(const char *domain, const char *table, const char *column, const char *flag, const char *number)
{
    sql("INSERT INTO %s (%s, domain_uuid, %s%s%s) VALUES (gen_random_uuid(), '%s', '%s'%s)", table,
        value("SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = "
              "i.indkey[0] "
              "WHERE i.indrelid = '%s'::regclass AND i.indisprimary",
              table),
        column, flag == NULL ? "" : ", ", flag == NULL ? "" : flag, domain, number, flag == NULL ? "" : ", true");
}

static const char *add_rule(vdb_tenant *t, vdb_transfer_rule_input input)
{
    char uuid[37];
    if (input.transfer_extension == NULL)
        input.transfer_extension = "200";
    ok(vdb_transfer_rule_add(t, &input, uuid, &failure));
    return text("%s", uuid);
}

static const vdb_transfer_decision *resolve_as(const char *secretary, const char *utterance, const char *instant)
{
    const vdb_transfer_decision *d;
    ok(vdb_transfer_resolve(clinic, secretary, utterance, instant, &d, &failure));
    return d;
}

static const char *department(const char *secretary, const char *utterance)
{
    const vdb_transfer_decision *d = resolve_as(secretary, utterance, NULL);
    const char *name = text("%s", d->rule == NULL ? "" : d->rule->department_name);
    vdb_rows_free(d);
    return name;
}

/* "VERDICT: WHY" of each step, in order. */
static const char *story(const vdb_transfer_decision *d)
{
    const char *all = "";
    for (size_t i = 0; i < d->step_count; i++)
        all = text("%s%s %s: %s\n", all, d->steps[i].department_name, d->steps[i].verdict, d->steps[i].why);
    return all;
}

static int begin(void **state)
{
    (void)state;
    sql("DELETE FROM v_voice_transfer_rules; DELETE FROM v_voice_secretaries; DELETE FROM v_extensions; DELETE FROM "
        "v_ring_groups; DELETE FROM v_call_center_queues; DELETE FROM v_voicemails; DELETE FROM v_ivr_menus");
    ok(vdb_secretary_add(clinic, &(vdb_secretary_input){ .name = "Ana", .extension = "2000" }, ana, &failure));
    ok(vdb_secretary_add(clinic, &(vdb_secretary_input){ .name = "Bia" }, bia, &failure));
    add_number(CLINIC_UUID, "v_extensions", "extension", "enabled", "200");
    return 0;
}

static void an_utterance_finds_its_rule(void **state)
{
    (void)state;
    static const struct {
        const char *name, *secretary, *keywords[3];
        int64_t priority;
        bool enabled;
    } rules[] = {
        { "financeiro", NULL, { "cartão", "segunda via" }, 50, true },
        { "vendas", NULL, { "comprar", "preço" }, 60, true },
        { "vendas da Ana", "Ana", { "comprar" }, 60, true },
        { "urgência", NULL, { "dor", "urgente" }, 10, true },
        { "desligada", NULL, { "comprar" }, 1, false },
        { "da Bia", "Bia", { "férias" }, 1, true },
        { "sem palavras", NULL, { NULL }, 0, true },
    };
    static const struct {
        const char *secretary, *utterance, *wanted;
    } cases[] = {
        { NULL, "Quero COMPRAR agora!", "vendas da Ana" },
        { "Ana", "quero comprar", "vendas da Ana" },
        { "Bia", "quero comprar", "vendas" },
        { "2000", "quero comprar, é urgente", "urgência" },
        { "Ana", "meu cartao foi clonado", "financeiro" },
        { "Ana", "meus CARTÕES", "financeiro" },
        { "Ana", "a segunda   via, por favor", "financeiro" },
        { "Ana", "a segunda-via", "financeiro" },
        { "Ana", "as segundas vias", "financeiro" },
        { "Ana", "a segunda ou a via", "" },
        { "Ana", "vendedor", "" },
        { "Ana", "a dor", "urgência" },
        { "Ana", "dorme", "" },
        { "Ana", "computador", "" },
        { "Ana", "quais os preços?", "vendas" },
        { "Ana", "férias", "" },
        { "Bia", "minhas FÉRIAS", "da Bia" },
        { "Ana", "...", "" },
    };
    for (size_t i = 0; i < COUNT(rules); i++)
        add_rule(clinic, (vdb_transfer_rule_input){ .department_name = rules[i].name,
                                                    .secretary = rules[i].secretary,
                                                    .intent_keywords = rules[i].keywords,
                                                    .priority = &rules[i].priority,
                                                    .enabled = &rules[i].enabled });
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *got = department(cases[i].secretary, cases[i].utterance);
        if (strcmp(got, cases[i].wanted) != 0)
            fail_msg("\"%s\" finds \"%s\", not \"%s\"", cases[i].utterance, got, cases[i].wanted);
    }
    const vdb_transfer_decision *d = resolve_as("Ana", "nada disso", NULL);
    assert_string_equal(d->outcome, "none");
    assert_null(d->rule);
    assert_null(d->number);
    assert_int_equal(d->step_count, 6);
    vdb_rows_free(d);
    refused(VDB_NOT_FOUND, vdb_transfer_resolve(clinic, "Carla", "comprar", NULL, &d, &failure));
    refused(VDB_NOT_FOUND, vdb_transfer_resolve(clinic, NOBODY_UUID, "comprar", NULL, &d, &failure));
    refused(VDB_USAGE, vdb_transfer_resolve(clinic, "Ana", "", NULL, &d, &failure));
    refused(VDB_USAGE, vdb_transfer_resolve(clinic, "Ana", NULL, NULL, &d, &failure));
    refused(VDB_BAD_INPUT, vdb_transfer_resolve(clinic, "Ana", "caf\xE9", NULL, &d, &failure));
    refused(VDB_BAD_INPUT, vdb_transfer_resolve(clinic, "Ana", "x", "yesterday evening", &d, &failure));
    assert_contains(failure.message, "is no instant");
    char *longest = calloc(1, 1 << 20);
    memset(longest, 'a', (1 << 20) - 1);
    refused(VDB_BAD_INPUT, vdb_transfer_resolve(clinic, "Ana", longest, NULL, &d, &failure));
    free(longest);
}

static void the_answer_says_which_why_and_which_not(void **state)
{
    (void)state;
    add_number(CLINIC_UUID, "v_voicemails", "voicemail_id", "voicemail_enabled", "203");
    const char *closed = add_rule(clinic, (vdb_transfer_rule_input){ .department_name = "Escritório",
                                                                     .intent_keywords = KEYWORDS("boleto"),
                                                                     .working_hours = OFFICE,
                                                                     .fallback_action = "voicemail",
                                                                     .fallback_extension = "203",
                                                                     .priority = &(int64_t){ 1 } });
    add_rule(clinic, (vdb_transfer_rule_input){ .department_name = "Sumido",
                                                .intent_keywords = KEYWORDS("boleto"),
                                                .transfer_extension = "999",
                                                .priority = &(int64_t){ 2 } });
    add_rule(clinic, (vdb_transfer_rule_input){ .department_name = "Desligado",
                                                .intent_keywords = KEYWORDS("boleto"),
                                                .priority = &(int64_t){ 3 },
                                                .enabled = &(bool){ false } });
    add_rule(clinic, (vdb_transfer_rule_input){
                         .department_name = "Outro", .intent_keywords = KEYWORDS("dor"), .priority = &(int64_t){ 4 } });
    const char *open = add_rule(clinic, (vdb_transfer_rule_input){ .department_name = "Plantão",
                                                                   .intent_patterns = KEYWORDS("bolet.*venc"),
                                                                   .transfer_message = "Um momento.",
                                                                   .priority = &(int64_t){ 5 } });
    const vdb_transfer_decision *d = resolve_as("Ana", "Os boletos, que venceram", SUNDAY_10);
    assert_string_equal(d->outcome, "transfer");
    assert_string_equal(d->rule->transfer_rule_uuid, open);
    assert_string_equal(d->action, "transfer");
    assert_string_equal(d->number, "200");
    assert_string_equal(d->destination_type, "extension");
    assert_string_equal(d->message, "Um momento.");
    assert_string_equal(d->matched_by, "pattern");
    assert_string_equal(d->matched, "bolet.*venc");
    assert_string_equal(d->instant, "2026-11-22T13:00:00Z");
    assert_string_equal(
        story(d),
        "Escritório passed: meant by the keyword \"boleto\", but closed at 2026-11-22 10:00 (America/Sao_Paulo)\n"
        "Sumido passed: meant by the keyword \"boleto\", but FusionPBX has no extension 999\n"
        "Desligado disabled: the rule is disabled\n"
        "Outro not_meant: no keyword and no pattern of it was said\n"
        "Plantão chosen: meant by the pattern \"bolet.*venc\"\n");
    vdb_rows_free(d);
    d = resolve_as("Ana", "boleto", SUNDAY_10);
    assert_string_equal(d->outcome, "fallback");
    assert_string_equal(d->rule->transfer_rule_uuid, closed);
    assert_string_equal(d->action, "voicemail");
    assert_string_equal(d->number, "203");
    assert_string_equal(d->destination_type, "voicemail");
    assert_null(d->message);
    assert_contains(story(d), "Escritório fallback: ");
    vdb_rows_free(d);
    d = resolve_as("Ana", "boleto", MONDAY_10);
    assert_string_equal(d->outcome, "transfer");
    assert_string_equal(d->rule->department_name, "Escritório");
    assert_contains(story(d), "Sumido later: meant by the keyword \"boleto\", but another rule came first");
    vdb_rows_free(d);
    sql("DELETE FROM v_voicemails");
    d = resolve_as("Ana", "boleto", SUNDAY_10);
    assert_string_equal(d->outcome, "none");
    assert_string_equal(d->why, "no rule that is meant can take the call now");
    assert_contains(story(d), "its fallback cannot be had: FusionPBX has no voicemail 203");
    vdb_rows_free(d);
}

/* ---- the clock --------------------------------------------------------------------------------------------------- */

static bool is_open(const char *hours, const char *instant)
{
    sql("UPDATE v_voice_transfer_rules SET working_hours = '%s'", hours);
    const vdb_transfer_decision *d = resolve_as(NULL, "x", instant);
    bool open = d->rule != NULL;
    vdb_rows_free(d);
    return open;
}

/* One instant is in working hours here and out of them there; clocks that are put forward and back are the zone's. */
static void hours_are_those_of_the_rules_zone(void **state)
{
    (void)state;
    add_rule(clinic, (vdb_transfer_rule_input){ .department_name = "x", .intent_keywords = KEYWORDS("x") });
    static const struct {
        const char *zone, *hours, *instant;
        bool open;
    } cases[] = {
        { "America/Sao_Paulo", "\"mon\": \"08:00-18:00\"", "2026-11-23T10:59:59Z", false },
        { "America/Sao_Paulo", "\"mon\": \"08:00-18:00\"", "2026-11-23T11:00:00Z", true },
        { "America/Manaus", "\"mon\": \"08:00-18:00\"", "2026-11-23T11:00:00Z", false },
        { "America/Noronha", "\"mon\": \"08:00-18:00\"", "2026-11-23T10:00:00Z", true },
        { "Asia/Kathmandu", "\"mon\": \"08:00-18:00\"", "2026-11-23T02:15:00Z", true },
        { "Asia/Kathmandu", "\"mon\": \"08:00-18:00\"", "2026-11-23T02:14:00Z", false },
        { "Pacific/Kiritimati", "\"mon\": \"08:00-18:00\"", "2026-11-22T18:00:00Z", true },
        /* Brazil had summer time until 2019. */
        { "America/Sao_Paulo", "\"mon\": \"08:00-18:00\"", "2018-11-26T10:00:00Z", true },
        { "America/Sao_Paulo", "\"mon\": \"08:00-18:00\"", "2026-11-23T10:00:00Z", false },
        /* New York, 2026-03-08: two o'clock does not come; 2026-11-01: one o'clock comes twice. */
        { "America/New_York", "\"sun\": \"02:00-03:00\"", "2026-03-08T06:59:59Z", false },
        { "America/New_York", "\"sun\": \"02:00-03:00\"", "2026-03-08T07:00:00Z", false },
        { "America/New_York", "\"sun\": \"03:00-04:00\"", "2026-03-08T07:00:00Z", true },
        { "America/New_York", "\"sun\": \"01:00-02:00\"", "2026-11-01T05:30:00Z", true },
        { "America/New_York", "\"sun\": \"01:00-02:00\"", "2026-11-01T06:30:00Z", true },
        { "America/New_York", "\"sun\": \"01:00-02:00\"", "2026-11-01T07:00:00Z", false },
        { "America/New_York", "\"sat\": \"22:00-03:00\"", "2026-11-01T06:59:00Z", true },
        { "America/New_York", "\"sat\": \"22:00-03:00\"", "2026-11-01T08:00:00Z", false },
        { "America/Sao_Paulo", "\"thu\": \"08:00-18:00\", \"holidays\": {\"12-24\": \"08:00-12:00\"}",
          "2026-12-24T15:00:00Z", false },
        { "America/Sao_Paulo", "\"thu\": \"08:00-18:00\", \"holidays\": {\"12-24\": \"08:00-12:00\"}",
          "2026-12-24T14:59:00Z", true },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (is_open(text("{\"timezone\": \"%s\", %s}", cases[i].zone, cases[i].hours), cases[i].instant) !=
            cases[i].open)
            fail_msg("%s %s at %s is not %s", cases[i].zone, cases[i].hours, cases[i].instant,
                     cases[i].open ? "open" : "closed");
    }
}

static void without_a_zone_it_is_fusionpbxs(void **state)
{
    (void)state;
    static const char hours[] = "{\"mon\": \"08:00-18:00\"}";
    add_rule(clinic, (vdb_transfer_rule_input){ .department_name = "x", .intent_keywords = KEYWORDS("x") });
    assert_true(is_open(hours, "2026-11-23T08:00:00Z"));
    sql("CREATE TABLE v_default_settings (default_setting_uuid uuid, default_setting_category text, "
        "default_setting_subcategory text, default_setting_value text, default_setting_enabled boolean);"
        "CREATE TABLE v_domain_settings (domain_setting_uuid uuid, domain_uuid uuid, domain_setting_category text, "
        "domain_setting_subcategory text, domain_setting_value text, domain_setting_enabled boolean);"
        "INSERT INTO v_default_settings VALUES (gen_random_uuid(), 'domain', 'time_zone', 'America/Sao_Paulo', true)");
    assert_false(is_open(hours, "2026-11-23T08:00:00Z"));
    assert_true(is_open(hours, "2026-11-23T11:00:00Z"));
    sql("INSERT INTO v_domain_settings VALUES (gen_random_uuid(), '%s', 'domain', 'time_zone', 'America/Manaus', true)",
        HOTEL_UUID);
    assert_true(is_open(hours, "2026-11-23T11:00:00Z"));
    sql("UPDATE v_domain_settings SET domain_uuid = '%s'", CLINIC_UUID);
    assert_false(is_open(hours, "2026-11-23T11:00:00Z"));
    assert_true(is_open("{\"timezone\": \"America/Sao_Paulo\", \"mon\": \"08:00-18:00\"}", "2026-11-23T11:00:00Z"));
    sql("DROP TABLE v_default_settings, v_domain_settings");
}

/* What somebody else wrote into the table closes the rule, not the call. */
static void hours_that_cannot_be_read_close_the_rule(void **state)
{
    (void)state;
    static const char *const broken[] = { "{\"mon\": 7}", "[1]", "{\"mon\": [], \"timezone\": \"America/Atlantis\"}" };
    add_number(CLINIC_UUID, "v_extensions", "extension", "enabled", "201");
    add_rule(clinic, (vdb_transfer_rule_input){
                         .department_name = "x", .intent_keywords = KEYWORDS("x"), .fallback_extension = "201" });
    for (size_t i = 0; i < COUNT(broken); i++) {
        sql("UPDATE v_voice_transfer_rules SET working_hours = '%s'", broken[i]);
        const vdb_transfer_decision *d = resolve_as(NULL, "x", NULL);
        assert_string_equal(d->outcome, "fallback");
        assert_string_equal(d->action, "transfer");
        assert_string_equal(d->number, "201");
        vdb_rows_free(d);
    }
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

static const char *outcome_of(const char *type, const char *number)
{
    sql("UPDATE v_voice_transfer_rules SET destination_type = '%s', transfer_extension = '%s'", type, number);
    const vdb_transfer_decision *d = resolve_as(NULL, "x", NULL);
    const char *why = text("%s %s", d->outcome, d->steps[0].why);
    vdb_rows_free(d);
    return why;
}

static void numbers_are_fusionpbxs(void **state)
{
    (void)state;
    static const struct {
        const char *type, *table, *column, *flag;
    } kinds[] = {
        { "extension", "v_extensions", "extension", "enabled" },
        { "extension", "v_extensions", "number_alias", "enabled" },
        { "ring_group", "v_ring_groups", "ring_group_extension", "ring_group_enabled" },
        { "queue", "v_call_center_queues", "queue_extension", NULL },
        { "voicemail", "v_voicemails", "voicemail_id", "voicemail_enabled" },
        { "ivr_menu", "v_ivr_menus", "ivr_menu_extension", "ivr_menu_enabled" },
    };
    add_rule(clinic, (vdb_transfer_rule_input){ .department_name = "x", .intent_keywords = KEYWORDS("x") });
    for (size_t i = 0; i < COUNT(kinds); i++) {
        const char *number = text("7%zu", i), *table = kinds[i].table;
        assert_contains(outcome_of(kinds[i].type, number),
                        text("none meant by the keyword \"x\", but FusionPBX has no %s %s", kinds[i].type, number));
        add_number(HOTEL_UUID, table, kinds[i].column, kinds[i].flag, number);
        assert_contains(outcome_of(kinds[i].type, number), "FusionPBX has no");
        add_number(CLINIC_UUID, table, kinds[i].column, kinds[i].flag, number);
        assert_contains(outcome_of(kinds[i].type, number), "transfer");
        if (kinds[i].flag == NULL)
            continue;
        sql("UPDATE %s SET %s = false", table, kinds[i].flag);
        assert_contains(outcome_of(kinds[i].type, number), "is disabled in FusionPBX");
        /* As FusionPBX 5.4 has it. */
        sql("ALTER TABLE %s ALTER %s TYPE text", table, kinds[i].flag);
        assert_contains(outcome_of(kinds[i].type, number), "is disabled in FusionPBX");
        sql("UPDATE %s SET %s = 'true'", table, kinds[i].flag);
        assert_contains(outcome_of(kinds[i].type, number), "transfer");
        sql("ALTER TABLE %s ALTER %s TYPE boolean USING %s::boolean", table, kinds[i].flag, kinds[i].flag);
    }
    assert_contains(outcome_of("voicemail", "*9974"), "transfer");
    assert_contains(outcome_of("external", "+55 11"), "is no number to dial");
    assert_contains(outcome_of("external", "+5511987654321"), "transfer");
    sql("ALTER TABLE v_ring_groups RENAME TO v_elsewhere");
    assert_contains(outcome_of("ring_group", "nowhere"), "transfer");
    sql("ALTER TABLE v_elsewhere RENAME TO v_ring_groups");
}

/* The function that reads FusionPBX's tables for voicedb_app answers for the transaction's tenant alone. */
static void no_tenant_asks_for_anothers_numbers(void **state)
{
    (void)state;
    add_number(HOTEL_UUID, "v_extensions", "extension", "enabled", "555");
    sql("BEGIN; SET LOCAL ROLE voicedb_app; SET LOCAL voicedb.domain_uuid = '%s'", CLINIC_UUID);
    assert_string_equal(value("SELECT voicedb_number_state('any', '555')"), "missing");
    assert_string_equal(value("SELECT voicedb_number_state('extension', ''' OR true --')"), "missing");
    sql("ROLLBACK; BEGIN; SET LOCAL ROLE voicedb_app");
    assert_string_equal(sqlstate_on(admin, NULL, "SELECT voicedb_number_state('any', '555')"), "22P02");
    sql("ROLLBACK");
    const char *login = own_name("stranger");
    sql("CREATE ROLE %s", login);
    sql("BEGIN; SET LOCAL ROLE %s", login);
    assert_string_equal(sqlstate_on(admin, NULL, "SELECT voicedb_number_state('any', '555')"), "42501");
    sql("ROLLBACK");
}

/* ---- rules that are kept ready ----------------------------------------------------------------------------------- */

static void a_change_is_seen_at_once(void **state)
{
    (void)state;
    const char *uuid =
        add_rule(clinic, (vdb_transfer_rule_input){ .department_name = "a", .intent_keywords = KEYWORDS("x") });
    assert_string_equal(department("Ana", "x"), "a");
    sql("UPDATE v_voice_transfer_rules SET department_name = 'b'");
    assert_string_equal(department("Ana", "x"), "b");
    const char *first =
        add_rule(clinic, (vdb_transfer_rule_input){
                             .department_name = "c", .intent_keywords = KEYWORDS("x"), .priority = &(int64_t){ 1 } });
    assert_string_equal(department("Ana", "x"), "c");
    ok(vdb_transfer_rule_remove(clinic, first, &failure));
    assert_string_equal(department("Ana", "x"), "b");
    ok(vdb_transfer_rule_remove(clinic, uuid, &failure));
    assert_string_equal(department("Ana", "x"), "");
    /* One that was begun before another and is committed after it. */
    add_rule(clinic, (vdb_transfer_rule_input){ .department_name = "old", .intent_keywords = KEYWORDS("x") });
    PGconn *slow = connect_to("");
    sql_on(slow, "BEGIN; SELECT now()");
    add_rule(clinic, (vdb_transfer_rule_input){ .department_name = "other", .intent_keywords = KEYWORDS("y") });
    assert_string_equal(department("Ana", "x"), "old");
    sql_on(slow, "UPDATE v_voice_transfer_rules SET department_name = 'new' WHERE department_name = 'old'; COMMIT");
    PQfinish(slow);
    assert_string_equal(department("Ana", "x"), "new");
}

/* Changes that leave number and times of the rules as they were, and those of another pool's tenant. */
static void a_change_without_a_trace_in_the_rules_is_seen(void **state)
{
    (void)state;
    add_rule(clinic, (vdb_transfer_rule_input){ .department_name = "a", .intent_keywords = KEYWORDS("x") });
    add_rule(hotel, (vdb_transfer_rule_input){ .department_name = "hotel's", .intent_keywords = KEYWORDS("x") });
    assert_string_equal(department("Ana", "x"), "a");
    sql("BEGIN; SET LOCAL session_replication_role = 'replica'; "
        "UPDATE v_voice_transfer_rules SET department_name = 'b' WHERE domain_uuid = '%s'; COMMIT",
        CLINIC_UUID);
    assert_string_equal(department("Ana", "x"), "b");
    assert_string_equal(department(NULL, "x"), "b");
    sql("BEGIN; SET LOCAL session_replication_role = 'replica'; CREATE TEMPORARY TABLE r ON COMMIT DROP AS "
        "SELECT * FROM v_voice_transfer_rules; UPDATE r SET department_name = 'c' WHERE domain_uuid = '%s'; "
        "TRUNCATE v_voice_transfer_rules CASCADE; INSERT INTO v_voice_transfer_rules SELECT * FROM r; COMMIT",
        CLINIC_UUID);
    assert_string_equal(department("Ana", "x"), "c");
    assert_string_equal(department(NULL, "x"), "c");
    sql("BEGIN; UPDATE v_voice_transfer_rules SET department_name = 'd'; ROLLBACK");
    assert_string_equal(department("Ana", "x"), "c");
    vdb_pool *other = pool_to(NULL);
    vdb_tenant *t;
    ok(vdb_tenant_open(other, CLINIC_UUID, &t, &failure));
    add_rule(t, (vdb_transfer_rule_input){
                    .department_name = "e", .intent_keywords = KEYWORDS("x"), .priority = &(int64_t){ 1 } });
    vdb_tenant_close(t);
    vdb_pool_close(other);
    assert_string_equal(department("Ana", "x"), "e");
    sql("TRUNCATE v_voice_transfer_rules CASCADE");
    assert_string_equal(department("Ana", "x"), "");
}

typedef struct caller {
    char number[8];
    int wrong;
} caller;

static void keep_calling(void *item)
{
    caller *c = item;
    for (int i = 0; i < 40; i++) {
        const vdb_transfer_decision *d;
        const char *said = i % 2 == 0 ? "x" : "y";
        /* More secretaries than are kept ready. */
        if (vdb_transfer_resolve(clinic, i % 3 == 0 ? ana : i % 3 == 1 ? bia : NULL, said, NULL, &d, NULL) != VDB_OK) {
            c->wrong++;
            continue;
        }
        c->wrong += d->rule == NULL || strcmp(d->rule->department_name, said) != 0;
        vdb_rows_free(d);
        if (i % 10 == 9 && c->number[0] == '0')
            sql("UPDATE v_voice_transfer_rules SET transfer_message = '%d'", i);
    }
}

static void threads_share_the_rules_while_they_change(void **state)
{
    (void)state;
    add_rule(clinic, (vdb_transfer_rule_input){ .department_name = "x", .intent_keywords = KEYWORDS("x") });
    add_rule(clinic, (vdb_transfer_rule_input){ .department_name = "y", .intent_patterns = KEYWORDS("^y") });
    caller callers[6] = { 0 };
    for (size_t i = 0; i < COUNT(callers); i++)
        snprintf(callers[i].number, sizeof callers[i].number, "%zu", i);
    in_threads(keep_calling, callers, COUNT(callers), sizeof callers[0]);
    for (size_t i = 0; i < COUNT(callers); i++)
        assert_int_equal(callers[i].wrong, 0);
}

static void many_secretaries_take_turns(void **state)
{
    (void)state;
    char uuids[12][37];
    for (size_t i = 0; i < COUNT(uuids); i++) {
        const vdb_secretary_input input = { .name = text("S%zu", i) };
        ok(vdb_secretary_add(clinic, &input, uuids[i], &failure));
        add_rule(clinic, (vdb_transfer_rule_input){ .department_name = text("d%zu", i),
                                                    .secretary = uuids[i],
                                                    .intent_keywords = KEYWORDS("x") });
    }
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT(uuids); i++)
            assert_string_equal(department(uuids[i], "x"), text("d%zu", i));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(an_utterance_finds_its_rule),
        TEST(the_answer_says_which_why_and_which_not),
        TEST(hours_are_those_of_the_rules_zone),
        TEST(without_a_zone_it_is_fusionpbxs),
        TEST(hours_that_cannot_be_read_close_the_rule),
        TEST(numbers_are_fusionpbxs),
        TEST(no_tenant_asks_for_anothers_numbers),
        TEST(a_change_is_seen_at_once),
        TEST(a_change_without_a_trace_in_the_rules_is_seen),
        TEST(threads_share_the_rules_while_they_change),
        TEST(many_secretaries_take_turns),
    };
    return run_with_database(tests);
}
