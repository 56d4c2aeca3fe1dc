/* Working hours by the clock on the wall; rules by what was said, whatever their expressions are. */
#include "base/arena.h"
#include "store/rule_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static arena *memory;
static vdb_error failure;

/* ---- working hours ----------------------------------------------------------------------------------------------- */

static hours *parsed(const char *json)
{
    hours *h;
    if (hours_parse(memory, json, &h, &failure) != VDB_OK)
        fail_msg("%s: %s (%s)", json, failure.message, failure.detail);
    return h;
}

static bool is_open(const char *json, const char *when)
{
    local_time t;
    assert_true(local_time_parse(when, &t));
    return hours_are_open(parsed(json), &t);
}

#define WEEK                                                                                                           \
    "{\"timezone\": \"America/Sao_Paulo\", \"mon-fri\": [\"08:00-12:00\", \"13:30-18:00\"], \"sat\": \"09:00-12:00\"}"
#define NIGHT "{\"fri\": \"22:00-02:00\", \"sun\": \"23:00-24:00\", \"wed\": [\"00:00-24:00\"]}"
#define FEAST                                                                                                          \
    "{\"mon-sun\": \"08:00-18:00\", \"holidays\": {\"12-25\": [], \"2026-12-24\": \"08:00-12:00\", \"12-31\": "        \
    "\"20:00-01:00\", "                                                                                                \
    "\"2027-12-25\": \"10:00-11:00\", \"02-29\": []}}"

static void hours_are_those_of_the_wall(void **state)
{
    (void)state;
    static const struct {
        const char *json, *when;
        bool open;
    } cases[] = {
        { WEEK, "2026-11-23 07:59", false }, /* a Monday */
        { WEEK, "2026-11-23 08:00", true },
        { WEEK, "2026-11-23 11:59", true },
        { WEEK, "2026-11-23 12:00", false },
        { WEEK, "2026-11-23 13:30", true },
        { WEEK, "2026-11-27 17:59", true },
        { WEEK, "2026-11-28 11:00", true },
        { WEEK, "2026-11-28 13:30", false },
        { WEEK, "2026-11-29 11:00", false },
        { NIGHT, "2026-11-27 21:59", false }, /* a Friday */
        { NIGHT, "2026-11-27 22:00", true },
        { NIGHT, "2026-11-28 00:00", true },
        { NIGHT, "2026-11-28 01:59", true },
        { NIGHT, "2026-11-28 02:00", false },
        { NIGHT, "2026-11-27 01:00", false },
        { NIGHT, "2026-11-29 23:59", true },
        { NIGHT, "2026-11-30 00:00", false },
        { NIGHT, "2026-11-25 00:00", true },
        { NIGHT, "2026-11-25 23:59", true },
        { FEAST, "2026-12-25 10:30", false },
        { FEAST, "2027-12-25 10:30", true },
        { FEAST, "2028-12-25 10:30", false },
        { FEAST, "2026-12-24 11:59", true },
        { FEAST, "2026-12-24 12:00", false },
        { FEAST, "2027-12-24 12:00", true },
        { FEAST, "2026-12-31 10:00", false },
        { FEAST, "2027-01-01 00:30", true }, /* what began on the eve goes on, over the year's end */
        { FEAST, "2027-01-01 01:00", false },
        { FEAST, "2028-02-29 10:00", false },
        { FEAST, "2027-03-01 10:00", true },
        { "{\"sat-mon\": \"08:00-18:00\"}", "2026-11-29 10:00", true },
        { "{\"sat-mon\": \"08:00-18:00\"}", "2026-11-24 10:00", false },
        { "{\"mon\": []}", "2026-11-23 10:00", false },
        { "{}", "2026-11-29 03:00", true },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (is_open(cases[i].json, cases[i].when) != cases[i].open)
            fail_msg("%s at %s is not %s", cases[i].json, cases[i].when, cases[i].open ? "open" : "closed");
    }
    assert_null(parsed(NULL));
    assert_string_equal(hours_zone(parsed(WEEK)), "America/Sao_Paulo");
    assert_null(hours_zone(parsed(NIGHT)));
}

/* Every day of a whole cycle of the calendar is the weekday that the C library says. */
static void weekdays_are_the_calendars(void **state)
{
    (void)state;
    hours *mondays = parsed("{\"mon\": \"00:00-24:00\"}");
    for (time_t day = 0; day < 146097; day++) {
        struct tm tm;
        time_t seconds = day * 86400 + 3600;
        gmtime_r(&seconds, &tm);
        const local_time t = { tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, 60 };
        assert_int_equal(hours_are_open(mondays, &t), tm.tm_wday == 1);
    }
}

static void malformed_hours_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "[]",
        "1",
        "{\"mon\"",
        "{\"monday\": \"08:00-18:00\"}",
        "{\"mon\": \"8:00-18:00\"}",
        "{\"mon\": \"08:00\"}",
        "{\"mon\": [\"08:00\", \"18:00\"]}",
        "{\"mon\": \"08:00-08:00\"}",
        "{\"mon\": \"24:00-08:00\"}",
        "{\"mon\": \"08:60-09:00\"}",
        "{\"mon\": \"08:00-25:00\"}",
        "{\"mon\": \"08:00-24:01\"}",
        "{\"mon\": {}}",
        "{\"mon\": null}",
        "{\"mon\": [8]}",
        "{\"mon\": \"08:00-18:00\", \"mon-fri\": \"08:00-18:00\"}",
        "{\"mon-\": \"08:00-18:00\"}",
        "{\"mon-xyz\": \"08:00-18:00\"}",
        "{\"timezone\": \"America/Sao_Paulo\"}",
        "{\"timezone\": \"BRT\", \"mon\": []}",
        "{\"timezone\": \"a/b; DROP\", \"mon\": []}",
        "{\"timezone\": 3, \"mon\": []}",
        "{\"mon\": [], \"holidays\": []}",
        "{\"mon\": [], \"holidays\": {\"25-12\": []}}",
        "{\"mon\": [], \"holidays\": {\"2027-02-29\": []}}",
        "{\"mon\": [], \"holidays\": {\"12-25\": 1}}",
        "{\"holidays\": {\"12-25\": []}}",
        "{\"mon\": [], \"mon\": []}",
        "{\"mon\": \"-8:00-18:00\"}",
        "{\"mon\": \"08:00-18:00\\u0000\"}",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        hours *h;
        failure.status = VDB_OK;
        if (hours_parse(memory, cases[i], &h, &failure) != VDB_BAD_INPUT || failure.hint[0] == '\0')
            fail_msg("%s is taken", cases[i]);
    }
    local_time t;
    static const char *const times[] = { "",
                                         "2026-11-22",
                                         "2026-13-22 10:00",
                                         "2026-02-29 10:00",
                                         "2026-11-22 24:00",
                                         "2026-11-22T10:00",
                                         "2026-11-22 10:60",
                                         "20261122 10:00  " };
    for (size_t i = 0; i < COUNT(times); i++)
        assert_false(local_time_parse(times[i], &t));
}

/* ---- rules ------------------------------------------------------------------------------------------------------- */

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Rows as a query gives them: the set frees them. */
static rule_set *set_of(const vdb_transfer_rule *rules, size_t count)
{
    arena *own;
    rule_set *set;
    vdb_transfer_rule *rows = rows_allocate(sizeof *rows, count, &own);
    memcpy(rows, rules, count * sizeof *rows);
    assert_int_equal(rule_set_new(rows, count, "1", &set, &failure), VDB_OK);
    return set;
}

static rule_match match_one(vdb_transfer_rule rule, const char *utterance)
{
    rule_match match = { 0 };
    rule.enabled = true;
    rule_set *set = set_of(&rule, 1);
    assert_int_equal(rule_set_match(set, memory, utterance, &match, &failure), VDB_OK);
    match.matched = match.matched == NULL ? NULL : arena_copy_string(memory, match.matched);
    match.trouble = match.trouble == NULL ? NULL : arena_copy_string(memory, match.trouble);
    rule_set_release(set);
    return match;
}

static void keywords_are_whole_words(void **state)
{
    (void)state;
    static const struct {
        const char *keyword, *utterance;
        bool meant;
    } cases[] = {
        { "boleto", "Quero o boleto.", true },
        { "boleto", "os BOLETOS!", true },
        { "boletos", "o boleto", true },
        { "boleto", "o boletim", false },
        { "dor", "adormeceu", false },
        { "dor", "a dor", true },
        { "nota fiscal", "duas notas fiscais, por favor", true },
        { "nota fiscal", "a nota, fiscal", true },
        { "nota fiscal", "a nota do fiscal", false },
        { "nota fiscal", "fiscal nota", false },
        { "nota fiscal", "nota", false },
        { "cartão", "meus cartoes", true },
        { "cartao", "CARTÕES", true },
        { "férias", "ferias", true },
        { "segunda via", "segunda-via", true },
        { "2ª via", "a 2a via", true },
        { "hotel", "hotéis", true },
        { "a a b", "a a a b", true },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        rule_match m =
            match_one((vdb_transfer_rule){ .intent_keywords = WORDS("zzz", cases[i].keyword) }, cases[i].utterance);
        if ((m.by != NULL) != cases[i].meant)
            fail_msg("\"%s\" in \"%s\" is%s meant", cases[i].keyword, cases[i].utterance, m.by == NULL ? " not" : "");
        if (m.by != NULL)
            assert_string_equal(m.matched, cases[i].keyword);
    }
}

static void patterns_are_perls(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *utterance;
        bool meant;
    } cases[] = {
        { "segunda via|boletos?", "a SEGUNDA VIA", true },
        { "\\bnão\\b.*pag", "NÃO vou pagar", true },
        { "^pagar", "quero pagar", false },
        { "(?<dia>\\d{2})/\\d{2}", "em 12/11", true },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        rule_match m = match_one((vdb_transfer_rule){ .intent_patterns = WORDS(cases[i].pattern) }, cases[i].utterance);
        if ((m.by != NULL) != cases[i].meant)
            fail_msg("%s on \"%s\"", cases[i].pattern, cases[i].utterance);
        if (m.by != NULL)
            assert_string_equal(m.by, "pattern");
    }
}

/* An expression that would take longer than the universe is given up, and the other ones of the rule still count. */
static void expressions_that_explode_are_given_up(void **state)
{
    (void)state;
    static const char *const bombs[] = {
        "(a+)+$", "^(a+)+$", "(a|aa)+$", "(?:a+)+[^!]$", "^(([a-z])+.)+[A-Z]([a-z])+$", "((a{1,100}){1,100}){1,100}b"
    };
    char *said = arena_alloc(memory, 40000);
    memset(said, 'a', 30000);
    said[30000] = '!';
    for (size_t i = 0; i < COUNT(bombs); i++) {
        rule_match m = match_one((vdb_transfer_rule){ .intent_patterns = WORDS(bombs[i], "never said") }, said);
        assert_null(m.by);
        assert_non_null(m.trouble);
        m = match_one((vdb_transfer_rule){ .intent_patterns = WORDS(bombs[i], "!$") }, said);
        assert_string_equal(m.by, "pattern");
    }
}

static void patterns_that_are_none_are_told_and_passed(void **state)
{
    (void)state;
    static const char *const broken[] = { "(", "[a", "a{2,1}", "\\C", "(?<n>a)(?<n>b)", "\\p{Nothing}", "*" };
    for (size_t i = 0; i < COUNT(broken); i++) {
        assert_int_equal(rule_check_pattern(broken[i], &failure), VDB_BAD_INPUT);
        assert_non_null(strstr(failure.detail, "character"));
        rule_match m = match_one((vdb_transfer_rule){ .intent_patterns = WORDS(broken[i]) }, "x");
        assert_null(m.by);
        assert_true(m.trouble != NULL && strstr(m.trouble, "cannot be used") != NULL);
        m = match_one((vdb_transfer_rule){ .intent_keywords = WORDS("x"), .intent_patterns = WORDS(broken[i]) }, "x");
        assert_string_equal(m.by, "keyword");
    }
    char *longest = arena_alloc(memory, 1200);
    memset(longest, 'a', 1100);
    assert_int_equal(rule_check_pattern(longest, &failure), VDB_BAD_INPUT);
    memset(longest, '(', 200);
    memset(longest + 200, ')', 200);
    longest[400] = '\0';
    assert_int_equal(rule_check_pattern(longest, &failure), VDB_BAD_INPUT);
    assert_int_equal(rule_check_pattern("segunda via|boletos?", &failure), VDB_OK);
}

static void many_rules_share_words(void **state)
{
    (void)state;
    enum { RULES = 200 };
    vdb_transfer_rule rules[RULES];
    for (size_t i = 0; i < RULES; i++)
        rules[i] = (vdb_transfer_rule){ .enabled = i != 7,
                                        .intent_keywords = (const char *const *)memcpy(
                                            arena_alloc(memory, 3 * sizeof(char *)),
                                            WORDS(arena_printf(memory, "setor %zu", i), "setor"), 3 * sizeof(char *)) };
    rule_set *set = set_of(rules, RULES);
    rule_match matches[RULES] = { 0 };
    assert_int_equal(rule_set_match(set, memory, "quero o setor 42", matches, &failure), VDB_OK);
    for (size_t i = 0; i < RULES; i++) {
        assert_int_equal(matches[i].by != NULL, i != 7);
        if (i == 41)
            assert_string_equal(matches[i].matched, "setor");
    }
    rule_set_release(set);
}

static int begin(void **state)
{
    (void)state;
    memory = arena_new();
    return memory == NULL;
}

static int end(void **state)
{
    (void)state;
    arena_free(memory);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours_are_those_of_the_wall),
        cmocka_unit_test(weekdays_are_the_calendars),
        cmocka_unit_test(malformed_hours_are_refused),
        cmocka_unit_test(keywords_are_whole_words),
        cmocka_unit_test(patterns_are_perls),
        cmocka_unit_test(expressions_that_explode_are_given_up),
        cmocka_unit_test(patterns_that_are_none_are_told_and_passed),
        cmocka_unit_test(many_rules_share_words),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
