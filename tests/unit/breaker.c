/* When a provider that fails is asked, and when it is left alone. */
#include "knowledge/breaker.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { LIMIT = 80 };

/* Questions that failed for lack of time, the last one at `now`. */
static breaker failed_often(double now)
{
    breaker b = { 0 };
    for (int i = 0; i < BREAKER_FAILURES; i++)
        breaker_failed(&b, LIMIT, LIMIT, now);
    return b;
}

static void a_few_failures_change_nothing(void **state)
{
    (void)state;
    breaker b = { 0 };
    assert_true(breaker_allows(&b, LIMIT, 0));
    for (int i = 1; i < BREAKER_FAILURES; i++) {
        breaker_failed(&b, LIMIT, LIMIT, 0);
        assert_true(breaker_allows(&b, LIMIT, 0));
    }
    breaker_failed(&b, LIMIT, LIMIT, 0);
    assert_false(breaker_allows(&b, LIMIT, 0));
}

static void one_question_tries_after_the_pause(void **state)
{
    (void)state;
    breaker b = failed_often(1000);
    double now = 1000, pause = BREAKER_PAUSE_MS;
    for (int i = 0; i < 8; i++) {
        assert_false(breaker_allows(&b, LIMIT, now + pause - 1));
        now += pause;
        pause = fmin(2 * pause, BREAKER_LONGEST_PAUSE_MS);
        assert_true(breaker_allows(&b, LIMIT, now));
        assert_false(breaker_allows(&b, LIMIT, now + 1)); /* whatever becomes of the first */
        breaker_failed(&b, LIMIT, LIMIT, now + LIMIT);
        assert_false(breaker_allows(&b, LIMIT, now + LIMIT));
    }
    assert_true(pause == BREAKER_LONGEST_PAUSE_MS);
}

/* A caller who gives it too little time is no reason for others to do without. */
static void who_has_more_time_asks_all_the_same(void **state)
{
    (void)state;
    breaker b = failed_often(0);
    assert_false(breaker_allows(&b, LIMIT - 1, 0));
    assert_false(breaker_allows(&b, LIMIT + 4, 0));
    assert_true(breaker_allows(&b, 2 * LIMIT, 0));
    assert_true(breaker_allows(&b, INFINITY, 0));
    breaker_failed(&b, 10 * LIMIT, 10 * LIMIT, 0);
    assert_false(breaker_allows(&b, 10 * LIMIT, 0));
    assert_true(breaker_allows(&b, INFINITY, 0));
}

static void time_does_not_help_against_a_refusal(void **state)
{
    (void)state;
    breaker b = failed_often(0);
    breaker_failed(&b, LIMIT, 1, 0);
    assert_false(breaker_allows(&b, 1000 * LIMIT, 0));
    assert_false(breaker_allows(&b, INFINITY, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_few_failures_change_nothing),
        cmocka_unit_test(one_question_tries_after_the_pause),
        cmocka_unit_test(who_has_more_time_asks_all_the_same),
        cmocka_unit_test(time_does_not_help_against_a_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
