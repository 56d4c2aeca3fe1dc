/* Portuguese words to terms that meet. */
#include "base/words.h"

#include "base/arena.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static word_reader *reader;

static int open_reader(void **state)
{
    (void)state;
    reader = word_reader_new();
    return reader == NULL;
}

static int close_reader(void **state)
{
    (void)state;
    word_reader_free(reader);
    return 0;
}

/* Writes terms one after the other, each behind the sign of its kind. */
static bool write_term(void *context, const word_term *term)
{
    static const char signs[] = { [WORD_CONTENT] = '.', [WORD_STOP] = '-', [WORD_NUMBER] = '#', [WORD_COMPOUND] = '+' };
    char *line = context;
    assert_int_equal(term->length, strlen(term->text));
    assert_true(term->length > 0);
    assert_true(text_is_utf8(term->text, term->length));
    size_t used = strlen(line);
    assert_true(used + term->length + 3 < 4096);
    snprintf(line + used, 4096 - used, "%s%c%s", used > 0 ? " " : "", signs[term->kind], term->text);
    return true;
}

static const char *terms(const char *text)
{
    static char line[4096];
    line[0] = '\0';
    assert_true(word_reader_read(reader, text, strlen(text), write_term, line));
    return line;
}

static void kinds_of_words(void **state)
{
    (void)state;
    assert_string_equal(terms("Qual é o horário de atendimento?"), "-qual -e -o .horari -de .atend");
    assert_string_equal(terms("das 8h30 às 18h"), "-das #8h30 -as #18h");
    assert_string_equal(terms("R$ 1.700,00"), "-r #1 #700 #00");
    assert_string_equal(terms("Wi-Fi"), ".wi .fi +wif");
    assert_string_equal(terms("wifi"), ".wif");
    assert_string_equal(terms("bem-te-vi"), "-bem -te .vi +bemtev");
    assert_string_equal(terms("10-12"), "#10 #12");
    assert_string_equal(terms("a--b -pix- - --"), "-a -b .pix");
    assert_string_equal(terms(""), "");
    assert_string_equal(terms("?! 😀 ---"), "");
    assert_string_equal(terms("pix\xFF"
                              "boleto"),
                        ".pix .bolet");
}

/* Every word of a row has the same term. */
static void words_that_meet(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "ligação ligações ligacao ligacoes LIGAÇÕES",
        "reunião reuniões reuniao reunioes",
        "promoção promoções promocao promocoes",
        "informação informações informacao informacoes",
        "cancelamento cancelamentos cancelar cancela",
        "pão pães pao paes",
        "mãe mães mae maes",
        "mão mãos mao maos",
        "irmão irmãos irmao irmaos",
        "animal animais",
        "hotel hotéis hoteis",
        "papel papéis papeis",
        "disponível disponíveis disponivel disponiveis",
        "móvel móveis movel moveis",
        "fácil fáceis facil faceis",
        "útil úteis util uteis",
        "infantil infantis",
        "lençol lençóis lencol lencois",
        "azul azuis",
        "viagem viagens",
        "jardim jardins",
        "horário horários horario horarios",
        "convênio convênios convenio",
        "criança crianças crianca criancas",
        "preferência preferências preferencia preferencias",
        "distância distâncias distancia distancias",
        "dia dias",
        "rua ruas",
        "ano anos",
        "bar bares",
        "mês meses mes",
        "vez vezes",
        "flor flores",
        "mulher mulheres",
        "familiar familiares",
        "torre torres",
        "café cafés cafe cafes",
        "avó avós avo avos",
        "cancelada cancelado canceladas cancelados",
        "grátis gratis",
        "táxi táxis taxi taxis",
        "check-in check\u2011in",
        "a\u0301gua água agua", /* a combining accent */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char row[256], first[256] = "";
        snprintf(row, sizeof row, "%s", rows[i]);
        for (const char *w = strtok(row, " "); w != NULL; w = strtok(NULL, " ")) {
            const char *term = terms(w);
            if (first[0] == '\0')
                snprintf(first, sizeof first, "%s", term);
            if (strcmp(term, first) != 0)
                fail_msg("\"%s\" gives \"%s\", not \"%s\"", w, term, first);
        }
    }
}

static void words_that_stay_apart(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "mãe", "mão" },  { "hotel", "hora" },   { "sábado", "segunda" }, { "mais", "mal" },
        { "pais", "pal" }, { "canal", "canela" }, { "quarto", "quatro" },  { "consulta", "conserto" },
    };
    for (size_t i = 0; i < COUNT(pairs); i++) {
        char first[256];
        snprintf(first, sizeof first, "%s", terms(pairs[i][0]));
        assert_string_not_equal(first, terms(pairs[i][1]));
    }
}

static void stop_words_are_all_known(void **state)
{
    (void)state;
    /* From the start, the end and the middle of the list: a search in a list out of order would miss some. */
    static const char *const words[] = { "a",    "agora", "ao",    "até",    "como", "de",    "dessas", "é",
                                         "está", "eu",    "há",    "isso",   "já",   "lá",    "mais",   "meu",
                                         "não",  "nos",   "onde",  "para",   "por",  "quais", "qual",   "qualquer",
                                         "que",  "sem",   "só",    "também", "tem",  "têm",   "um",     "vc",
                                         "vcs",  "você",  "vocês", "vou" };
    for (size_t i = 0; i < COUNT(words); i++) {
        if (terms(words[i])[0] != '-')
            fail_msg("\"%s\" is a stop word", words[i]);
    }
}

static void long_words_are_cut(void **state)
{
    (void)state;
    char text[2001], shorter[62];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    memset(shorter, 'x', 60);
    shorter[60] = '\0';
    char whole[256];
    snprintf(whole, sizeof whole, "%s", terms(text));
    assert_string_equal(whole, terms(shorter));
    shorter[59] = '\0';
    assert_string_not_equal(whole, terms(shorter));
}

static bool count_to_two(void *context, const word_term *term)
{
    (void)term;
    return ++*(int *)context < 2;
}

static void a_sink_can_stop(void **state)
{
    (void)state;
    int count = 0;
    assert_false(word_reader_read(reader, "um dois três quatro", 20, count_to_two, &count));
    assert_int_equal(count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_of_words),        cmocka_unit_test(words_that_meet),
        cmocka_unit_test(words_that_stay_apart), cmocka_unit_test(stop_words_are_all_known),
        cmocka_unit_test(long_words_are_cut),    cmocka_unit_test(a_sink_can_stop),
    };
    return cmocka_run_group_tests_name("words", tests, open_reader, close_reader);
}
