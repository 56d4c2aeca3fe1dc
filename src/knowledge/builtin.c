/*
 * A bag of words and of pieces of words, as a vector of fixed length.
 *
 * Each term and each of its n-grams is a feature. A hash gives it a place and a sign, so that colliding features cancel
 * out on average and inner products stay unbiased (Weinberger et al., "Feature Hashing for Large Scale Multitask
 * Learning", ICML 2009).
 *
 * The cosine prefers short passages: of two that have the same words of a question it takes the one that says less
 * besides, and by too much (Singhal, Buckley & Mitra, "Pivoted Document Length Normalization", SIGIR 1996). So each
 * passage counts as if it had ten words more, which no question has: they lie at places that are kept for them.
 *
 * Such a vector is sparse, and search ranks first by one bit per dimension, its sign,
 * of which a zero has none. So it is turned by a fixed rotation (random signs, a random permutation, Walsh-Hadamard
 * transforms; twice), which keeps every angle and makes all dimensions speak: then the share of differing sign bits
 * estimates the angle (Gao & Long, "RaBitQ", SIGMOD 2024).
 *
 * All sums are made in integers, and the last step is one correctly rounded IEEE 754 square root, division and
 * conversion per number: a text gets the same bits from every compiler and on every machine, as long as the stemmer
 * (libstemmer, "portuguese") and Unicode's tables (ICU) say the same about its words.
 */
#include "knowledge/builtin.h"

#include "base/words.h"
#include "knowledge/common.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <sodium/crypto_shorthash_siphash24.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/utf8.h>

enum {
    BLOCK = 512, /* a power of two, for the Walsh-Hadamard transform */
    ROUNDS = 2,
    SHORTEST_GRAM = 3,
    LONGEST_GRAM = 4,
    GRAM_BYTES = 1 + LONGEST_GRAM * U8_MAX_LENGTH,
    TERM_BYTES = 512, /* more than a reader of words gives, with borders */
    FIRST_FEATURES = 2048,
    LARGEST_SUM = 1 << 26, /* of one dimension: so the squares of all fit into 64 bits */
    FILLING_PLACES = 64,   /* many: passages that share no word are to have nothing in common */
    FEATURE_PLACES = VDB_DIMENSIONS - FILLING_PLACES,
};

_Static_assert(VDB_DIMENSIONS % BLOCK == 0, "blocks cover the vector");

/*
 * Weights, as lengths. All n-grams of a word together weigh twice as much as its stem, however long it is: a word that
 * differs in its ending, or is misspelt, still counts for about half. A common word counts, in the inner product, half
 * as much as another one. Documents are full of numbers that no question has.
 */
enum { ONE = 4096, GRAMS = 2 * ONE, NUMBER = ONE / 2, STOP = ONE / 10, COMMON_PERCENT = 70 };

/* What fills up a passage, as the square of a length: ten words with their n-grams. */
enum { FILLING_SQUARE = 10 * (ONE * ONE + GRAMS * GRAMS) };

typedef struct feature {
    uint64_t hash; /* 0: the cell is free */
    uint32_t weight;
    uint32_t times;
} feature;

typedef struct turn {
    uint16_t from[VDB_DIMENSIONS]; /* a permutation */
    int8_t sign[VDB_DIMENSIONS];
} turn;

struct builtin {
    word_reader *words;
    feature *features; /* an open hash table of `room` cells, a power of two, at most half full */
    size_t room;
    size_t used;
    turn turns[ROUNDS];
    int64_t sums[2][VDB_DIMENSIONS];
};

/* Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. */
static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* A number below `limit` from 64 random bits. */
static uint32_t below(uint64_t bits, uint32_t limit)
{
    return (uint32_t)(((bits >> 32) * limit) >> 32);
}

static void make_turn(turn *t, uint64_t *random)
{
    for (uint32_t i = 0; i < VDB_DIMENSIONS; i++) {
        t->from[i] = (uint16_t)i;
        t->sign[i] = splitmix64(random) >> 63 ? 1 : -1;
    }
    for (uint32_t i = VDB_DIMENSIONS - 1; i > 0; i--) {
        uint32_t other = below(splitmix64(random), i + 1);
        uint16_t swap = t->from[i];
        t->from[i] = t->from[other];
        t->from[other] = swap;
    }
}

vdb_status builtin_new(builtin **result, vdb_error *error)
{
    uint64_t random = 1;
    builtin *b = calloc(1, sizeof *b);
    if (b == NULL)
        return error_memory(error);
    b->room = FIRST_FEATURES;
    b->features = calloc(b->room, sizeof *b->features);
    b->words = word_reader_new();
    if (b->features == NULL || b->words == NULL) {
        builtin_free(b);
        return error_memory(error);
    }
    for (int i = 0; i < ROUNDS; i++)
        make_turn(&b->turns[i], &random);
    *result = b;
    return VDB_OK;
}

void builtin_free(builtin *b)
{
    if (b == NULL)
        return;
    word_reader_free(b->words);
    free(b->features);
    free(b);
}

static uint64_t hash_bytes(const char *bytes, size_t length)
{
    static const unsigned char key[crypto_shorthash_siphash24_KEYBYTES] = "voicedb lexical";
    unsigned char out[crypto_shorthash_siphash24_BYTES];
    crypto_shorthash_siphash24(out, (const unsigned char *)bytes, length, key);
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof out; i++)
        hash |= (uint64_t)out[i] << 8 * i;
    return hash != 0 ? hash : 1;
}

static feature *find_cell(feature *features, size_t room, uint64_t hash)
{
    size_t i = hash & (room - 1);
    while (features[i].hash != 0 && features[i].hash != hash)
        i = (i + 1) & (room - 1);
    return &features[i];
}

static bool grow(builtin *b)
{
    feature *larger = calloc(2 * b->room, sizeof *larger);
    if (larger == NULL)
        return false;
    for (size_t i = 0; i < b->room; i++) {
        if (b->features[i].hash != 0)
            *find_cell(larger, 2 * b->room, b->features[i].hash) = b->features[i];
    }
    free(b->features);
    b->features = larger;
    b->room *= 2;
    return true;
}

/* Counts a feature. Words of different lengths give the same n-gram different weights: the largest stays. */
static bool count_feature(builtin *b, const char *bytes, size_t length, uint32_t weight)
{
    if (2 * (b->used + 1) > b->room && !grow(b))
        return false;
    uint64_t hash = hash_bytes(bytes, length);
    feature *f = find_cell(b->features, b->room, hash);
    if (f->hash == 0) {
        f->hash = hash;
        b->used++;
    }
    if (f->weight < weight)
        f->weight = weight;
    if (f->times < INT32_MAX)
        f->times++;
    return true;
}

/* The n-grams of a term with a space at both ends: "pix" has " pi", "pix", "ix ", " pix", "pix ". */
static bool count_grams(builtin *b, const char *term, size_t length, uint32_t percent)
{
    char text[TERM_BYTES], gram[GRAM_BYTES] = "g";
    size_t starts[TERM_BYTES + 1]; /* of its characters, and its end */
    int characters = 0, grams = 0;
    text[0] = ' ';
    memcpy(text + 1, term, length);
    text[length + 1] = ' ';
    for (size_t i = 0; i < length + 2; characters++) {
        starts[characters] = i;
        U8_FWD_1(text, i, length + 2);
    }
    starts[characters] = length + 2;
    for (int n = SHORTEST_GRAM; n <= LONGEST_GRAM && n <= characters; n++)
        grams += characters - n + 1;
    assert(grams > 0); /* a term has a character, and here a space on either side */
    int share = GRAMS * GRAMS / grams;
    uint32_t weight = (uint32_t)sqrt((double)share) * percent / 100;
    for (int n = SHORTEST_GRAM; n <= LONGEST_GRAM; n++) {
        for (int i = 0; i + n <= characters; i++) {
            size_t bytes = starts[i + n] - starts[i];
            memcpy(gram + 1, text + starts[i], bytes);
            if (!count_feature(b, gram, 1 + bytes, weight))
                return false;
        }
    }
    return true;
}

static bool is_common(const word_term *term)
{
    return (term->kind == WORD_CONTENT || term->kind == WORD_COMPOUND) && is_common_stem(term->text);
}

static bool count_word(void *context, const word_term *term)
{
    static const uint32_t weights[] = {
        [WORD_CONTENT] = ONE, [WORD_STOP] = STOP, [WORD_NUMBER] = NUMBER, [WORD_COMPOUND] = ONE
    };
    builtin *b = context;
    char bytes[TERM_BYTES] = "w";
    size_t length = term->length < TERM_BYTES - 2 ? term->length : TERM_BYTES - 2;
    memcpy(bytes + 1, term->text, length);
    uint32_t percent = is_common(term) ? COMMON_PERCENT : 100;
    if (!count_feature(b, bytes, 1 + length, weights[term->kind] * percent / 100))
        return false;
    return term->kind != WORD_CONTENT || count_grams(b, term->text, length, percent);
}

/* 1 + ln(times), in units of ONE; the logarithm is exact at powers of two and straight between them. */
static int64_t sublinear(uint32_t times)
{
    const int64_t ln2 = 2839; /* in units of ONE */
    int64_t power = 31 - __builtin_clz(times);
    int64_t fraction = (((int64_t)times << 12) >> power) - ONE;
    return ONE + (power * ONE + fraction) * ln2 / ONE;
}

/* Adds up the features by their places, with their signs or without, and returns the square of the vector's length. */
static uint64_t place_features(const builtin *b, bool signs, int64_t sums[VDB_DIMENSIONS])
{
    memset(sums, 0, VDB_DIMENSIONS * sizeof sums[0]);
    for (size_t i = 0; i < b->room; i++) {
        const feature *f = &b->features[i];
        if (f->hash == 0)
            continue;
        int64_t value = f->weight * sublinear(f->times) / ONE;
        sums[below(f->hash, FEATURE_PLACES)] += signs && (f->hash & 1) == 0 ? -value : value;
    }
    uint64_t squares = 0;
    for (int i = 0; i < FEATURE_PLACES; i++) {
        if (sums[i] > LARGEST_SUM)
            sums[i] = LARGEST_SUM;
        if (sums[i] < -LARGEST_SUM)
            sums[i] = -LARGEST_SUM;
        squares += (uint64_t)(sums[i] * sums[i]);
    }
    return squares;
}

/* Fills up a passage, at a place and with a sign that follow from its features; returns the square of what it adds. */
static uint64_t fill_up(const builtin *b, int64_t sums[VDB_DIMENSIONS])
{
    uint64_t hash = 0;
    for (size_t i = 0; i < b->room; i++)
        hash ^= b->features[i].hash;
    int64_t value = (int64_t)sqrt((double)FILLING_SQUARE);
    sums[FEATURE_PLACES + below(hash, FILLING_PLACES)] = (hash & 1) == 0 ? -value : value;
    return (uint64_t)(value * value);
}

static void forget_features(builtin *b)
{
    memset(b->features, 0, b->room * sizeof b->features[0]);
    b->used = 0;
}

/* The Walsh-Hadamard transform of a block; it makes a vector √BLOCK times as long. */
static void transform(int64_t block[BLOCK])
{
    for (int half = 1; half < BLOCK; half *= 2) {
        for (int start = 0; start < BLOCK; start += 2 * half) {
            for (int i = start; i < start + half; i++) {
                int64_t a = block[i], b = block[i + half];
                block[i] = a + b;
                block[i + half] = a - b;
            }
        }
    }
}

static void rotate(const turn *t, const int64_t in[VDB_DIMENSIONS], int64_t out[VDB_DIMENSIONS])
{
    for (int i = 0; i < VDB_DIMENSIONS; i++)
        out[i] = in[t->from[i]] * t->sign[i];
    for (int start = 0; start < VDB_DIMENSIONS; start += BLOCK)
        transform(out + start);
}

vdb_status builtin_embed(builtin *b, embed_kind kind, const char *text, float vector[VDB_DIMENSIONS], vdb_error *error)
{
    bool read = word_reader_read(b->words, text, strlen(text), count_word, b);
    uint64_t squares = place_features(b, true, b->sums[0]);
    if (squares == 0) /* no feature at all, or some that collide and cancel out, as in "s3f1 c8" */
        squares = place_features(b, false, b->sums[0]);
    if (kind == EMBED_DOCUMENT && squares > 0)
        squares += fill_up(b, b->sums[0]);
    forget_features(b);
    if (!read)
        return error_memory(error);
    if (squares == 0)
        return error_set(error, VDB_BAD_INPUT, "Give a text with at least one letter or digit.",
                         "the text has no word to embed");
    for (int i = 0; i < ROUNDS; i++)
        rotate(&b->turns[i], b->sums[i % 2], b->sums[(i + 1) % 2]);
    const double length = BLOCK * sqrt((double)squares);
    for (int i = 0; i < VDB_DIMENSIONS; i++)
        vector[i] = (float)((double)b->sums[ROUNDS % 2][i] / length);
    return VDB_OK;
}
