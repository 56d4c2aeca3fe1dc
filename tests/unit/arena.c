/* Memory that is freed at once. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void memory_is_zeroed_aligned_and_its_own(void **state)
{
    (void)state;
    arena *a = arena_new();
    unsigned char *blocks[400];
    for (size_t i = 0; i < 400; i++) {
        blocks[i] = arena_alloc(a, i * 13);
        assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
        for (size_t j = 0; j < i * 13; j++)
            assert_int_equal(blocks[i][j], 0);
        memset(blocks[i], (int)i, i * 13);
    }
    for (size_t i = 0; i < 400; i++) {
        for (size_t j = 0; j < i * 13; j++)
            assert_int_equal(blocks[i][j], i & 0xFF);
    }
    arena_free(a);
    arena_free(NULL);
}

static void absurd_sizes_are_refused(void **state)
{
    (void)state;
    arena *a = arena_new();
    assert_null(arena_alloc(a, SIZE_MAX));
    assert_null(arena_alloc(a, SIZE_MAX - 8));
    assert_null(arena_array(a, SIZE_MAX / 4, 8));
    assert_null(arena_array(a, SIZE_MAX, SIZE_MAX));
    assert_non_null(arena_array(a, 3, 0));
    assert_non_null(arena_array(a, 0, SIZE_MAX));
    assert_non_null(arena_alloc(a, 5 << 20)); /* more than a block grows to */
    assert_non_null(arena_alloc(a, 1));
    arena_free(a);
}

static void texts_are_copied(void **state)
{
    (void)state;
    arena *a = arena_new();
    char source[] = "abcdef";
    char *part = arena_copy(a, source, 3), *all = arena_copy_string(a, source), *none = arena_copy(a, source, 0);
    memset(source, 'x', sizeof source - 1);
    assert_string_equal(part, "abc");
    assert_string_equal(all, "abcdef");
    assert_string_equal(none, "");
    assert_null(arena_copy_string(a, NULL));
    char *long_text = arena_printf(a, "%05d%*s", 7, 10000, "é");
    assert_int_equal(strlen(long_text), 5 + 10000);
    assert_memory_equal(long_text, "00007 ", 6);
    assert_string_equal(arena_printf(a, "%s", ""), "");
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_its_own),
        cmocka_unit_test(absurd_sizes_are_refused),
        cmocka_unit_test(texts_are_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
