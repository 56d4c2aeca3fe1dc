/* The keys of passages and questions: which meet, and which do not. */
#include "base/terms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static word_reader *reader;

static int make_reader(void **state)
{
    (void)state;
    reader = word_reader_new();
    return reader == NULL;
}

static int free_reader(void **state)
{
    (void)state;
    word_reader_free(reader);
    return 0;
}

static passage_terms passage(const char *text)
{
    passage_terms p = { 0 };
    assert_true(passage_terms_read(reader, text, strlen(text), &p));
    return p;
}

static question_terms question(const char *text)
{
    question_terms q;
    assert_true(question_terms_read(reader, text, strlen(text), &q));
    return q;
}

static bool has(const passage_terms *p, int32_t key)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->terms[i].key == key)
            return true;
    }
    return false;
}

typedef enum meeting { APART, BY_HALF, WHOLE } meeting;

/* How the one word of a question meets the passage. */
static meeting meet(const char *asked, const char *text)
{
    const question_terms q = question(asked);
    passage_terms p = passage(text);
    assert_int_equal(q.words, 1);
    meeting m = has(&p, q.keys[0]) ? WHOLE : APART;
    for (size_t i = 0; m == APART && i < q.near_count; i++)
        m = has(&p, q.near_keys[i]) ? BY_HALF : APART;
    passage_terms_free(&p);
    return m;
}

static void forms_of_a_word_are_one(void **state)
{
    (void)state;
    assert_int_equal(meet("LIGACOES", "Uma ligação."), WHOLE);
    assert_int_equal(meet("reuniões", "sala de reuniao"), WHOLE);
    assert_int_equal(meet("papéis", "um papel"), WHOLE);
    assert_int_equal(meet("8h30", "abre às 8h30"), WHOLE);
    assert_int_equal(meet("reunião", "uma ligação"), APART);
}

/* Each letter of a word changed, left out, doubled: a half of it stays. */
static void one_wrong_letter_leaves_a_half(void **state)
{
    (void)state;
    static const char *const words[] = { "horario",  "piscina",    "garagem",    "cardapio",
                                         "aquecida", "tratamento", "restaurante" };
    for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
        size_t length = strlen(words[w]);
        for (size_t i = 0; i < length; i++) {
            char changed[32], shorter[32], longer[32];
            strcpy(changed, words[w]);
            changed[i] = changed[i] == 'k' ? 'w' : 'k';
            snprintf(shorter, sizeof shorter, "%.*s%s", (int)i, words[w], words[w] + i + 1);
            snprintf(longer, sizeof longer, "%.*sk%s", (int)i, words[w], words[w] + i);
            assert_int_not_equal(meet(changed, words[w]), APART);
            assert_int_not_equal(meet(shorter, words[w]), APART);
            assert_int_not_equal(meet(longer, words[w]), APART);
        }
    }
}

static void short_words_have_no_halves(void **state)
{
    (void)state;
    assert_int_equal(question("pix").near_count, 0);
    passage_terms p = passage("pix gol");
    assert_int_equal(p.count, 2);
    passage_terms_free(&p);
}

/* The same letters in a word of quite another length are no half of this one. */
static void halves_know_the_length(void **state)
{
    (void)state;
    assert_int_equal(meet("consumo", "consultoria"), APART);
}

static void stop_words_and_repetitions_are_no_terms(void **state)
{
    (void)state;
    const question_terms q = question("Qual é o horário? O horário, por favor!");
    assert_int_equal(q.words, 1);
    passage_terms p = passage("de para com o horário, horários e HORARIO"), one = passage("horário");
    assert_int_equal(p.count, one.count);
    for (size_t i = 0; i < one.count; i++) {
        assert_int_equal(p.terms[i].key, one.terms[i].key);
        assert_int_equal(p.terms[i].times, 3);
        assert_int_equal(one.terms[i].times, 1);
    }
    passage_terms_free(&p);
    passage_terms_free(&one);
    p = passage("... !");
    assert_int_equal(p.count, 0);
    passage_terms_free(&p);
}

static void keys_are_ascending_and_their_memory_is_used_again(void **state)
{
    (void)state;
    passage_terms p = { 0 };
    char text[4096] = "";
    for (int i = 0; i < 200; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "palavra%c%c ", 'a' + i % 20, 'a' + i / 20);
    for (int round = 0; round < 2; round++) {
        assert_true(passage_terms_read(reader, text, strlen(text), &p));
        assert_true(p.count >= 200);
        for (size_t i = 1; i < p.count; i++)
            assert_true(p.terms[i - 1].key < p.terms[i].key);
        assert_in_range(p.terms[0].key + (1 << 24), 1, 1 << 24);     /* halves are below 0 */
        assert_in_range(p.terms[p.count - 1].key, 0, (1 << 24) - 1); /* words are not */
    }
    passage_terms_free(&p);
}

/* What is stored in a thousand databases: other keys would find nothing there. */
static void keys_stay_as_they_are(void **state)
{
    (void)state;
    passage_terms p = passage("ligação");
    assert_int_equal(p.count, 3);
    assert_int_equal(p.terms[0].key, -11023150);
    assert_int_equal(p.terms[1].key, -7910193);
    assert_int_equal(p.terms[2].key, 8956367);
    passage_terms_free(&p);
}

static void a_question_has_at_most_so_many_words(void **state)
{
    (void)state;
    char text[4096] = "";
    for (int i = 0; i < 60; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "palavra%c%c ", 'a' + i % 20, 'a' + i / 20);
    const question_terms q = question(text);
    assert_int_equal(q.words, MOST_QUESTION_WORDS);
    assert_true(q.near_count <= MOST_QUESTION_WORDS * NEAR_KEYS_A_WORD);
    for (size_t i = 0; i < q.near_count; i++)
        assert_true(q.near_words[i] >= 1 && q.near_words[i] <= MOST_QUESTION_WORDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_of_a_word_are_one),
        cmocka_unit_test(one_wrong_letter_leaves_a_half),
        cmocka_unit_test(short_words_have_no_halves),
        cmocka_unit_test(halves_know_the_length),
        cmocka_unit_test(stop_words_and_repetitions_are_no_terms),
        cmocka_unit_test(keys_are_ascending_and_their_memory_is_used_again),
        cmocka_unit_test(keys_stay_as_they_are),
        cmocka_unit_test(a_question_has_at_most_so_many_words),
    };
    return cmocka_run_group_tests(tests, make_reader, free_reader);
}
