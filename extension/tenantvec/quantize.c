/*
 * quantize.c: short codes for vectors, and estimates of distances from them.
 *
 * The method is RaBitQ's: after a random rotation the coordinates of any vector look alike, so a few bits for each keep
 * most of its direction; the part that is lost is as good as random, so the estimate is unbiased and its error known.
 * The rotation is a product of sign flips and Hadamard transforms over blocks that overlap where the dimension is no
 * power of two: orthogonal, deterministic, and D log D.
 */
#include "tenantvec.h"

#include <float.h>
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
#ifdef TV_WIDE
/* a test compiles this for one kind of instructions */
#elif defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define TV_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define TV_WIDE
#endif
#define TV_LANES 16
typedef float TvFloats __attribute__((vector_size(TV_LANES * sizeof(float))));
typedef double TvDoubles __attribute__((vector_size(TV_LANES * sizeof(double))));
typedef int32 TvInts __attribute__((vector_size(TV_LANES * sizeof(int32))));
typedef uint8 TvBytes __attribute__((vector_size(TV_LANES)));

/* Lanes of an array, which need not be aligned. */
#define TvLoad(lanes, x) memcpy(&(lanes), (x), sizeof(lanes))
#define TvStore(x, lanes) memcpy((x), &(lanes), sizeof(lanes))

/* Sum of the lanes, always in the same order. */
#define TvSum(sum, lanes)                                                                                              \
    do {                                                                                                               \
        (sum) = 0;                                                                                                     \
        for (int lane = 0; lane < TV_LANES; lane++)                                                                    \
            (sum) += (lanes)[lane];                                                                                    \
    } while (0)

/* Bring integers into the range from 0 to `highest`. */
#define TvClamp(lanes, highest)                                                                                        \
    do {                                                                                                               \
        (lanes) &= (lanes) > 0;                                                                                        \
        (lanes) = ((lanes) & ((lanes) < (highest))) | ((highest) & ((lanes) >= (highest)));                            \
    } while (0)

/* Flip random signs and scale; `n` is a multiple of 64. */
TV_WIDE static void tv_flip(float *x, int n, uint64 round, float scale)
{
    for (int w = 0; w < n / 64; w++) {
        uint64 signs = tv_mix(round * 4096 + w);
        uint32 halves[2] = { (uint32)signs, (uint32)(signs >> 32) };
        float *restrict part = x + w * 64;

        for (int h = 0; h < 2; h++)
            for (int i = 0; i < 32; i++)
                part[h * 32 + i] *= halves[h] & (1u << i) ? -scale : scale;
    }
}

/* One step of the transform, between values that are `half` apart. */
static inline void tv_hadamard2(float *x, int n, int half)
{
    for (int i = 0; i < n; i += 2 * half) {
        float *restrict a = x + i;
        float *restrict b = a + half;

        for (int j = 0; j < half; j++) {
            float sum = a[j] + b[j];

            b[j] = a[j] - b[j];
            a[j] = sum;
        }
    }
}

/* Two steps at once, between values that are `quarter` and twice that apart. */
static inline void tv_hadamard4(float *x, int n, int quarter)
{
    for (int i = 0; i < n; i += 4 * quarter) {
        float *restrict a = x + i;
        float *restrict b = a + quarter;
        float *restrict c = b + quarter;
        float *restrict d = c + quarter;

        for (int j = 0; j < quarter; j++) {
            float ac = a[j] + c[j];
            float a_c = a[j] - c[j];
            float bd = b[j] + d[j];
            float b_d = b[j] - d[j];

            a[j] = ac + bd;
            b[j] = ac - bd;
            c[j] = a_c + b_d;
            d[j] = a_c - b_d;
        }
    }
}

/* A step between neighbours. It leaves the results in another order, so that the next step is one between neighbours.
 */
static inline void tv_hadamard_near(const float *restrict x, float *restrict out, int n)
{
    for (int j = 0; j < n / 2; j++) {
        out[j] = x[2 * j] + x[2 * j + 1];
        out[j + n / 2] = x[2 * j] - x[2 * j + 1];
    }
}

/*
 * Unscaled, in place but for the order, which no rotation cares for; `n` is a power of two, 64 at least, and `spare` as
 * long.
 */
TV_WIDE static void tv_hadamard(float *x, int n, float *spare)
{
    int half = n / 2;

    if (__builtin_ctz(n) % 2 == 1) {
        tv_hadamard2(x, n, half);
        half /= 2;
    }
    for (; half >= 32; half /= 4)
        tv_hadamard4(x, n, half / 2);
    for (int step = 0; step < 4; step += 2) {
        tv_hadamard_near(x, spare, n);
        tv_hadamard_near(spare, x, n);
    }
}

/* Scale and rotate in place; `padded` is a multiple of 64. */
void tv_rotate(float *x, int padded, float factor)
{
    float spare[TvPadded(TV_MAX_DIM)];
    int block = 64;
    float scale;

    while (block * 2 <= padded)
        block *= 2;
    scale = 1.0f / sqrtf((float)block);
    for (int i = block; i < padded; i++)
        x[i] *= factor;
    for (int round = 0; round < TV_ROTATIONS; round++) {
        tv_flip(x, block, 2 * round, round == 0 ? scale * factor : scale);
        tv_hadamard(x, block, spare);
        if (block < padded) {
            float *last = x + padded - block;

            tv_flip(last, block, 2 * round + 1, scale);
            tv_hadamard(last, block, spare);
        }
    }
}

/* Sums over the coordinates that the factors come from. */
typedef struct TvSums {
    float norm2;
    float dot;
    float ref_dot;
    int64 levels;
    int64 levels2;
} TvSums;

/* Set the factors from what was summed over the coordinates. */
static void tv_set_factors(TvMetric metric, TvEntry *entry, int padded, int bits, const TvSums *sums)
{
    double center = ((1 << bits) - 1) / 2.0;
    double u_sum = sums->levels - center * padded;
    double u_norm2 = sums->levels2 - 2 * center * sums->levels + center * center * padded;
    double norm2 = sums->norm2;
    double cos2 = norm2 > 0 ? (double)sums->dot * sums->dot / (norm2 * u_norm2) : 1;
    double scale = norm2 > 0 ? norm2 / sums->dot : 0;
    double lost = cos2 < 1 ? (1 - cos2) / cos2 : 0;

    entry->bias = (float)(metric == TV_IP ? -sums->ref_dot : norm2);
    entry->scale = (float)scale;
    entry->offset = (float)(scale * u_sum);
    entry->err = (float)sqrt(norm2 * lost / (padded - 1));
    if (!isfinite(entry->bias) || !isfinite(entry->scale) || !isfinite(entry->offset) || !isfinite(entry->err)) {
        entry->bias = entry->scale = entry->offset = entry->err = 0;
        entry->flags |= TV_UNRANKED;
    }
}

/* Square of the norm of a vector of any size. */
TV_WIDE double tv_norm2(const float *x, int padded)
{
    TvDoubles squares = { 0 };
    double sum;

    for (int i = 0; i < padded; i += TV_LANES) {
        TvFloats value;
        TvDoubles wide;

        TvLoad(value, x + i);
        wide = __builtin_convertvector(value, TvDoubles);
        squares += wide * wide;
    }
    TvSum(sum, squares);
    return sum;
}

/* Square of the distance from the reference point. */
TV_WIDE static float tv_distance2(const float *x, const float *ref, int padded)
{
    TvFloats squares = { 0 };
    float sum;

    for (int i = 0; i < padded; i += TV_LANES) {
        TvFloats r, from;

        TvLoad(r, x + i);
        TvLoad(from, ref + i);
        r -= from;
        squares += r * r;
    }
    TvSum(sum, squares);
    return sum;
}

/* Levels of the coordinates, which are known to be a few hundred steps at most. */
TV_WIDE static void tv_levels(const float *x, const float *ref, int padded, int bits, float inverse_step, uint8 *levels,
                              TvSums *sums)
{
    float center = ((1 << bits) - 1) / 2.0f;
    TvFloats dot = { 0 };
    TvFloats ref_dot = { 0 };
    TvInts sum = { 0 };
    TvInts sum2 = { 0 };

    for (int i = 0; i < padded; i += TV_LANES) {
        TvFloats r, from;
        TvInts level;
        TvBytes bytes;

        TvLoad(r, x + i);
        TvLoad(from, ref + i);
        r -= from;
        level = __builtin_convertvector(r * inverse_step + (center + 0.5f), TvInts);
        TvClamp(level, (1 << bits) - 1);
        bytes = __builtin_convertvector(level, TvBytes);
        TvStore(levels + i, bytes);
        dot += (__builtin_convertvector(level, TvFloats) - center) * r;
        ref_dot += from * r;
        sum += level;
        sum2 += level * level;
    }
    TvSum(sums->dot, dot);
    TvSum(sums->ref_dot, ref_dot);
    TvSum(sums->levels, sum);
    TvSum(sums->levels2, sum2);
}

/* Code the rotated `x`, measured from `ref`; the caller sets the entry's tid. */
void tv_encode(TvMetric metric, const float *x, const float *ref, int dim, int bits, TvEntry *entry)
{
    int padded = TvPadded(dim);
    uint8 levels[TvPadded(TV_MAX_DIM)];
    TvSums sums = { .norm2 = tv_distance2(x, ref, padded) };
    float inverse_step;

    memset(entry, 0, TvEntrySize(dim, bits));
    inverse_step = sums.norm2 > 0 ? 1 / (tv_step[bits] * sqrtf(sums.norm2 / padded)) : 0;
    if (!isfinite(sums.norm2) || !isfinite(inverse_step)) {
        entry->flags = TV_UNRANKED;
        return;
    }
    tv_levels(x, ref, padded, bits, inverse_step, levels, &sums);
    tv_pack(levels, padded / 64, bits, entry->code);
    tv_set_factors(metric, entry, padded, bits, &sums);
}

/* The vector that the code stands for, measured from the same reference point. */
TV_WIDE void tv_decode(const TvEntry *entry, int dim, int bits, float *out)
{
    int words = TvWords(dim);
    float center = ((1 << bits) - 1) / 2.0f;
    float scale = entry->scale;

    for (int w = 0; w < words; w++) {
        uint8 levels[64];

        tv_unpack(entry->code + w, words, bits, levels);
        for (int i = 0; i < 64; i += TV_LANES) {
            TvBytes bytes;
            TvFloats value;

            TvLoad(bytes, levels + i);
            value = (__builtin_convertvector(bytes, TvFloats) - center) * scale;
            TvStore(out + w * 64 + i, value);
        }
    }
}

/*
 * Whether a coded vector's factors belong to its code: from the code, the norm and the scale follow the offset and the
 * error, so that damage to any of them shows. Metrics other than inner product; tiny norms are too coarse to tell.
 */
bool tv_entry_sound(const TvEntry *entry, int dim, int bits)
{
    int words = TvWords(dim);
    double center = ((1 << bits) - 1) / 2.0;
    double scale = entry->scale;
    double u_sum = 0, u_norm2 = 0, norm2 = entry->bias;
    double unit, lost, err;

    if (!isfinite(entry->bias) || !isfinite(entry->scale) || !isfinite(entry->offset) || !isfinite(entry->err) ||
        entry->bias < 0 || entry->err < 0)
        return false;
    for (int w = 0; w < words; w++) {
        uint8 levels[64];

        tv_unpack(entry->code + w, words, bits, levels);
        for (int i = 0; i < 64; i++) {
            u_sum += levels[i] - center;
            u_norm2 += (levels[i] - center) * (levels[i] - center);
        }
    }
    if (fabs(entry->offset - scale * u_sum) > fabs(scale) / 4)
        return false;
    if (norm2 < FLT_MIN)
        return true;
    unit = sqrt(norm2 / TvPadded(dim));
    lost = scale * scale * u_norm2 / norm2 - 1;
    err = sqrt(norm2 * Max(lost, 0) / (TvPadded(dim) - 1));
    return lost > -0.01 && fabs(entry->err - err) <= 0.01 * (unit + err);
}

/* Add `x` to `sum`. */
TV_WIDE void tv_add(float *sum, const float *x, int padded)
{
    float *restrict out = sum;
    const float *restrict in = x;

    for (int i = 0; i < padded; i++)
        out[i] += in[i];
}

void tv_query_init(TvQuery *query, int dim, MemoryContext ctx)
{
    memset(query, 0, sizeof(*query));
    query->words = TvWords(dim);
    query->planes = MemoryContextAlloc(ctx, sizeof(uint64) * query->words * TV_MAX_QUERY_BITS);
}

/* Largest coordinate, and the product of `x` with the reference point. */
TV_WIDE static float tv_range(const float *x, const float *ref, int padded, float *ref_dot)
{
    TvFloats dot = { 0 };
    TvInts largest = { 0 }; /* not negative, so they compare as the floats that they are */
    float range = 0;

    for (int i = 0; i < padded; i += TV_LANES) {
        TvFloats r, from;
        TvInts bits, more;

        TvLoad(r, x + i);
        TvLoad(from, ref + i);
        dot += r * from;
        r -= from;
        bits = (TvInts)r & 0x7fffffff;
        more = bits > largest;
        largest = (bits & more) | (largest & ~more);
    }
    TvSum(*ref_dot, dot);
    for (int lane = 0; lane < TV_LANES; lane++)
        range = Max(range, ((TvFloats)largest)[lane]);
    return range;
}

/* Levels of the coordinates and their sum; returns the square of what rounding lost, in steps. */
TV_WIDE static float tv_query_levels(const float *x, const float *ref, int padded, float inverse, int levels,
                                     uint8 *out, int64 *sum)
{
    TvFloats lost = { 0 };
    TvInts sums = { 0 };
    float result;

    for (int i = 0; i < padded; i += TV_LANES) {
        TvFloats value, from;
        TvInts level;
        TvBytes bytes;

        TvLoad(value, x + i);
        TvLoad(from, ref + i);
        value = (value - from) * inverse + (levels - 1) / 2.0f;
        level = __builtin_convertvector(value + 0.5f, TvInts);
        TvClamp(level, levels - 1);
        bytes = __builtin_convertvector(level, TvBytes);
        TvStore(out + i, bytes);
        sums += level;
        value -= __builtin_convertvector(level, TvFloats);
        lost += value * value;
    }
    TvSum(*sum, sums);
    TvSum(result, lost);
    return result;
}

/* Quantize the rotated `x`, measured from `ref`, to be compared with codes of so many bits. */
void tv_query_set(TvQuery *query, const float *x, const float *ref, int dim, int bits)
{
    int padded = TvPadded(dim);
    uint8 out[TvPadded(TV_MAX_DIM)];
    float norm2 = tv_distance2(x, ref, padded);
    float ref_dot;
    float largest = tv_range(x, ref, padded, &ref_dot);
    double lost = 0;
    float inverse;
    int levels;

    query->bits = tv_query_bits[bits];
    levels = 1 << query->bits;
    query->delta = 2 * largest / (levels - 1);
    inverse = largest > 0 ? 1 / query->delta : 0;
    query->unranked = !isfinite(norm2) || !isfinite(ref_dot) || !isfinite(inverse);
    query->sum = 0;
    if (!query->unranked) {
        lost = tv_query_levels(x, ref, padded, inverse, levels, out, &query->sum);
        lost *= (double)query->delta * query->delta;
        tv_pack(out, query->words, query->bits, query->planes);
    }
    query->norm2 = norm2;
    query->error = (float)sqrt(norm2 + lost / tv_distortion[bits]);
    query->ip_bias = -ref_dot;
}
