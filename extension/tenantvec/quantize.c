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
static const float tv_step[TV_MAX_BITS + 1] = { 0, 1.596f, 0.9957f, 0.5860f, 0.3352f };
static const float tv_distortion[TV_MAX_BITS + 1] = { 0, 0.3634f, 0.1188f, 0.03744f, 0.01154f };
static const int tv_query_bits[TV_MAX_BITS + 1] = { 0, 4, 5, 6, 7 };

static uint64 tv_mix(uint64 x)
{
    x += UINT64CONST(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64CONST(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64CONST(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/*
 * Wider instructions where the machine has them. Nothing here depends on their width: sums are kept in lanes of a fixed
 * number, and products are not fused into them.
 */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define TV_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define TV_WIDE
#endif
#define TV_LANES 8

static double tv_sum_lanes(const double *lanes)
{
    double sum = 0;

    for (int i = 0; i < TV_LANES; i++)
        sum += lanes[i];
    return sum;
}

TV_WIDE static void tv_flip(float *x, int padded, uint64 round)
{
    for (int w = 0; w < padded / 64; w++) {
        uint64 signs = tv_mix(round * 4096 + w);
        uint32 halves[2] = { (uint32)signs, (uint32)(signs >> 32) };
        uint32 *bits = (uint32 *)(x + w * 64);

        for (int h = 0; h < 2; h++)
            for (int i = 0; i < 32; i++)
                bits[h * 32 + i] ^= (halves[h] >> i) << 31;
    }
}

/* The three innermost steps of the transform, on eight values. */
static inline void tv_hadamard8(float *x)
{
    float a[8], b[8];

    for (int i = 0; i < 4; i++) {
        a[i] = x[i] + x[i + 4];
        a[i + 4] = x[i] - x[i + 4];
    }
    for (int i = 0; i < 2; i++) {
        b[i] = a[i] + a[i + 2];
        b[i + 2] = a[i] - a[i + 2];
        b[i + 4] = a[i + 4] + a[i + 6];
        b[i + 6] = a[i + 4] - a[i + 6];
    }
    for (int i = 0; i < 8; i += 2) {
        x[i] = b[i] + b[i + 1];
        x[i + 1] = b[i] - b[i + 1];
    }
}

/* In place; `n` is a power of two, 64 at least. */
TV_WIDE static void tv_hadamard(float *x, int n)
{
    float scale = 1.0f / sqrtf((float)n);

    for (int half = n / 2; half >= 8; half /= 2)
        for (int i = 0; i < n; i += 2 * half) {
            float *restrict low = x + i;
            float *restrict high = x + i + half;

            for (int j = 0; j < half; j++) {
                float sum = low[j] + high[j];

                high[j] = low[j] - high[j];
                low[j] = sum;
            }
        }
    for (int i = 0; i < n; i += 8)
        tv_hadamard8(x + i);
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
    float levels = (float)(1 << bits);
    float level = value * inverse_step + levels / 2;

    level = level < 0 ? 0 : level;
    level = level > levels - 1 ? levels - 1 : level;
    return (int)level;
}

/* Sums over the coordinates that the factors come from. */
typedef struct TvSums {
    double norm2;
    double dot;
    double u_norm2;
    double u_sum;
    double ref_dot;
} TvSums;

/* Set the factors from what was summed over the coordinates. */
static void tv_set_factors(TvMetric metric, TvEntry *entry, int padded, const TvSums *sums)
{
    double norm2 = sums->norm2;
    double cos2 = norm2 > 0 ? sums->dot * sums->dot / (norm2 * sums->u_norm2) : 1;
    double scale = norm2 > 0 ? norm2 / sums->dot : 0;
    double lost = cos2 < 1 ? (1 - cos2) / cos2 : 0;

    entry->bias = (float)(metric == TV_IP ? -sums->ref_dot : norm2);
    entry->scale = (float)scale;
    entry->offset = (float)(scale * sums->u_sum);
    entry->err = (float)sqrt(norm2 * lost / (padded - 1));
    if (!isfinite(entry->bias) || !isfinite(entry->scale) || !isfinite(entry->offset) || !isfinite(entry->err)) {
        entry->bias = entry->scale = entry->offset = entry->err = 0;
        entry->flags |= TV_UNRANKED;
    }
}

TV_WIDE static double tv_norm2(const float *x, const float *ref, int padded)
{
    double lanes[TV_LANES] = { 0 };

    for (int i = 0; i < padded; i += TV_LANES)
        for (int j = 0; j < TV_LANES; j++) {
            float r = x[i + j] - ref[i + j];

            lanes[j] += (double)r * r;
        }
    return tv_sum_lanes(lanes);
}

TV_WIDE static void tv_levels(const float *x, const float *ref, int padded, int bits, float inverse_step, uint8 *levels,
                              TvSums *sums)
{
    float center = ((1 << bits) - 1) / 2.0f;
    double dot[TV_LANES] = { 0 };
    double u_norm2[TV_LANES] = { 0 };
    double u_sum[TV_LANES] = { 0 };
    double ref_dot[TV_LANES] = { 0 };

    for (int i = 0; i < padded; i += TV_LANES)
        for (int j = 0; j < TV_LANES; j++) {
            float r = x[i + j] - ref[i + j];
            int level = tv_level(r, inverse_step, bits);
            float u = level - center;

            levels[i + j] = level;
            dot[j] += (double)u * r;
            u_norm2[j] += (double)u * u;
            u_sum[j] += u;
            ref_dot[j] += (double)ref[i + j] * r;
        }
    sums->dot = tv_sum_lanes(dot);
    sums->u_norm2 = tv_sum_lanes(u_norm2);
    sums->u_sum = tv_sum_lanes(u_sum);
    sums->ref_dot = tv_sum_lanes(ref_dot);
}

/* Put levels into bit planes, lowest first. */
TV_WIDE static void tv_pack(const uint8 *levels, int words, int bits, uint64 *planes)
{
    for (int b = 0; b < bits; b++)
        for (int w = 0; w < words; w++) {
            uint64 word = 0;

            for (int i = 0; i < 64; i++)
                word |= (uint64)((levels[w * 64 + i] >> b) & 1) << i;
            planes[b * words + w] = word;
        }
}

/* Code the rotated `x`, measured from `ref`; the caller sets the entry's tid. */
void tv_encode(TvMetric metric, const float *x, const float *ref, int dim, int bits, TvEntry *entry)
{
    int padded = TvPadded(dim);
    uint8 levels[TvPadded(TV_MAX_DIM)];
    TvSums sums = { .norm2 = tv_norm2(x, ref, padded) };
    float inverse_step;

    memset(entry, 0, TvEntrySize(dim, bits));
    inverse_step = sums.norm2 > 0 ? (float)(1 / (tv_step[bits] * sqrt(sums.norm2 / padded))) : 0;
    if (!isfinite((float)sums.norm2) || !isfinite(inverse_step)) {
        entry->flags = TV_UNRANKED;
        return;
    }
    tv_levels(x, ref, padded, bits, inverse_step, levels, &sums);
    tv_pack(levels, padded / 64, bits, entry->code);
    tv_set_factors(metric, entry, padded, &sums);
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

/* Largest coordinate, and the product of `x` with the reference point. */
TV_WIDE static float tv_range(const float *x, const float *ref, int padded, double *ref_dot)
{
    double dot[TV_LANES] = { 0 };
    float largest[TV_LANES] = { 0 };

    for (int i = 0; i < padded; i += TV_LANES)
        for (int j = 0; j < TV_LANES; j++) {
            float r = fabsf(x[i + j] - ref[i + j]);

            largest[j] = r > largest[j] ? r : largest[j];
            dot[j] += (double)x[i + j] * ref[i + j];
        }
    *ref_dot = tv_sum_lanes(dot);
    for (int j = 1; j < TV_LANES; j++)
        largest[0] = Max(largest[0], largest[j]);
    return largest[0];
}

/* Levels of the coordinates; returns the square of what rounding lost, in steps. */
TV_WIDE static double tv_query_levels(const float *x, const float *ref, int padded, float inverse, int levels,
                                      uint8 *out)
{
    double lost[TV_LANES] = { 0 };

    for (int i = 0; i < padded; i += TV_LANES)
        for (int j = 0; j < TV_LANES; j++) {
            float value = (x[i + j] - ref[i + j]) * inverse + (levels - 1) / 2.0f;
            int level = Min(Max((int)(value + 0.5f), 0), levels - 1);

            out[i + j] = level;
            lost[j] += (double)(value - level) * (value - level);
        }
    return tv_sum_lanes(lost);
}

/* Quantize the rotated `x`, measured from `ref`, to be compared with codes of so many bits. */
void tv_query_set(TvQuery *query, const float *x, const float *ref, int dim, int bits)
{
    int padded = TvPadded(dim);
    uint8 out[TvPadded(TV_MAX_DIM)];
    double norm2 = tv_norm2(x, ref, padded);
    double ref_dot;
    float largest = tv_range(x, ref, padded, &ref_dot);
    double lost = 0;
    float inverse;
    int levels;

    query->bits = tv_query_bits[bits];
    levels = 1 << query->bits;
    query->delta = 2 * largest / (levels - 1);
    inverse = largest > 0 ? 1 / query->delta : 0;
    query->unranked = !isfinite((float)norm2) || !isfinite((float)ref_dot) || !isfinite(inverse);
    query->sum = 0;
    if (!query->unranked) {
        lost = tv_query_levels(x, ref, padded, inverse, levels, out);
        lost *= (double)query->delta * query->delta;
        tv_pack(out, query->words, query->bits, query->planes);
        for (int i = 0; i < padded; i++)
            query->sum += out[i];
    }
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
