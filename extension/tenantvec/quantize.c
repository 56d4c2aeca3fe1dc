/*
 * quantize.c: short codes for vectors, and estimates of distances from them.
 *
 * The method is RaBitQ's: after a random rotation the coordinates of any vector look alike, so a few bits for each keep
 * most of its direction; the part that is lost is as good as random, so the estimate is unbiased and its error known.
 * The rotation is a product of sign flips and Hadamard transforms over blocks that overlap where the dimension is no
 * power of two: orthogonal, deterministic, and D log D.
 */
#include "tenantvec.h"

#include <math.h>

#define TV_ROTATIONS 3

/* Steps of the best uniform quantizer of a normal variable, in standard deviations, and the distortion it leaves. */
static const float tv_step[TV_MAX_BITS + 1] = {0, 1.596f, 0.9957f, 0.5860f, 0.3352f};
static const float tv_distortion[TV_MAX_BITS + 1] = {0, 0.3634f, 0.1188f, 0.03744f, 0.01154f};
static const int tv_query_bits[TV_MAX_BITS + 1] = {0, 4, 5, 6, 7};

static uint64 tv_mix(uint64 x)
{
    x += UINT64CONST(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64CONST(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64CONST(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static void tv_flip(float *x, int padded, uint64 round)
{
    for (int w = 0; w < padded / 64; w++) {
        uint64 signs = tv_mix(round * 4096 + w);

        for (int i = 0; i < 64; i++)
            x[w * 64 + i] *= 1.0f - 2.0f * ((signs >> i) & 1);
    }
}

static void tv_hadamard(float *restrict x, int n)
{
    float scale = 1.0f / sqrtf((float)n);

    for (int half = 1; half < n; half *= 2)
        for (int i = 0; i < n; i += 2 * half)
            for (int j = i; j < i + half; j++) {
                float a = x[j];
                float b = x[j + half];

                x[j] = a + b;
                x[j + half] = a - b;
            }
    for (int i = 0; i < n; i++)
        x[i] *= scale;
}

/* Rotate in place; `padded` is a multiple of 64. */
void tv_rotate(float *x, int padded)
{
    int block = 64;

    while (block * 2 <= padded)
        block *= 2;
    for (int round = 0; round < TV_ROTATIONS; round++) {
        tv_flip(x, padded, 2 * round);
        tv_hadamard(x, block);
        if (block < padded) {
            tv_flip(x, padded, 2 * round + 1);
            tv_hadamard(x + padded - block, block);
        }
    }
}

static inline int tv_level(float value, float inverse_step, int bits)
{
    int levels = 1 << bits;
    float level = floorf(value * inverse_step + levels / 2);

    if (level < 0)
        return 0;
    return level >= levels ? levels - 1 : (int)level;
}

static void tv_set_level(uint64 *code, int words, int bits, int i, int level)
{
    for (int b = 0; b < bits; b++)
        code[b * words + i / 64] |= (uint64)((level >> b) & 1) << (i % 64);
}

/* Set the factors from what was summed over the coordinates. */
static void tv_set_factors(TvMetric metric, TvEntry *entry, int padded, double norm2, double dot, double u_norm2,
                           double u_sum, double ref_dot)
{
    double cos2 = norm2 > 0 ? dot * dot / (norm2 * u_norm2) : 1;
    double scale = norm2 > 0 ? norm2 / dot : 0;
    double lost = cos2 < 1 ? (1 - cos2) / cos2 : 0;

    entry->bias = (float)(metric == TV_IP ? -ref_dot : norm2);
    entry->scale = (float)scale;
    entry->offset = (float)(scale * u_sum);
    entry->err = (float)sqrt(norm2 * lost / (padded - 1));
    if (!isfinite(entry->bias) || !isfinite(entry->scale) || !isfinite(entry->offset) || !isfinite(entry->err)) {
        entry->bias = entry->scale = entry->offset = entry->err = 0;
        entry->flags |= TV_UNRANKED;
    }
}

/* Code the rotated `x`, measured from `ref`; the caller sets the entry's tid. */
void tv_encode(TvMetric metric, const float *x, const float *ref, int dim, int bits, TvEntry *entry)
{
    int padded = TvPadded(dim);
    double center = ((1 << bits) - 1) / 2.0;
    double norm2 = 0;
    double dot = 0;
    double u_norm2 = 0;
    double u_sum = 0;
    double ref_dot = 0;
    float inverse_step;

    memset(entry, 0, TvEntrySize(dim, bits));
    for (int i = 0; i < padded; i++)
        norm2 += (double)(x[i] - ref[i]) * (x[i] - ref[i]);
    if (!isfinite((float)norm2)) {
        entry->flags = TV_UNRANKED;
        return;
    }
    inverse_step = norm2 > 0 ? (float)(1 / (tv_step[bits] * sqrt(norm2 / padded))) : 0;
    for (int i = 0; i < padded; i++) {
        float r = x[i] - ref[i];
        int level = tv_level(r, inverse_step, bits);
        double u = level - center;

        tv_set_level(entry->code, padded / 64, bits, i, level);
        dot += u * r;
        u_norm2 += u * u;
        u_sum += u;
        ref_dot += (double)ref[i] * r;
    }
    tv_set_factors(metric, entry, padded, norm2, dot, u_norm2, u_sum, ref_dot);
}

/* The vector that the code stands for, measured from the same reference point. */
void tv_decode(const TvEntry *entry, int dim, int bits, float *out)
{
    int words = TvWords(dim);
    float center = ((1 << bits) - 1) / 2.0f;

    for (int w = 0; w < words; w++)
        for (int i = 0; i < 64; i++) {
            int level = 0;

            for (int b = 0; b < bits; b++)
                level |= (int)((entry->code[b * words + w] >> i) & 1) << b;
            out[w * 64 + i] = (level - center) * entry->scale;
        }
}

void tv_query_init(TvQuery *query, int dim, MemoryContext ctx)
{
    memset(query, 0, sizeof(*query));
    query->words = TvWords(dim);
    query->planes = MemoryContextAlloc(ctx, sizeof(uint64) * query->words * TV_MAX_QUERY_BITS);
}

/* Quantize the rotated `x`, measured from `ref`, to be compared with codes of so many bits. */
void tv_query_set(TvQuery *query, const float *x, const float *ref, int dim, int bits)
{
    int padded = TvPadded(dim);
    int levels;
    float largest = 0;
    float inverse;
    double norm2 = 0;
    double lost = 0;
    double ref_dot = 0;

    query->bits = tv_query_bits[bits];
    levels = 1 << query->bits;
    memset(query->planes, 0, sizeof(uint64) * query->words * query->bits);
    for (int i = 0; i < padded; i++) {
        largest = Max(largest, fabsf(x[i] - ref[i]));
        norm2 += (double)(x[i] - ref[i]) * (x[i] - ref[i]);
        ref_dot += (double)x[i] * ref[i];
    }
    query->unranked = !isfinite((float)norm2) || !isfinite((float)ref_dot);
    query->delta = 2 * largest / (levels - 1);
    inverse = largest > 0 && !query->unranked ? 1 / query->delta : 0;
    query->sum = 0;
    for (int i = 0; i < padded && !query->unranked; i++) {
        float value = (x[i] - ref[i]) * inverse + (levels - 1) / 2.0f;
        int level = Min(Max((int)(value + 0.5f), 0), levels - 1);

        tv_set_level(query->planes, query->words, query->bits, i, level);
        query->sum += level;
        lost += (double)(value - level) * (value - level);
    }
    lost *= (double)query->delta * query->delta;
    query->norm2 = (float)norm2;
    query->error = (float)sqrt(norm2 + lost / tv_distortion[bits]);
    query->ip_bias = (float)-ref_dot;
}

/*
 * Estimate |x - o|^2 (for inner product: -<x, o>) and its standard error from the dot product of the bits.
 */
float tv_query_estimate(const TvQuery *query, TvMetric metric, const TvEntry *entry, int bits, uint32 dot, float *err)
{
    int64 centered = 2 * (int64)dot - ((1 << bits) - 1) * query->sum; /* twice sum((level - center) * query level) */
    float half = ((1 << query->bits) - 1) / 2.0f;
    float ip = query->delta * (0.5f * (float)centered * entry->scale - half * entry->offset);

    if (metric == TV_IP) {
        *err = query->error * entry->err;
        return query->ip_bias + entry->bias - ip;
    }
    *err = 2 * query->error * entry->err;
    return query->norm2 + entry->bias - 2 * ip;
}
