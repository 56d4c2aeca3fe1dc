/* Text on a terminal: widths, what is made harmless, tables that fit. */
#include "cli/display.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void widths_follow_unicode(void **state)
{
    (void)state;
    assert_int_equal(display_width(""), 0);
    assert_int_equal(display_width("clinic"), 6);
    assert_int_equal(display_width("Secretária"), 10);
    assert_int_equal(display_width("Secreta\xCC\x81ria"), 10); /* a combining accent */
    assert_int_equal(display_width("電話"), 4);
    assert_int_equal(display_width("☎️ 😀"), 4); /* a variation selector takes no column, a face two */
    assert_int_equal(display_width("a\xE2\x80\x8B"
                                   "b"),
                     2); /* a space of no width */
    assert_int_equal(display_width("\xFF"), 1);
}

static void clean(const char *text, bool lines, const char *expected)
{
    arena *memory = arena_new();
    assert_string_equal(display_clean(memory, text, lines), expected);
    arena_free(memory);
}

static void nothing_reaches_the_terminal_that_it_would_act_on(void **state)
{
    (void)state;
    clean("plain é 電", false, "plain é 電");
    clean("a\tb\nc\r\n", false, "a b c  ");
    clean("a\tb\nc", true, "a b\nc");
    clean("\033[31mred\033[0m", false, "\uFFFD[31mred\uFFFD[0m");
    clean("\x7F|\xC2\x9B", false, "\uFFFD|\uFFFD"); /* DEL, and the one-character CSI */
    clean("abc\u202Etxt.exe", false, "abc\uFFFDtxt.exe");
    clean("line\u2028separator", true, "line separator");
    clean("cut \xE2\x82", false, "cut \uFFFD");
}

/* What a function prints. */
static char *printed;
static size_t printed_length;

static FILE *start(void)
{
    FILE *out = open_memstream(&printed, &printed_length);
    assert_non_null(out);
    return out;
}

static void finish(FILE *out, const char *expected)
{
    fclose(out);
    assert_string_equal(printed, expected);
    free(printed);
}

static void cut(const char *text, size_t width, const char *expected, size_t used)
{
    FILE *out = start();
    assert_int_equal(display_cut(out, text, width), used);
    finish(out, expected);
}

static void long_text_is_cut_on_a_character(void **state)
{
    (void)state;
    cut("Recepção", 8, "Recepção", 8);
    cut("Recepção", 7, "Recepç…", 7);
    cut("Recepção", 1, "…", 1);
    cut("Recepção", 0, "", 0);
    cut("電話番号", 6, "電話…", 5);
    cut("電話番号", 5, "電話…", 5);
    cut("電話番号", 8, "電話番号", 8);
}

static const display_column head[] = { { .title = "name" },
                                       { .title = "count", .right = true },
                                       { .title = "x_uuid", .whole = true } };
static const char *const cells[] = { "Secretária da Clínica", "1", "00000000-0001", "電話", "12345678", NULL };

static void columns_are_aligned(void **state)
{
    (void)state;
    FILE *out = start();
    display_table(out, head, 3, cells, 2, 0);
    finish(out, "name                      count  x_uuid\n"
                "Secretária da Clínica         1  00000000-0001\n"
                "電話                   12345678  \n");
}

static void a_narrow_terminal_cuts_text_first_and_numbers_never(void **state)
{
    (void)state;
    FILE *out = start();
    display_table(out, head, 3, cells, 2, 36);
    finish(out, "name            count  x_uuid\n"
                "Secretária…         1  00000000-0001\n"
                "電話         12345678  \n");
    out = start();
    display_table(out, head, 3, cells, 2, 10);
    finish(out, "name       count  x_uuid\n"
                "Secre…         1  00000…\n"
                "電話    12345678  \n");
}

static void an_empty_table_has_its_head(void **state)
{
    (void)state;
    FILE *out = start();
    display_table(out, head, 3, cells, 0, 80);
    finish(out, "name  count  x_uuid\n");
}

static void values_of_several_lines_are_indented(void **state)
{
    (void)state;
    static const char *const keys[] = { "name", "system_prompt", "none" };
    static const char *const values[] = { "Ana", "first\n\nthird", NULL };
    FILE *out = start();
    display_pairs(out, keys, values, 3);
    finish(out, "name           Ana\n"
                "system_prompt  first\n"
                "               \n"
                "               third\n"
                "none\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths_follow_unicode),
        cmocka_unit_test(nothing_reaches_the_terminal_that_it_would_act_on),
        cmocka_unit_test(long_text_is_cut_on_a_character),
        cmocka_unit_test(columns_are_aligned),
        cmocka_unit_test(a_narrow_terminal_cuts_text_first_and_numbers_never),
        cmocka_unit_test(an_empty_table_has_its_head),
        cmocka_unit_test(values_of_several_lines_are_indented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
