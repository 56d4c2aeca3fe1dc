/* Unicode text: validity, folding, whole words. */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Copies to the heap without a NUL, so that a sanitizer sees any read past the end. */
static char *exact_copy(const char *bytes, size_t length)
{
    char *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    return copy;
}

typedef struct sample {
    const char *bytes;
    size_t length;
} sample;

#define SAMPLE(literal)                                                                                                \
    {                                                                                                                  \
        literal, sizeof(literal) - 1                                                                                   \
    }

static void valid_utf8_is_accepted(void **state)
{
    (void)state;
    static const sample samples[] = {
        SAMPLE(""),
        SAMPLE("plain"),
        SAMPLE("a longer line that fills more than one machine word: ação"),
        SAMPLE("with\0NUL"),
        SAMPLE("\x7F"),
        SAMPLE("\xC2\x80"),
        SAMPLE("\xDF\xBF"),
        SAMPLE("\xE0\xA0\x80"),
        SAMPLE("\xED\x9F\xBF"),
        SAMPLE("\xEE\x80\x80"),
        SAMPLE("\xEF\xBB\xBF"),
        SAMPLE("\xEF\xBF\xBF"),
        SAMPLE("\xF0\x90\x80\x80"),
        SAMPLE("\xF4\x8F\xBF\xBF"),
        SAMPLE("eight by\xF0\x9F\x98\x80"),
    };
    for (size_t i = 0; i < COUNT(samples); i++) {
        char *copy = exact_copy(samples[i].bytes, samples[i].length);
        assert_true(text_is_utf8(copy, samples[i].length));
        free(copy);
    }
}

static void invalid_utf8_is_refused(void **state)
{
    (void)state;
    static const sample samples[] = {
        SAMPLE("\x80"),                 /* a continuation alone */
        SAMPLE("12345678\xBF"),         /* likewise, behind a whole word */
        SAMPLE("\xC0\x80"),             /* overlong NUL */
        SAMPLE("\xC1\xBF"),             /* overlong DEL */
        SAMPLE("\xE0\x9F\xBF"),         /* overlong U+07FF */
        SAMPLE("\xF0\x8F\xBF\xBF"),     /* overlong U+FFFF */
        SAMPLE("\xED\xA0\x80"),         /* first surrogate */
        SAMPLE("\xED\xBF\xBF"),         /* last surrogate */
        SAMPLE("\xF4\x90\x80\x80"),     /* U+110000 */
        SAMPLE("\xF5\x80\x80\x80"),     /* a lead byte that does not exist */
        SAMPLE("\xF8\x88\x80\x80\x80"), /* five bytes */
        SAMPLE("\xFF"),
        SAMPLE("a\xC3"), /* truncated */
        SAMPLE("a\xE2\x82"),
        SAMPLE("a\xF0\x9F\x98"),
        SAMPLE("\xC3 \xA3"), /* torn apart */
        SAMPLE("informa\xE7\xE3o in Latin-1"),
    };
    for (size_t i = 0; i < COUNT(samples); i++) {
        char *copy = exact_copy(samples[i].bytes, samples[i].length);
        assert_false(text_is_utf8(copy, samples[i].length));
        free(copy);
    }
}

/* Every sequence of up to two bytes, and of three and four with bytes at the borders, against the definition. */
static bool defined_as_utf8(const uint8_t *b, size_t length)
{
    static const struct {
        uint8_t lead_low, lead_high, second_low, second_high;
        size_t length;
    } rows[] = {
        /* The Unicode Standard, table 3-7 */
        { 0xC2, 0xDF, 0x80, 0xBF, 2 }, { 0xE0, 0xE0, 0xA0, 0xBF, 3 }, { 0xE1, 0xEC, 0x80, 0xBF, 3 },
        { 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 }, { 0xF0, 0xF0, 0x90, 0xBF, 4 },
        { 0xF1, 0xF3, 0x80, 0xBF, 4 }, { 0xF4, 0xF4, 0x80, 0x8F, 4 },
    };
    while (length > 0) {
        size_t used = b[0] < 0x80 ? 1 : 0;
        for (size_t r = 0; r < COUNT(rows) && used == 0; r++) {
            if (b[0] < rows[r].lead_low || b[0] > rows[r].lead_high || length < rows[r].length)
                continue;
            bool fits = b[1] >= rows[r].second_low && b[1] <= rows[r].second_high;
            for (size_t i = 2; i < rows[r].length; i++)
                fits = fits && b[i] >= 0x80 && b[i] <= 0xBF;
            used = fits ? rows[r].length : 0;
        }
        if (used == 0)
            return false;
        b += used;
        length -= used;
    }
    return true;
}

static void validity_follows_the_standard(void **state)
{
    (void)state;
    static const uint8_t borders[] = { 0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0,
                                       0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0,
                                       0xF1, 0xF3, 0xF4, 0xF5, 0xF7, 0xF8, 0xFB, 0xFC, 0xFD, 0xFF };
    for (unsigned i = 0; i < 0x10000; i++) {
        const uint8_t pair[2] = { (uint8_t)(i >> 8), (uint8_t)i };
        if (text_is_utf8((const char *)pair, 2) != defined_as_utf8(pair, 2))
            fail_msg("%02X %02X", pair[0], pair[1]);
    }
    size_t all = COUNT(borders) * COUNT(borders) * COUNT(borders) * COUNT(borders);
    for (size_t i = 0; i < all; i++) {
        uint8_t four[4];
        for (size_t k = 0, rest = i; k < 4; k++, rest /= COUNT(borders))
            four[k] = borders[rest % COUNT(borders)];
        for (size_t length = 3; length <= 4; length++) {
            if (text_is_utf8((const char *)four, length) != defined_as_utf8(four, length))
                fail_msg("%02X %02X %02X %02X, %zu bytes", four[0], four[1], four[2], four[3], length);
        }
    }
}

static void tail_is_an_unfinished_character(void **state)
{
    (void)state;
    static const struct {
        sample text;
        size_t tail;
    } cases[] = {
        { SAMPLE(""), 0 },          { SAMPLE("abc"), 0 },
        { SAMPLE("ação"), 0 },      { SAMPLE("a\xC3"), 1 },
        { SAMPLE("\xC3"), 1 },      { SAMPLE("a\xE2\x82"), 2 },
        { SAMPLE("a\xE2"), 1 },     { SAMPLE("\xF0\x9F\x98"), 3 },
        { SAMPLE("a\xF0\x9F"), 2 }, { SAMPLE("\xF0\x9F\x98\x80"), 0 },
        { SAMPLE("\x80"), 0 },      { SAMPLE("\x80\x80"), 0 },
        { SAMPLE("a\x80"), 0 }, /* these can never become a character */
        { SAMPLE("a\xE0\x80"), 0 }, { SAMPLE("a\xED\xA0"), 0 },
        { SAMPLE("a\xF5"), 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *copy = exact_copy(cases[i].text.bytes, cases[i].text.length);
        assert_int_equal(text_utf8_tail(copy, cases[i].text.length), cases[i].tail);
        free(copy);
    }
}

static void uuids_are_recognized(void **state)
{
    (void)state;
    assert_true(text_is_uuid("6f9619ff-8b86-d011-b42d-00cf4fc964ff"));
    assert_true(text_is_uuid("6F9619FF-8B86-D011-B42D-00CF4FC964FF"));
    static const char *const wrong[] = {
        "",
        "6f9619ff",
        "6f9619ff-8b86-d011-b42d-00cf4fc964f",
        "6f9619ff-8b86-d011-b42d-00cf4fc964fff",
        "6f9619ff-8b86-d011-b42d-00cf4fc964fg",
        "6f9619ff8b86-d011-b42d-00cf4fc964ffff",
        "{6f9619ff-8b86-d011-b42d-00cf4fc964ff}",
        "6f9619ff-8b86-d011-b42d-00cf4fc964f ",
        "6f9619ff_8b86_d011_b42d_00cf4fc964ff",
    };
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_false(text_is_uuid(wrong[i]));
}

static void folding(void **state)
{
    (void)state;
    static const struct {
        const char *text, *folded;
    } cases[] = {
        { "Não, SEGUNDA-feira!", "nao segunda feira" },
        { "", "" },
        { " \t\r\n--- !?", "" },
        { "  dentro  de   casa ", "dentro de casa" },
        { "ÁÀÂÃÄ áàâãä Éê Íï ÓÔÕÖ Úü Ç ç Ñ", "aaaaa aaaaa ee ii oooo uu c c n" },
        { "a\u0303 n\u0303a\u0303o", "a nao" },        /* combining marks of their own */
        { "2º andar, 1ª porta", "2o andar 1a porta" }, /* ordinals */
        { "R$ 1.700,00", "r 1 700 00" },
        { "8h30", "8h30" },
        { "½ xícara", "1 2 xicara" },
        { "ﬁm", "fim" },           /* ligature */
        { "Ｗｉ－Ｆｉ", "wi fi" }, /* full width */
        { "Straße ẞ", "strasse ss" },
        { "İstanbul", "istanbul" },
        { "ΣΊΣΥΦΟΣ", "σισυφοσ" },
        { "Привет, Ёлка", "привет елка" },
        { "check\u00ADin", "checkin" },  /* soft hyphen */
        { "\u3164", "" },                /* Hangul filler */
        { "check\u2011in", "check in" }, /* hyphen that does not break */
        { "um\u00A0dia", "um dia" },     /* space that does not break */
        { "d’água d'água", "d agua d agua" },
        { "😀 oi 😀😀 tchau 😀", "oi tchau" },
        { "日本", "日本" },
        { "a\xFF"
          "b",
          "a b" }, /* no UTF-8: ends a word */
    };
    arena *a = arena_new();
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t length = strlen(cases[i].text);
        char *copy = exact_copy(cases[i].text, length);
        assert_string_equal(text_fold(a, copy, length), cases[i].folded);
        free(copy);
    }
    arena_free(a);
}

static void folding_twice_changes_nothing(void **state)
{
    (void)state;
    arena *a = arena_new();
    for (uint32_t c = 1; c < 0x30000; c += 1) {
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        char bytes[5] = "";
        size_t n = 0;
        if (c < 0x80) {
            bytes[n++] = (char)c;
        } else if (c < 0x800) {
            bytes[n++] = (char)(0xC0 | c >> 6);
        } else if (c < 0x10000) {
            bytes[n++] = (char)(0xE0 | c >> 12);
            bytes[n++] = (char)(0x80 | (c >> 6 & 0x3F));
        } else {
            bytes[n++] = (char)(0xF0 | c >> 18);
            bytes[n++] = (char)(0x80 | (c >> 12 & 0x3F));
            bytes[n++] = (char)(0x80 | (c >> 6 & 0x3F));
        }
        if (c >= 0x80)
            bytes[n++] = (char)(0x80 | (c & 0x3F));
        char *once = text_fold(a, bytes, n);
        assert_non_null(once);
        assert_true(text_is_utf8(once, strlen(once)));
        char *twice = text_fold(a, once, strlen(once));
        if (strcmp(once, twice) != 0)
            fail_msg("U+%04X: \"%s\", then \"%s\"", c, once, twice);
    }
    arena_free(a);
}

static void folding_may_grow_the_text(void **state)
{
    (void)state;
    enum { TIMES = 1000 };
    static char text[TIMES * 3];
    for (size_t i = 0; i < TIMES; i++)
        memcpy(text + 3 * i, "\uFDFA", 3); /* three bytes that become 33 */
    arena *a = arena_new();
    const char *folded = text_fold(a, text, sizeof text);
    assert_int_equal(strlen(folded), TIMES * 33);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_utf8_is_accepted),        cmocka_unit_test(invalid_utf8_is_refused),
        cmocka_unit_test(validity_follows_the_standard), cmocka_unit_test(tail_is_an_unfinished_character),
        cmocka_unit_test(uuids_are_recognized),          cmocka_unit_test(folding),
        cmocka_unit_test(folding_twice_changes_nothing), cmocka_unit_test(folding_may_grow_the_text),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
