/* UUIDs as bytes and as text. */
#include "base/uuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void a_text_and_its_bytes_are_the_same(void **state)
{
    (void)state;
    static const uint8_t bytes[16] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF,
                                       0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10 };
    char text[37];
    uuid id;
    assert_true(uuid_parse("01234567-89aB-CDEF-fedc-ba9876543210", &id));
    assert_memory_equal(id.bytes, bytes, sizeof bytes);
    uuid_format(&id, text);
    assert_string_equal(text, "01234567-89ab-cdef-fedc-ba9876543210");
}

static void what_is_no_uuid_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { NULL, "", "01234567-89ab-cdef-fedc-ba987654321",
                                       "0123456789abcdeffedcba9876543210", "g1234567-89ab-cdef-fedc-ba9876543210" };
    uuid id;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(uuid_parse(bad[i], &id));
}

/* RFC 9562: the version in four bits, the variant in two. */
static void made_ones_say_how(void **state)
{
    (void)state;
    uint8_t hash[16];
    memset(hash, 0xFF, sizeof hash);
    uuid made = uuid_from_hash(hash), again = uuid_from_hash(hash), random = uuid_random(), other = uuid_random();
    char text[37];
    uuid_format(&made, text);
    assert_string_equal(text, "ffffffff-ffff-8fff-bfff-ffffffffffff");
    assert_true(uuid_equal(&made, &again));
    assert_int_equal(random.bytes[6] >> 4, 4);
    assert_int_equal(random.bytes[8] >> 6, 2);
    assert_false(uuid_equal(&random, &other));
    assert_true(uuid_is_nil(&(uuid){ { 0 } }));
    assert_false(uuid_is_nil(&random));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_and_its_bytes_are_the_same),
        cmocka_unit_test(what_is_no_uuid_is_refused),
        cmocka_unit_test(made_ones_say_how),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
