#include "knowledge/duplicates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define GARAGE                                                                                                          \
    "O prédio não tem garagem própria, mas temos convênio com o estacionamento vizinho, no mesmo lado da avenida, " \
    "onde "                                                                                                             \
    "os pacientes deixam o carro durante toda a consulta sem pagar nada por isso"

static bool again(duplicates *d, const char *text)
{
    bool result;
    assert_true(duplicates_look(d, text, &result));
    return result;
}

static void copies_are_told(void **state)
{
    (void)state;
    duplicates *d = duplicates_new();
    assert_false(again(d, GARAGE "."));
    assert_true(again(d, GARAGE "."));
    assert_true(again(d, "  " GARAGE " !"));
    assert_true(again(d, GARAGE " hoje."));
    assert_false(again(d, "Outro texto."));
    assert_true(again(d, "OUTRO TEXTO"));
    assert_false(again(d, "Outro texto, porém mais longo."));
    duplicates_free(d);
}

static void another_number_is_another_text(void **state)
{
    (void)state;
    duplicates *d = duplicates_new();
    assert_false(again(d, GARAGE " das 8h às 18h."));
    assert_false(again(d, GARAGE " das 8h às 19h."));
    assert_true(again(d, GARAGE " das 8h às 18h"));
    duplicates_free(d);
}

static void texts_without_words_are_no_copies(void **state)
{
    (void)state;
    duplicates *d = duplicates_new();
    assert_false(again(d, "..."));
    assert_false(again(d, ""));
    duplicates_free(d);
    duplicates_free(NULL);
}

static void many_are_remembered(void **state)
{
    (void)state;
    duplicates *d = duplicates_new();
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 100; i++) {
            char text[64];
            snprintf(text, sizeof text, "palavra%c%c sozinha", 'a' + i % 10, 'a' + i / 10);
            assert_int_equal(again(d, text), round == 1);
        }
    }
    duplicates_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_are_told),
        cmocka_unit_test(another_number_is_another_text),
        cmocka_unit_test(texts_without_words_are_no_copies),
        cmocka_unit_test(many_are_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
