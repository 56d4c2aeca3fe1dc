/* The builtin embedding. Its source is included to look at the rotation alone. */
#include "knowledge/builtin.c"

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

static void embed(const char *text, float vector[VDB_DIMENSIONS])
{
    vdb_error error;
    if (builtin_embed(embedding, text, vector, &error) != VDB_OK)
        fail_msg("\"%s\": %s", text, error.message);
}

static double dot(const float *a, const float *b)
{
    double sum = 0;
    for (int i = 0; i < VDB_DIMENSIONS; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static double similarity(const char *a, const char *b)
{
    static float x[VDB_DIMENSIONS], y[VDB_DIMENSIONS];
    embed(a, x);
    embed(b, y);
    return dot(x, y);
}

/* What search ranks by first: the angle that the differing sign bits stand for, as a cosine. */
static double similarity_of_bits(const char *a, const char *b)
{
    static float x[VDB_DIMENSIONS], y[VDB_DIMENSIONS];
    embed(a, x);
    embed(b, y);
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
    }
}

static void a_text_without_words_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = { "", "   \n", "?!", "--- * ---", "😀", "\xCC\x81" };
    static float v[VDB_DIMENSIONS];
    for (size_t i = 0; i < COUNT(texts); i++) {
        vdb_error error;
        assert_int_equal(builtin_embed(embedding, texts[i], v, &error), VDB_BAD_INPUT);
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
}

/* Another value here means another model name: stored vectors would no longer fit new ones. */
static void vectors_never_change(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t all; /* hash of all bits */
        uint32_t first[3];
    } golden[] = {
        { "pix", UINT64_C(0x4F2A4800F07640DE), { 0xBC5F8BE7, 0x3C8666E4, 0x3C5468B1 } },
        { "Qual é o horário de funcionamento no sábado?",
          UINT64_C(0x5875647C1038D296),
          { 0x3C09AC18, 0x3D2BE1D8, 0x3C0CE661 } },
        { "Ligações das 8h30 às 18h: ramal 204, check-in e Wi-Fi grátis. 日本",
          UINT64_C(0x74D13C442085701F),
          { 0x3D7A8C2D, 0xBC8048FA, 0xBC97C9B2 } },
    };
    for (size_t i = 0; i < COUNT(golden); i++) {
        static float v[VDB_DIMENSIONS];
        static unsigned char bytes[sizeof v];
        uint32_t bits[VDB_DIMENSIONS];
        embed(golden[i].text, v);
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
    assert_int_equal(builtin_embed(other, clinic_hours, y, NULL), VDB_OK);
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

static void stop_words_weigh_little(void **state)
{
    (void)state;
    assert_true(similarity("qual é o horário de vocês?", "horário") > 0.95);
    assert_true(similarity("qual é o horário de vocês?", "qual é o preço de vocês?") < 0.2);
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
            double right = similarity(cases[c].question, passages[cases[c].answer]);
            double wrong = similarity(cases[c].question, passages[p]);
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
            double exact = similarity(texts[a], texts[b]);
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
        cmocka_unit_test(stop_words_weigh_little),
        cmocka_unit_test(questions_find_their_passage),
        cmocka_unit_test(bits_estimate_the_angle),
    };
    return cmocka_run_group_tests_name("builtin", tests, open_embedding, close_embedding);
}
