/* The builtin embedding. Its sources are included to look at the rotation alone, and at the list of common words. */
#include "knowledge/builtin.c"
#include "knowledge/common.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static builtin *embedding;

static int open_embedding(void **state)
{
    (void)state;
    return builtin_new(&embedding, NULL) != VDB_OK;
}

static int close_embedding(void **state)
{
    (void)state;
    builtin_free(embedding);
    return 0;
}

static void embed_as(embed_kind kind, const char *text, float vector[VDB_DIMENSIONS])
{
    vdb_error error;
    if (builtin_embed(embedding, kind, text, vector, &error) != VDB_OK)
        fail_msg("\"%s\": %s", text, error.message);
}

static void embed(const char *text, float vector[VDB_DIMENSIONS])
{
    embed_as(EMBED_QUERY, text, vector);
}

static double dot(const float *a, const float *b)
{
    double sum = 0;
    for (int i = 0; i < VDB_DIMENSIONS; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* Of two texts as questions: by their words alone. */
static double similarity(const char *a, const char *b)
{
    static float x[VDB_DIMENSIONS], y[VDB_DIMENSIONS];
    embed(a, x);
    embed(b, y);
    return dot(x, y);
}

static double similarity_of_answer(const char *question, const char *passage)
{
    static float x[VDB_DIMENSIONS], y[VDB_DIMENSIONS];
    embed(question, x);
    embed_as(EMBED_DOCUMENT, passage, y);
    return dot(x, y);
}

/* What search ranks by first: the angle that the differing sign bits stand for, as a cosine. */
static double similarity_of_bits(const char *question, const char *passage)
{
    static float x[VDB_DIMENSIONS], y[VDB_DIMENSIONS];
    embed(question, x);
    embed_as(EMBED_DOCUMENT, passage, y);
    int differing = 0;
    for (int i = 0; i < VDB_DIMENSIONS; i++)
        differing += (x[i] > 0) != (y[i] > 0);
    return cos(acos(-1) * differing / VDB_DIMENSIONS);
}

static const char clinic_hours[] = "Horário de atendimento\n| Segunda a sexta | 8h às 19h |\n| Sábado | 8h às 12h "
                                   "|\nNão abrimos aos domingos e feriados.";
static const char clinic_parking[] =
    "Estacionamento\nTemos convênio com o estacionamento vizinho. Pacientes têm duas horas grátis.";
static const char clinic_payment[] =
    "Formas de pagamento\nDinheiro, Pix com 5% de desconto, cartão de débito ou crédito em até 10 vezes sem juros.";
static const char hotel_breakfast[] =
    "Café da manhã\nÉ servido das 6h30 às 10h no salão do segundo piso e está incluído na diária.";

static void vectors_are_unit_vectors(void **state)
{
    (void)state;
    static const char *const texts[] = { "a", "pix", "qual o horário?", clinic_hours, "日本", "8h30" };
    static float v[VDB_DIMENSIONS];
    for (size_t i = 0; i < COUNT(texts); i++) {
        embed(texts[i], v);
        assert_true(fabs(dot(v, v) - 1) < 1e-6);
        embed_as(EMBED_DOCUMENT, texts[i], v);
        assert_true(fabs(dot(v, v) - 1) < 1e-6);
    }
}

static void a_text_without_words_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = { "", "   \n", "?!", "--- * ---", "😀", "\xCC\x81" };
    static float v[VDB_DIMENSIONS];
    for (size_t i = 0; i < COUNT(texts); i++) {
        vdb_error error;
        assert_int_equal(builtin_embed(embedding, EMBED_DOCUMENT, texts[i], v, NULL), VDB_BAD_INPUT);
        assert_int_equal(builtin_embed(embedding, EMBED_QUERY, texts[i], v, &error), VDB_BAD_INPUT);
        assert_int_equal(error.status, VDB_BAD_INPUT);
        assert_string_not_equal(error.hint, "");
    }
    embed("pix", v); /* and it goes on working */
}

/* These two are features of equal weight with the same place and different signs. */
static void features_that_cancel_out_leave_a_vector(void **state)
{
    (void)state;
    static float v[VDB_DIMENSIONS];
    embed("s3f1 c8", v);
    assert_true(fabs(dot(v, v) - 1) < 1e-6);
    assert_true(similarity_of_answer("s3f1 c8", "s3f1 c8") > 0.05);
}

/* Another value here means another model name: stored vectors would no longer fit new ones. */
static void vectors_never_change(void **state)
{
    (void)state;
    static const struct {
        embed_kind kind;
        const char *text;
        uint64_t all; /* hash of all bits */
        uint32_t first[3];
    } golden[] = {
        { EMBED_QUERY, "pix", UINT64_C(0x5393D83AF45B4FCE), { 0x3C2EC711, 0x3C605736, 0x3BD2D880 } },
        { EMBED_QUERY,
          "Qual é o horário de funcionamento no sábado?",
          UINT64_C(0xA62253A94DBAFCBA),
          { 0x3C42DC04, 0x3B26693F, 0x3BF17BCA } },
        { EMBED_DOCUMENT,
          "Ligações das 8h30 às 18h: ramal 204, check-in e Wi-Fi grátis. 日本",
          UINT64_C(0x19E48614F3AE25F5),
          { 0xBBE53CF5, 0x3CBB1F07, 0xBC15E513 } },
    };
    for (size_t i = 0; i < COUNT(golden); i++) {
        static float v[VDB_DIMENSIONS];
        static unsigned char bytes[sizeof v];
        uint32_t bits[VDB_DIMENSIONS];
        embed_as(golden[i].kind, golden[i].text, v);
        memcpy(bits, v, sizeof v);
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (unsigned char)(bits[k / 4] >> 8 * (k % 4));
        uint64_t all = hash_bytes((const char *)bytes, sizeof bytes);
        if (all != golden[i].all || memcmp(bits, golden[i].first, sizeof golden[i].first) != 0)
            fail_msg("\"%s\": 0x%016llX { 0x%08X, 0x%08X, 0x%08X }", golden[i].text, (unsigned long long)all, bits[0],
                     bits[1], bits[2]);
    }
}

static void the_hash_is_siphash(void **state)
{
    (void)state;
    assert_true(hash_bytes("wpix", 4) == UINT64_C(0x9A8345E7B4A11BEB)); /* SipHash-2-4 by another program */
}

static void the_same_text_gives_the_same_vector(void **state)
{
    (void)state;
    static float x[VDB_DIMENSIONS], y[VDB_DIMENSIONS];
    builtin *other;
    assert_int_equal(builtin_new(&other, NULL), VDB_OK);
    embed(clinic_payment, x); /* leaves nothing behind for the next */
    embed(clinic_hours, x);
    assert_int_equal(builtin_embed(other, EMBED_QUERY, clinic_hours, y, NULL), VDB_OK);
    assert_memory_equal(x, y, sizeof x);
    builtin_free(other);
}

/* Many more features than the table has room for at first. */
static void long_texts_are_embedded(void **state)
{
    (void)state;
    enum { WORDS = 20000 };
    static char text[WORDS * 12];
    size_t length = 0;
    for (unsigned i = 0; i < WORDS; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%c%c%c%cnome ", 'a' + i % 26,
                                   'a' + i / 26 % 26, 'a' + i / 676 % 26, 'b' + i / 17576);
    static float x[VDB_DIMENSIONS], y[VDB_DIMENSIONS];
    embed(text, x);
    assert_true(fabs(dot(x, x) - 1) < 1e-6);
    embed(text, y); /* the table has grown since */
    assert_memory_equal(x, y, sizeof x);
}

static void rotation_keeps_angles(void **state)
{
    (void)state;
    static int64_t in[4][VDB_DIMENSIONS], out[4][VDB_DIMENSIONS], between[VDB_DIMENSIONS];
    uint64_t random = 7;
    for (int v = 0; v < 4; v++) {
        for (int i = 0; i < 40; i++)
            in[v][splitmix64(&random) % VDB_DIMENSIONS] += (int64_t)(splitmix64(&random) % 2001) - 1000;
        rotate(&embedding->turns[0], in[v], between);
        rotate(&embedding->turns[1], between, out[v]);
    }
    for (int a = 0; a < 4; a++) {
        for (int b = 0; b < 4; b++) {
            int64_t before = 0, after = 0;
            for (int i = 0; i < VDB_DIMENSIONS; i++) {
                before += in[a][i] * in[b][i];
                after += out[a][i] * out[b][i];
            }
            assert_true(after == before * BLOCK * BLOCK); /* exactly */
        }
    }
}

static void rotation_spreads_a_single_feature(void **state)
{
    (void)state;
    static int64_t in[VDB_DIMENSIONS], between[VDB_DIMENSIONS], out[VDB_DIMENSIONS];
    for (int place = 0; place < VDB_DIMENSIONS; place += 97) {
        memset(in, 0, sizeof in);
        in[place] = 1;
        rotate(&embedding->turns[0], in, between);
        rotate(&embedding->turns[1], between, out);
        int zeros = 0, positive = 0;
        for (int i = 0; i < VDB_DIMENSIONS; i++) {
            zeros += out[i] == 0;
            positive += out[i] > 0;
        }
        assert_true(zeros < VDB_DIMENSIONS / 5);
        assert_in_range(positive, VDB_DIMENSIONS * 35 / 100, VDB_DIMENSIONS * 65 / 100);
    }
}

static void hashing_keeps_inner_products(void **state)
{
    (void)state;
    /* Two texts of four words that share two: half of each is the same. Collisions blur it a little. */
    double half = similarity("banana laranja abacaxi morango", "banana laranja cadeira parafuso");
    assert_true(fabs(half - 0.5) < 0.08);
    double none = similarity("banana laranja abacaxi morango", "cadeira parafuso telhado dezembro");
    assert_true(fabs(none) < 0.1);
    assert_true(similarity("banana laranja", "laranja BANANA!") > 0.999999);
}

static void sublinear_weights(void **state)
{
    (void)state;
    assert_int_equal(sublinear(1), ONE);
    for (uint32_t times = 1; times < 100000; times = times * 5 / 4 + 1) {
        double exact = 1 + log(times);
        assert_true(fabs((double)sublinear(times) / ONE - exact) < 0.07);
        assert_true(sublinear(times + 1) >= sublinear(times));
    }
}

static void accents_case_and_plurals_hardly_matter(void **state)
{
    (void)state;
    assert_true(similarity("LIGAÇÕES", "ligacao") > 0.99);
    assert_true(similarity("informações sobre reuniões", "informacao sobre reuniao") > 0.99);
    assert_true(similarity("horário de funcionamento aos sábados", "horario de funcionamento no sabado") > 0.95);
    assert_true(similarity("quanto custa a diária?", "QUANTO CUSTAM AS DIARIAS") > 0.9);
}

static void pieces_of_words_rescue_misspelling(void **state)
{
    (void)state;
    double misspelt = similarity("estacionamento", "estasionamento");
    assert_true(misspelt > 0.2 && misspelt < 0.9);
    assert_true(similarity("cafezinho", "café") > 0.1);
    assert_true(fabs(similarity("estacionamento", "parafuso")) < 0.1);
}

static void a_word_with_one_letter_wrong_is_nearer_than_other_words(void **state)
{
    (void)state;
    static const struct {
        const char *right, *wrong[4]; /* another letter, one left out, one twice, two exchanged */
    } words[] = {
        { "reserva", { "rezerva", "reseva", "resserva", "resevra" } },
        { "cancelamento", { "canselamento", "cancelameto", "canncelamento", "cancelamneto" } },
        { "parafuso", { "parafuzo", "parafso", "parrafuso", "paarfuso" } },
        { "toalha", { "toalia", "toala", "toallha", "taolha" } },
    };
    for (size_t i = 0; i < COUNT(words); i++) {
        for (size_t other = 0; other < COUNT(words); other++) {
            for (size_t k = 0; k < COUNT(words[i].wrong); k++) {
                double near = similarity(words[i].wrong[k], words[i].right);
                double far = similarity(words[i].wrong[k], words[other].right);
                if (other != i && near < far + 0.05)
                    fail_msg("\"%s\": %.3f for \"%s\", %.3f for \"%s\"", words[i].wrong[k], near, words[i].right, far,
                             words[other].right);
            }
        }
    }
}

static void common_stems_are_in_order(void **state)
{
    (void)state;
    for (size_t i = 1; i < COUNT(common_stems); i++)
        assert_true(strcmp(common_stems[i - 1], common_stems[i]) < 0);
    assert_true(is_common_stem("temp") && is_common_stem("precis"));
    assert_false(is_common_stem("estacion") || is_common_stem("tem") || is_common_stem(""));
}

static void common_words_weigh_half(void **state)
{
    (void)state;
    double rare = similarity("parafuso", "parafuso tempo"), common = similarity("tempo", "parafuso tempo");
    assert_true(fabs(rare * rare - 2.0 / 3) < 0.05);
    assert_true(fabs(common * common - 1.0 / 3) < 0.05);
}

static void stop_words_weigh_little(void **state)
{
    (void)state;
    assert_true(similarity("qual é o horário de vocês?", "horário") > 0.95);
    assert_true(similarity("qual é o horário de vocês?", "qual é o preço de vocês?") < 0.2);
}

/* By words alone the long one would have less than half of what the short one has. */
static void a_passage_that_says_more_loses_little(void **state)
{
    (void)state;
    static const char brief[] = "Estacionamento no prédio vizinho";
    static const char longer[] =
        "Estacionamento no prédio vizinho, cadeira, parafuso, telhado, dezembro, banana, laranja, "
        "abacaxi, morango, girassol, tesoura, bicicleta, geladeira, cachorro, travesseiro, "
        "cortina, espelho";
    static const char question[] = "estacionamento vizinho";
    assert_true(similarity(question, longer) < similarity(question, brief) * 0.55);
    assert_true(similarity_of_answer(question, longer) > similarity_of_answer(question, brief) * 0.6);
    assert_true(similarity_of_answer(question, longer) < similarity_of_answer(question, brief));
}

static void what_fills_a_passage_up_is_no_words(void **state)
{
    (void)state;
    static const char *const texts[] = { clinic_hours, clinic_parking, clinic_payment, hotel_breakfast };
    static float x[VDB_DIMENSIONS], y[VDB_DIMENSIONS];
    for (size_t i = 0; i < COUNT(texts); i++) {
        embed(texts[i], x);
        embed_as(EMBED_DOCUMENT, texts[i], y);
        double share = dot(x, y); /* of the passage's length that is its words' */
        for (size_t k = 0; k < COUNT(texts); k++) {
            double words = similarity(texts[k], texts[i]), answer = similarity_of_answer(texts[k], texts[i]);
            assert_true(fabs(answer - share * words) < 1e-6);
        }
    }
    embed_as(EMBED_DOCUMENT, "banana laranja", x);
    embed_as(EMBED_DOCUMENT, "parafuso telhado", y);
    assert_true(fabs(dot(x, y)) < 0.1);
    embed_as(EMBED_DOCUMENT, "LARANJA, banana", y);
    assert_true(dot(x, y) > 0.999999);
}

static void questions_find_their_passage(void **state)
{
    (void)state;
    static const char *const passages[] = { clinic_hours, clinic_parking, clinic_payment, hotel_breakfast };
    static const struct {
        const char *question;
        size_t answer;
    } cases[] = {
        { "qual o horario de funcionamento no sabado?", 0 },
        { "voces abrem domingo?", 0 },
        { "tem estacionamento aí?", 1 },
        { "posso pagar com pix no cartao?", 2 },
        { "QUAIS SÃO AS FORMAS DE PAGAMENTO", 2 },
        { "que horas servem o cafe da manha", 3 },
        { "o café da manhã está incluído nas diárias?", 3 },
    };
    for (size_t c = 0; c < COUNT(cases); c++) {
        for (size_t p = 0; p < COUNT(passages); p++) {
            if (p == cases[c].answer)
                continue;
            double right = similarity_of_answer(cases[c].question, passages[cases[c].answer]);
            double wrong = similarity_of_answer(cases[c].question, passages[p]);
            if (right < wrong + 0.05)
                fail_msg("\"%s\": %.3f for passage %zu, %.3f for %zu", cases[c].question, right, cases[c].answer, wrong,
                         p);
            right = similarity_of_bits(cases[c].question, passages[cases[c].answer]);
            wrong = similarity_of_bits(cases[c].question, passages[p]);
            if (right <= wrong)
                fail_msg("bits of \"%s\": %.3f, but %.3f for %zu", cases[c].question, right, wrong, p);
        }
    }
}

/* The share of differing sign bits estimates the angle: standard deviation 0.013 of π at 1536 bits, four of them
 * allowed. */
static void bits_estimate_the_angle(void **state)
{
    (void)state;
    static const char *const texts[] = {
        clinic_hours,
        clinic_parking,
        clinic_payment,
        hotel_breakfast,
        "estacionamento",
        "horário de atendimento no sábado",
        "formas de pagamento: pix, dinheiro",
        "café da manhã",
    };
    const double pi = acos(-1);
    for (size_t a = 0; a < COUNT(texts); a++) {
        for (size_t b = 0; b < COUNT(texts); b++) {
            double exact = similarity_of_answer(texts[a], texts[b]);
            double angle = acos(exact > 1 ? 1 : exact) / pi;
            double estimate = acos(similarity_of_bits(texts[a], texts[b])) / pi;
            if (fabs(angle - estimate) > 0.052)
                fail_msg("angle %.4f, by bits %.4f: \"%s\", \"%s\"", angle, estimate, texts[a], texts[b]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_are_unit_vectors),
        cmocka_unit_test(a_text_without_words_is_refused),
        cmocka_unit_test(features_that_cancel_out_leave_a_vector),
        cmocka_unit_test(vectors_never_change),
        cmocka_unit_test(the_hash_is_siphash),
        cmocka_unit_test(the_same_text_gives_the_same_vector),
        cmocka_unit_test(long_texts_are_embedded),
        cmocka_unit_test(rotation_keeps_angles),
        cmocka_unit_test(rotation_spreads_a_single_feature),
        cmocka_unit_test(hashing_keeps_inner_products),
        cmocka_unit_test(sublinear_weights),
        cmocka_unit_test(accents_case_and_plurals_hardly_matter),
        cmocka_unit_test(pieces_of_words_rescue_misspelling),
        cmocka_unit_test(a_word_with_one_letter_wrong_is_nearer_than_other_words),
        cmocka_unit_test(common_stems_are_in_order),
        cmocka_unit_test(common_words_weigh_half),
        cmocka_unit_test(stop_words_weigh_little),
        cmocka_unit_test(a_passage_that_says_more_loses_little),
        cmocka_unit_test(what_fills_a_passage_up_is_no_words),
        cmocka_unit_test(questions_find_their_passage),
        cmocka_unit_test(bits_estimate_the_angle),
    };
    return cmocka_run_group_tests_name("builtin", tests, open_embedding, close_embedding);
}
