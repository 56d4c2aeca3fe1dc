/* Instants as text. */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void instants_are_written_as_rfc_3339(void **state)
{
    (void)state;
    static const struct {
        int64_t at;
        const char *text;
    } cases[] = {
        { 0, "1970-01-01T00:00:00Z" },
        { 1, "1970-01-01T00:00:00.000001Z" },
        { -1, "1969-12-31T23:59:59.999999Z" },
        { 1767225600123456, "2026-01-01T00:00:00.123456Z" },
        { INT64_MAX, "294247-01-10T04:00:54.775807Z" },
        { INT64_MIN, "-290308-12-21T19:59:05.224192Z" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[CLOCK_TEXT];
        assert_string_equal(clock_format(cases[i].at, text), cases[i].text);
    }
}

static void a_wait_ends_in_the_future(void **state)
{
    (void)state;
    struct timespec now, later = clock_after_ms(1999);
    clock_gettime(CLOCK_MONOTONIC, &now);
    assert_in_range(later.tv_nsec, 0, 999999999);
    assert_in_range(later.tv_sec, now.tv_sec, now.tv_sec + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instants_are_written_as_rfc_3339),
        cmocka_unit_test(a_wait_ends_in_the_future),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
