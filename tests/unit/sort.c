/* Lists of numbers, sorted as qsort() does. */
#include "base/sort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 2000 };

static int compare(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static void check(const int32_t *numbers, size_t count)
{
    int32_t sorted[MOST], expected[MOST], scratch[MOST];
    memcpy(sorted, numbers, count * sizeof *numbers);
    memcpy(expected, numbers, count * sizeof *numbers);
    sort_integers(sorted, scratch, count);
    qsort(expected, count, sizeof *expected, compare);
    assert_memory_equal(sorted, expected, count * sizeof *numbers);
}

static void any_list_is_sorted(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (size_t count = 1; count <= MOST; count = count * 3 / 2 + 1) {
        int32_t numbers[MOST];
        for (size_t i = 0; i < count; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            numbers[i] = (int32_t)(uint32_t)(seed >> (i % 3 == 0 ? 56 : 32)); /* some of them small, and alike */
        }
        check(numbers, count);
    }
}

static void the_ends_of_the_range_are_in_order(void **state)
{
    (void)state;
    static const int32_t numbers[] = { 0, INT32_MAX, -1, INT32_MIN, 1, INT32_MIN + 1, INT32_MAX - 1, 256, -256, 0 };
    check(numbers, sizeof numbers / sizeof numbers[0]);
}

static void an_empty_list_stays_empty(void **state)
{
    (void)state;
    int32_t untouched = 7;
    sort_integers(&untouched, &untouched, 0);
    assert_int_equal(untouched, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_list_is_sorted),
        cmocka_unit_test(the_ends_of_the_range_are_in_order),
        cmocka_unit_test(an_empty_list_stays_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
