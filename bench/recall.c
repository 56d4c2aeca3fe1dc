/*
 * Recall@5 of two-stage search by number of candidates, worked out in memory, for one tenant of four kinds of vectors:
 *   topics      as in the other measurements (data.h)
 *   cone        one direction is shared by all, as in OpenAI's ada-002: any two vectors have
 *               cosine 0.75, and many sign bits are the same for all
 *   white cone  the same, with the rest spread evenly over all dimensions, as text never is: the worst case for short
 * codes builtin     sentences in Portuguese, embedded by voicedb's builtin provider, asked with other sentences about
 * the same Nine of ten questions are near a vector of the tenant, the tenth is a direction of its own.
 */
#include "data.h"

#include "knowledge/embed.h"

#include <math.h>
#include <string.h>

enum { TOP = 5, BITS_WORDS = VDB_DIMENSIONS / 64, KINDS = 4, WIDTHS = 6, SUBJECTS = 400 };
static const char *const kind_names[KINDS] = { "topics", "cone", "white cone", "builtin" };
static const int widths[WIDTHS] = { 50, 100, 200, 400, 800, 1600 };

static const float cone_weight = 1.7320508F;

typedef struct candidate {
    float distance;
    int differing;
    int chunk;
} candidate;

typedef struct set {
    int chunks, questions;
    float (*vectors)[VDB_DIMENSIONS];
    float (*asked)[VDB_DIMENSIONS];
    uint64_t (*bits)[BITS_WORDS];
} set;

static void make_topics(set *s)
{
    dataset d;
    dataset_init(&d, 1, s->chunks);
    for (int i = 0; i < s->chunks; i++)
        chunk_vector(&d, 0, i, s->vectors[i]);
    for (int i = 0; i < s->questions; i++)
        question_vector(&d, 0, i, s->asked[i]);
    dataset_free(&d);
}

/* `white`: variance is the same along all axes. */
static void own_direction(random_stream *r, bool white, float *vector)
{
    direction(r, vector);
    for (int i = 0; white && i < VDB_DIMENSIONS; i++)
        vector[i] *= sqrtf((float)i + 1);
    to_length_one(vector);
}

static void make_cone(set *s, bool white)
{
    random_stream r = { seed_of(99, white, 0) };
    float axis[VDB_DIMENSIONS], own[VDB_DIMENSIONS];
    own_direction(&r, true, axis);
    for (int i = 0; i < s->chunks; i++) {
        own_direction(&r, white, s->vectors[i]);
        add_scaled(s->vectors[i], axis, cone_weight);
    }
    for (int i = 0; i < s->questions; i++) {
        own_direction(&r, white, own);
        bool near = i % 10 != 9;
        memcpy(s->asked[i], near ? s->vectors[random_below(&r, (uint64_t)s->chunks)] : axis, sizeof axis);
        add_scaled(s->asked[i], own, near ? 0.75F : 1 / cone_weight);
        turn(s->asked[i]);
    }
    for (int i = 0; i < s->chunks; i++)
        turn(s->vectors[i]);
}

static void make_narrow(set *s)
{
    make_cone(s, false);
}

static void make_white(set *s)
{
    make_cone(s, true);
}

static void embed(embedder *e, const char *text, float *vector)
{
    vdb_error error;
    int dimensions;
    must(embed_texts(e, &text, 1, vector, &dimensions, &error), &error);
}

static void make_builtin(set *s)
{
    vdb_error error;
    embedder *e;
    must(embedder_new("builtin", "{}", &e, &error), &error);
    random_stream r = { seed_of(97, 0, 0) };
    for (int i = 0; i < s->chunks; i++) {
        char text[1024];
        size_t length = 0;
        for (int j = 0; j < 3; j++) {
            sentence(&r, i % SUBJECTS, text + length, 300);
            length += strlen(text + length);
            text[length++] = ' ';
        }
        text[length - 1] = '\0';
        embed(e, text, s->vectors[i]);
    }
    for (int i = 0; i < s->questions; i++) {
        char text[300];
        sentence(&r, i % 10 == 9 ? SUBJECTS + i : i % SUBJECTS, text, sizeof text);
        embed(e, text, s->asked[i]);
    }
    embedder_free(e);
}

static void quantize(const float *vector, uint64_t *bits)
{
    memset(bits, 0, BITS_WORDS * sizeof *bits);
    for (int i = 0; i < VDB_DIMENSIONS; i++)
        bits[i / 64] |= (uint64_t)(vector[i] > 0) << (i % 64);
}

static int by_distance(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    return x->distance != y->distance ? (x->distance > y->distance) - (x->distance < y->distance) : x->chunk - y->chunk;
}

static int by_bits(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    return x->differing != y->differing ? x->differing - y->differing : x->chunk - y->chunk;
}

/* Adds to `found` how many of the TOP nearest are among the first so many by bits. Equal distances count as equal. */
static void ask(const set *s, int question, candidate *ranked, double found[WIDTHS])
{
    uint64_t asked[BITS_WORDS];
    quantize(s->asked[question], asked);
    for (int i = 0; i < s->chunks; i++) {
        int differing = 0;
        for (int j = 0; j < BITS_WORDS; j++)
            differing += __builtin_popcountll(asked[j] ^ s->bits[i][j]);
        ranked[i] = (candidate){ 1 - dot_product(s->asked[question], s->vectors[i]), differing, i };
    }
    qsort(ranked, (size_t)s->chunks, sizeof *ranked, by_distance);
    float farthest = ranked[TOP - 1].distance;
    qsort(ranked, (size_t)s->chunks, sizeof *ranked, by_bits);
    for (int w = 0; w < WIDTHS; w++) {
        int hits = 0;
        for (int i = 0; i < widths[w] && i < s->chunks; i++)
            hits += ranked[i].distance <= farthest;
        found[w] += hits < TOP ? hits : TOP;
    }
}

static double mean_cosine(const set *s)
{
    random_stream r = { 96 };
    double sum = 0;
    for (int i = 0; i < 1000; i++)
        sum += (double)dot_product(s->vectors[random_below(&r, (uint64_t)s->chunks)],
                                   s->vectors[random_below(&r, (uint64_t)s->chunks)]);
    return sum / 1000;
}

static void measure(const char *name, set *s)
{
    double found[WIDTHS] = { 0 };
    candidate *ranked = allocate((size_t)s->chunks, sizeof *ranked);
    for (int i = 0; i < s->chunks; i++)
        quantize(s->vectors[i], s->bits[i]);
    for (int i = 0; i < s->questions; i++)
        ask(s, i, ranked, found);
    printf("| %s | %d | %.2f |", name, s->chunks, mean_cosine(s));
    for (int w = 0; w < WIDTHS; w++)
        printf(" %.4f |", found[w] / TOP / s->questions);
    putchar('\n');
    fflush(stdout);
    free(ranked);
}

int main(int argc, char **argv)
{
    set s = { .chunks = 19000, .questions = 400 };
    if (option(&argc, argv, "--quick"))
        s.chunks = 2000, s.questions = 50;
    s.vectors = allocate((size_t)s.chunks, sizeof *s.vectors);
    s.asked = allocate((size_t)s.questions, sizeof *s.asked);
    s.bits = allocate((size_t)s.chunks, sizeof *s.bits);
    printf("| vectors | chunks | mean cosine |");
    for (int w = 0; w < WIDTHS; w++)
        printf(" %d |", widths[w]);
    puts("\n|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    void (*const make[KINDS])(set *) = { make_topics, make_narrow, make_white, make_builtin };
    for (int kind = 0; kind < KINDS; kind++) {
        make[kind](&s);
        measure(kind_names[kind], &s);
    }
    free(s.vectors);
    free(s.asked);
    free(s.bits);
    return 0;
}
