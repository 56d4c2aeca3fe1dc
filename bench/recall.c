/*
 * Recall@5 of two-stage search by number of candidates, worked out in memory, for one tenant of several kinds of
 * vectors (kinds.h). The white cone is the worst case for short codes.
 */
#include "kinds.h"

#include <string.h>

enum { TOP = 5, BITS_WORDS = VDB_DIMENSIONS / 64, WIDTHS = 6 };
static const vector_kind kinds[] = { KIND_TOPICS, KIND_CONE, KIND_WHITE_CONE, KIND_BUILTIN };
static const int widths[WIDTHS] = { 50, 100, 200, 400, 800, 1600 };

typedef struct candidate {
    float distance;
    int differing;
    int chunk;
} candidate;

typedef struct set {
    vector_set of;
    uint64_t (*bits)[BITS_WORDS];
} set;

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
    quantize(s->of.asked[question], asked);
    for (int i = 0; i < s->of.chunks; i++) {
        int differing = 0;
        for (int j = 0; j < BITS_WORDS; j++)
            differing += __builtin_popcountll(asked[j] ^ s->bits[i][j]);
        ranked[i] = (candidate){ 1 - dot_product(s->of.asked[question], s->of.vectors[i]), differing, i };
    }
    qsort(ranked, (size_t)s->of.chunks, sizeof *ranked, by_distance);
    float farthest = ranked[TOP - 1].distance;
    qsort(ranked, (size_t)s->of.chunks, sizeof *ranked, by_bits);
    for (int w = 0; w < WIDTHS; w++) {
        int hits = 0;
        for (int i = 0; i < widths[w] && i < s->of.chunks; i++)
            hits += ranked[i].distance <= farthest;
        found[w] += hits < TOP ? hits : TOP;
    }
}

static double mean_cosine(const set *s)
{
    random_stream r = { 96 };
    double sum = 0;
    for (int i = 0; i < 1000; i++)
        sum += (double)dot_product(s->of.vectors[random_below(&r, (uint64_t)s->of.chunks)],
                                   s->of.vectors[random_below(&r, (uint64_t)s->of.chunks)]);
    return sum / 1000;
}

static void measure(const char *name, set *s)
{
    double found[WIDTHS] = { 0 };
    candidate *ranked = allocate((size_t)s->of.chunks, sizeof *ranked);
    for (int i = 0; i < s->of.chunks; i++)
        quantize(s->of.vectors[i], s->bits[i]);
    for (int i = 0; i < s->of.questions; i++)
        ask(s, i, ranked, found);
    printf("| %s | %d | %.2f |", name, s->of.chunks, mean_cosine(s));
    for (int w = 0; w < WIDTHS; w++)
        printf(" %.4f |", found[w] / TOP / s->of.questions);
    putchar('\n');
    fflush(stdout);
    free(ranked);
}

int main(int argc, char **argv)
{
    set s;
    bool quick = option(&argc, argv, "--quick");
    vector_set_init(&s.of, quick ? 2000 : 19000, quick ? 50 : 400);
    s.bits = allocate((size_t)s.of.chunks, sizeof *s.bits);
    printf("| vectors | chunks | mean cosine |");
    for (int w = 0; w < WIDTHS; w++)
        printf(" %d |", widths[w]);
    puts("\n|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        vector_set_make(&s.of, kinds[i]);
        measure(kind_name(kinds[i]), &s);
    }
    vector_set_free(&s.of);
    free(s.bits);
    return 0;
}
