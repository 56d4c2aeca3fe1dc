/* A plural and its singular meet; words that are no plural of each other do not. */
#include "base/plural.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *stem(const char *word, char room[64])
{
    snprintf(room, 64, "%s", word);
    room[plural_stem(room, strlen(room))] = '\0';
    return room;
}

static void plurals_meet_their_singulars(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "boleto", "boletos" }, { "nota", "notas" },      { "fiscal", "fiscais" },
        { "cartao", "cartoes" }, { "pao", "paes" },        { "mao", "maos" },
        { "mae", "maes" },       { "alemao", "alemaes" },  { "hotel", "hoteis" },
        { "papel", "papeis" },   { "anel", "aneis" },      { "facil", "faceis" },
        { "perfil", "perfis" },  { "civil", "civis" },     { "taxi", "taxis" },
        { "lencol", "lencois" }, { "azul", "azuis" },      { "homem", "homens" },
        { "item", "itens" },     { "viagem", "viagens" },  { "flor", "flores" },
        { "arvore", "arvores" }, { "mes", "meses" },       { "gas", "gases" },
        { "luz", "luzes" },      { "vez", "vezes" },       { "classe", "classes" },
        { "fase", "fases" },     { "ingles", "ingleses" }, { "professor", "professores" },
        { "lei", "leis" },       { "rei", "reis" },        { "informacao", "informacoes" },
        { "real", "reais" },     { "onibus", "onibus" },   { "dia", "dias" },
    };
    char one[64], many[64];
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        assert_string_equal(stem(pairs[i][0], one), stem(pairs[i][1], many));
}

static void other_words_stay_apart(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "boleto", "boletim" }, { "mal", "mais" },    { "mel", "mil" },  { "pagar", "pago" }, { "mao", "maes" },
        { "conta", "contato" },  { "venda", "vende" }, { "sol", "sois" }, { "mes", "mesa" },   { "dor", "dorme" },
    };
    char one[64], other[64];
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        assert_string_not_equal(stem(pairs[i][0], one), stem(pairs[i][1], other));
}

static void short_words_stay(void **state)
{
    (void)state;
    static const char *const words[] = { "", "a", "s", "os", "as", "pe", "mas", "mes", "gas", "tv", "2a" };
    char room[64];
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        assert_string_equal(stem(words[i], room), words[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plurals_meet_their_singulars),
        cmocka_unit_test(other_words_stay_apart),
        cmocka_unit_test(short_words_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
