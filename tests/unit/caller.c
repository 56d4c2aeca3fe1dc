/* Which caller ids are one caller's, and that the ledger's hashes say the same. */
#include "privacy/erasures.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

typedef struct pair {
    const char *a, *b;
    bool same;
} pair;

static const pair pairs[] = {
    { "+5511987654321", "+55 (11) 98765-4321", true },
    { "+5511987654321", "11987654321", true },
    { "+5511987654321", "011987654321", true },
    { "+5511987654321", "00 55 11 98765-4321", true },
    { "+551134567890", "1134567890", true },
    { "+5511987654321", "987654321", false }, /* without an area it may be anybody's */
    { "+5511987654321", "+5521987654321", false },
    { "+5511987654321", "+5511987654322", false },
    { "1001", "1001", true },
    { "1001", "01001", false },
    { "anonymous", "anonymous", true },
    { "anonymous", "Anonymous", false },
    { "sip:11987654321@pbx", "11987654321", false },
    { "+", "+", true },
    { "+", "-", false },
};

static caller read_caller(const char *text)
{
    caller c;
    assert_int_equal(caller_read(text, &c, NULL), VDB_OK);
    return c;
}

static void spellings_of_one_number_are_one_caller(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        const caller a = read_caller(pairs[i].a), b = read_caller(pairs[i].b);
        if (caller_is_same(&a, &b) != pairs[i].same || caller_is_same(&b, &a) != pairs[i].same)
            fail_msg("%s and %s", pairs[i].a, pairs[i].b);
    }
}

static void what_is_no_caller_is_refused(void **state)
{
    caller c;
    char longest[CALLER_ROOM + 1];
    (void)state;
    memset(longest, '1', sizeof longest);
    longest[CALLER_ROOM] = '\0';
    assert_int_equal(caller_read("", &c, NULL), VDB_USAGE);
    assert_int_equal(caller_read(NULL, &c, NULL), VDB_USAGE);
    assert_int_equal(caller_read(longest, &c, NULL), VDB_USAGE);
    longest[CALLER_ROOM - 1] = '\0';
    assert_int_equal(caller_read(longest, &c, NULL), VDB_OK);
}

static const char *hashes_of(const erasure_key *key, const char *domain, const char *number, buffer *text)
{
    const caller c = read_caller(number);
    buffer_free(text);
    buffer_init(text, 4096);
    erasure_hash(key, domain, &c, text);
    assert_false(text->failed);
    return text->data;
}

static void hashes_depend_on_key_tenant_and_number_alone(void **state)
{
    static const char one[] = "00000000-0000-4000-8000-00000000000a", two[] = "00000000-0000-4000-8000-00000000000b";
    erasure_key key = { .bytes = { 1 } }, other = { .bytes = { 2 } };
    buffer a, b;
    (void)state;
    buffer_init(&a, 4096);
    buffer_init(&b, 4096);
    assert_string_equal(hashes_of(&key, one, "+5511987654321", &a), hashes_of(&key, one, "55 11 98765-4321", &b));
    assert_int_equal(strlen(a.data), 2 * HASH_BYTES * 4); /* thirteen digits, and their ends of twelve, eleven, ten */
    assert_string_not_equal(a.data, hashes_of(&other, one, "+5511987654321", &b));
    assert_string_not_equal(a.data, hashes_of(&key, two, "+5511987654321", &b));
    /* The end of eleven digits is what that number alone would be. */
    assert_memory_equal(a.data + 4 * HASH_BYTES, hashes_of(&key, one, "11987654321", &b), 2 * HASH_BYTES);
    buffer_free(&a);
    buffer_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_of_one_number_are_one_caller),
        cmocka_unit_test(what_is_no_caller_is_refused),
        cmocka_unit_test(hashes_depend_on_key_tenant_and_number_alone),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
