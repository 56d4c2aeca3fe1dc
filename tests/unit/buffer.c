/* The growable buffer: its maximum, and failures that are remembered. */
#include "base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void it_grows(void **state)
{
    (void)state;
    buffer b;
    buffer_init(&b, 1 << 20);
    assert_null(b.data);
    assert_int_equal(b.length, 0);
    for (int i = 0; i < 5000; i++) {
        assert_true(buffer_append(&b, "0123456789", (size_t)(i % 11)));
        assert_int_equal(b.data[b.length], 0);
    }
    assert_int_equal(b.length, 5000 / 11 * 55 + 15); /* 0 + 1 + … + 10 each round; the last round ends at 5 */
    assert_int_equal(strlen(b.data), b.length);
    buffer_reset(&b);
    assert_int_equal(b.length, 0);
    assert_string_equal(b.data, "");
    assert_true(buffer_append_string(&b, "é") && buffer_printf(&b, "%s=%d", "x", 5));
    assert_string_equal(b.data, "éx=5");
    buffer_free(&b);
    assert_null(b.data);
    assert_true(buffer_append_string(&b, "again"));
    buffer_free(&b);
}

static void its_maximum_is_reached_exactly(void **state)
{
    (void)state;
    buffer b;
    buffer_init(&b, 8);
    assert_true(buffer_append(&b, "12345", 5));
    assert_true(buffer_printf(&b, "%d", 678));
    assert_true(buffer_append(&b, "", 0));
    assert_false(b.failed);
    assert_false(buffer_append(&b, "9", 1));
    assert_true(b.failed);
    assert_string_equal(b.data, "12345678");
    assert_false(buffer_append(&b, "", 0)); /* a failed buffer takes nothing more */
    assert_false(buffer_printf(&b, "%s", ""));
    buffer_reset(&b);
    assert_false(b.failed);
    assert_false(buffer_append(&b, "123456789", 9));
    assert_int_equal(b.length, 0);
    buffer_reset(&b);
    assert_false(buffer_printf(&b, "%s", "123456789"));
    assert_false(buffer_append(&b, "1", SIZE_MAX));
    assert_string_equal(b.data, "");
    buffer_free(&b);
}

static void numbers_are_in_network_order(void **state)
{
    (void)state;
    buffer b;
    buffer_init(&b, 100);
    assert_true(buffer_append_int16(&b, 0x1234) && buffer_append_int16(&b, -2));
    assert_true(buffer_append_int32(&b, 0x12345678) && buffer_append_int32(&b, INT32_MIN));
    assert_int_equal(b.length, 12);
    assert_memory_equal(b.data, "\x12\x34\xFF\xFE\x12\x34\x56\x78\x80\0\0\0", 12);
    buffer_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_grows),
        cmocka_unit_test(its_maximum_is_reached_exactly),
        cmocka_unit_test(numbers_are_in_network_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
