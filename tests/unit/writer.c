/* JSON as it is written, read back by a parser. */
#include "cli/writer.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *printed;
static size_t printed_length;

static json_writer start(void)
{
    FILE *out = open_memstream(&printed, &printed_length);
    assert_non_null(out);
    return json_writer_on(out);
}

static void finish(json_writer *w, const char *expected)
{
    fclose(w->file);
    if (expected != NULL)
        assert_string_equal(printed, expected);
    json_error_t error;
    json_t *read = json_loads(printed, 0, &error);
    assert_non_null(read);
    json_decref(read);
    free(printed);
}

static void documents_are_indented(void **state)
{
    (void)state;
    json_writer w = start();
    json_open(&w, NULL, '{');
    json_text(&w, "name", "Ana");
    json_text(&w, "none", NULL);
    json_open(&w, "empty", '[');
    json_close(&w, ']');
    json_open(&w, "list", '[');
    json_integer_member(&w, NULL, INT64_MIN);
    json_open(&w, NULL, '{');
    json_close(&w, '}');
    json_close(&w, ']');
    json_raw(&w, "config", "{\"a\": 12345678901234567890.10}");
    json_flag(&w, "on", true);
    json_close(&w, '}');
    finish(&w, "{\n"
               "  \"name\": \"Ana\",\n"
               "  \"none\": null,\n"
               "  \"empty\": [],\n"
               "  \"list\": [\n"
               "    -9223372036854775808,\n"
               "    {}\n"
               "  ],\n"
               "  \"config\": {\"a\": 12345678901234567890.10},\n"
               "  \"on\": true\n"
               "}\n");
}

static void strings_are_escaped(void **state)
{
    (void)state;
    json_writer w = start();
    json_open(&w, NULL, '[');
    json_text(&w, NULL, "\"\\\b\f\n\r\t\001\033\x7F/ção 😀\xFF");
    json_close(&w, ']');
    finish(&w, "[\n  \"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001b\\u007f/ção 😀\uFFFD\"\n]\n");
}

static void numbers_read_back_the_same(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *text;
    } samples[] = {
        { 0, "0" },
        { 0.5, "0.5" },
        { 0.1 + 0.2, "0.30000000000000004" },
        { 0.7312, "0.7312" },
        { 1e21, "1e+21" },
        { -2.5e-7, "-2.5e-07" },
        { (double)NAN, "null" },
        { (double)INFINITY, "null" },
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char text[40];
        number_format(text, sizeof text, samples[i].number);
        assert_string_equal(text, samples[i].text);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_indented),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(numbers_read_back_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
