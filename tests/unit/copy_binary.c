/* COPY's text made binary: what a server would send for the same values. */
#include "backup/copy_binary.h"

#include <arpa/inet.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The row's fields in hexadecimal, each behind its length; "none" when it is refused. */
static const char *binary(const char *types, const char *row)
{
    static char made[1024];
    buffer out;
    buffer_init(&out, 1 << 20);
    snprintf(made, sizeof made, "none");
    if (copy_binary_row(types, row, strlen(row), &out)) {
        assert_true(out.length >= 2 && 2 * out.length < sizeof made);
        assert_int_equal((unsigned char)out.data[0] * 256 + (unsigned char)out.data[1], strlen(types));
        for (size_t i = 2; i < out.length; i++)
            snprintf(made + 2 * (i - 2), 3, "%02x", (unsigned char)out.data[i]);
    }
    buffer_free(&out);
    return made;
}

static void each_type_is_as_a_server_sends_it(void **state)
{
    (void)state;
    static const struct {
        const char *types, *row, *wanted;
    } rows[] = {
        { "i", "1\n",
          "00000004"
          "00000001" },
        { "i", "-2147483648\n",
          "00000004"
          "80000000" },
        { "l", "-2\n",
          "00000008"
          "fffffffffffffffe" },
        { "b", "t\n",
          "00000001"
          "01" },
        { "b", "f\n",
          "00000001"
          "00" },
        { "t", "\n", "00000000" },
        { "t", "\\N\n", "ffffffff" },
        { "t", "\\\\N\n",
          "00000002"
          "5c4e" },
        { "t", "a\\tb\\n\\r\\b\\f\\v\\\\\n",
          "00000009"
          "6109620a0d080c0b5c" },
        { "j", "{}\n",
          "00000003"
          "017b7d" },
        { "u", "00112233-4455-6677-8899-aabbccddeeff\n",
          "00000010"
          "00112233445566778899aabbccddeeff" },
        { "v", "[1,-2.5,0,-0]\n",
          "00000014"
          "0004"
          "0000"
          "3f800000"
          "c0200000"
          "00000000"
          "80000000" },
        { "itv", "7\t\\N\t[1e-45]\n",
          "00000004"
          "00000007"
          "ffffffff"
          "00000008"
          "0001"
          "0000"
          "00000001" },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(binary(rows[i].types, rows[i].row), rows[i].wanted);
}

/* Microseconds from 2000-01-01 00:00 UTC; figures by PostgreSQL's timestamptz_send(). */
static void instants(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t wanted;
    } instants[] = {
        { "2000-01-01 00:00:00+00", 0 },
        { "1999-12-31 23:59:59.999999+00", -1 },
        { "2000-01-01 00:00:00.5-03", 10800500000 },
        { "2000-01-01 05:30:00+05:30", 0 },
        { "1914-01-01 00:00:00-03:06:28", -2713899212000000 },
        { "2024-02-29 12:00:00+00", 762523200000000 },
        { "infinity", INT64_MAX },
        { "-infinity", INT64_MIN },
        { "0001-01-01 00:00:00+00", -63082281600000000 },
        { "0001-01-01 00:00:00+00 BC", -63113904000000000 },
        { "4714-11-24 00:00:00+00 BC", -211813488000000000 },
        { "294276-12-31 23:59:59.999999+00", 9223371331199999999 },
    };
    for (size_t i = 0; i < COUNT(instants); i++) {
        char row[64], wanted[32];
        snprintf(row, sizeof row, "%s\n", instants[i].text);
        snprintf(wanted, sizeof wanted, "00000008%016llx", (unsigned long long)instants[i].wanted);
        assert_string_equal(binary("z", row), wanted);
    }
}

static void what_is_no_such_value_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *types, *row;
    } rows[] = {
        { "i", "\n" },           { "i", "x\n" },       { "i", "1x\n" },
        { "i", "2147483648\n" }, { "i", "1\t2\n" },    { "ii", "1\n" },
        { "b", "true\n" },       { "t", "\\\n" },      { "u", "00112233-4455-6677-8899-aabbccddeef\n" },
        { "z", "2000-01-01\n" }, { "z", "now\n" },     { "z", "2000-01-01 00:00:00+00 AD\n" },
        { "v", "[1,2\n" },       { "v", "[1,2]3\n" },  { "v", "[]\n" },
        { "v", "[NaN]\n" },      { "v", "[1e]\n" },    { "v", "[1,,2]\n" },
        { "v", "[.]\n" },        { "v", "[0x1p3]\n" }, { "z", "2000-01-01 00:00:00.1234567+00\n" },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(binary(rows[i].types, rows[i].row), "none");
}

static void assert_same_float(const char *text)
{
    char row[80];
    float number = strtof(text, NULL);
    uint32_t wanted, made;
    buffer out;
    buffer_init(&out, 4096);
    snprintf(row, sizeof row, "[%s]\n", text);
    assert_true(copy_binary_row("v", row, strlen(row), &out));
    assert_int_equal(out.length, 14);
    memcpy(&wanted, &number, sizeof wanted);
    memcpy(&made, out.data + 10, sizeof made);
    if (ntohl(made) != wanted)
        fail_msg("%s became %08x instead of %08x", text, ntohl(made), wanted);
    buffer_free(&out);
}

/* Floats of all sizes, written with as many digits as PostgreSQL writes and with more; and what lies in the middle
 * between two floats, or beside it by less than a double can tell. */
static void numbers_are_those_of_strtof(void **state)
{
    (void)state;
    uint64_t seed = 20;
    for (int i = 0; i < 300000; i++) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        uint32_t bits = (uint32_t)(seed >> 32);
        float value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        char text[64];
        snprintf(text, sizeof text, "%.*g", 6 + i % 4, (double)value);
        assert_same_float(text);
        double middle = ((double)value + (double)nextafterf(value, 0)) / 2;
        snprintf(text, sizeof text, "%.*g", 12 + i % 8, middle);
        assert_same_float(text);
    }
    static const char *const special[] = {
        "0",       "-0",       "3.4028235e+38", "1.17549435e-38",     "1.1754942e-38",       "1e-45",
        "7.1e-46", "16777217", "16777216.99",   "16777217.000000001", "16777218.9999999999", "9007199254740993",
        "0.1",     "1e22",     "1e23",          "123456789e-30"
    };
    for (size_t i = 0; i < COUNT(special); i++)
        assert_same_float(special[i]);
}

static void a_head_and_an_end(void **state)
{
    (void)state;
    buffer out;
    buffer_init(&out, 100);
    copy_binary_begin(&out);
    assert_int_equal(out.length, 19);
    assert_memory_equal(out.data, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
    copy_binary_end(&out);
    assert_memory_equal(out.data + 19, "\377\377", 2);
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_is_as_a_server_sends_it),
        cmocka_unit_test(instants),
        cmocka_unit_test(what_is_no_such_value_is_refused),
        cmocka_unit_test(numbers_are_those_of_strtof),
        cmocka_unit_test(a_head_and_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
