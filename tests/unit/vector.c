/* Vectors in pgvector's binary format, arrays in PostgreSQL's. */
#include "store/vector.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static vdb_status checked(const float *numbers, int dimensions)
{
    vdb_error e = { 0 };
    vdb_status status = vector_check(numbers, dimensions, &e);
    assert_int_equal(e.status, status);
    assert_int_equal(vector_check(numbers, dimensions, NULL), status);
    return status;
}

static void a_vector_must_point_somewhere(void **state)
{
    (void)state;
    static float numbers[VDB_DIMENSIONS + 1];
    assert_int_equal(checked(NULL, 3), VDB_BAD_INPUT);
    assert_int_equal(checked(numbers, 3), VDB_BAD_INPUT);
    numbers[2] = -0.0F;
    assert_int_equal(checked(numbers, 3), VDB_BAD_INPUT);
    numbers[2] = FLT_TRUE_MIN;
    assert_int_equal(checked(numbers, 3), VDB_OK);
    assert_int_equal(checked(numbers, 2), VDB_BAD_INPUT);
    assert_int_equal(checked(numbers, 0), VDB_BAD_INPUT);
    assert_int_equal(checked(numbers, -1), VDB_BAD_INPUT);
    assert_int_equal(checked(numbers, VDB_DIMENSIONS), VDB_OK);
    assert_int_equal(checked(numbers, VDB_DIMENSIONS + 1), VDB_BAD_INPUT);
    static const float odd[] = { NAN, INFINITY, -INFINITY };
    for (size_t i = 0; i < 3; i++) {
        numbers[VDB_DIMENSIONS - 1] = odd[i];
        assert_int_equal(checked(numbers, VDB_DIMENSIONS), VDB_BAD_INPUT);
        assert_int_equal(checked(numbers, VDB_DIMENSIONS - 1), VDB_OK);
    }
}

static void a_vector_is_padded_with_zeros(void **state)
{
    (void)state;
    static const float numbers[] = { 1, -2.5F };
    static const char zeros[VECTOR_BYTES];
    buffer b;
    buffer_init(&b, VECTOR_BYTES);
    assert_true(vector_append(&b, numbers, 2));
    assert_int_equal(b.length, VECTOR_BYTES);
    assert_memory_equal(b.data, "\x06\0\0\0\x3F\x80\0\0\xC0\x20\0\0", 12); /* 1536 dimensions, 0, 1.0, -2.5 */
    assert_memory_equal(b.data + 12, zeros, VECTOR_BYTES - 12);
    assert_false(vector_append(&b, numbers, 2));
    buffer_free(&b);
}

static void an_array_begins_with_its_shape(void **state)
{
    (void)state;
    buffer b;
    buffer_init(&b, 100);
    assert_true(array_begin(&b, 25, 3));
    assert_int_equal(b.length, 20);
    assert_memory_equal(b.data, "\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\3\0\0\0\1", 20);
    buffer_reset(&b);
    assert_true(array_begin(&b, 25, 0)); /* an empty array has no dimension */
    assert_int_equal(b.length, 12);
    assert_memory_equal(b.data, "\0\0\0\0\0\0\0\0\0\0\0\x19", 12);
    buffer_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vector_must_point_somewhere),
        cmocka_unit_test(a_vector_is_padded_with_zeros),
        cmocka_unit_test(an_array_begins_with_its_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
