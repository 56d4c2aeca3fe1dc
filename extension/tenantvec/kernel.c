/*
 * kernel.c: levels as bit planes, and dot products of coded vectors with a quantized query, by counting bits.
 *
 * A code of b planes and a query of q planes give b * q conjunctions, each counted and weighted by 2^(i + j). All
 * variants do the same integer arithmetic, so they agree in every bit.
 */
#include "tenantvec.h"

#include "port/pg_bswap.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define TV_X86 1
#include <immintrin.h>
#endif

/* Eight bytes, the first of them lowest. */
static inline uint64 tv_load8(const uint8 *bytes)
{
    uint64 word;

    memcpy(&word, bytes, sizeof(word));
#ifdef WORDS_BIGENDIAN
    word = pg_bswap64(word);
#endif
    return word;
}

static inline void tv_store8(uint8 *bytes, uint64 word)
{
#ifdef WORDS_BIGENDIAN
    word = pg_bswap64(word);
#endif
    memcpy(bytes, &word, sizeof(word));
}

#define TV_ONES UINT64CONST(0x0101010101010101)

/* Put levels into bit planes, lowest first. The product gathers the lowest bits of eight bytes in its highest byte. */
static void tv_pack_plain(const uint8 *levels, int words, int bits, uint64 *planes)
{
    for (int b = 0; b < bits; b++)
        for (int w = 0; w < words; w++) {
            uint64 word = 0;

            for (int i = 0; i < 8; i++) {
                uint64 eight = (tv_load8(levels + w * 64 + i * 8) >> b) & TV_ONES;

                word |= ((eight * UINT64CONST(0x0102040810204080)) >> 56) << (i * 8);
            }
            planes[b * words + w] = word;
        }
}

/* The 64 levels in one word of each plane; planes are `stride` words apart. */
void tv_unpack(const uint64 *planes, int stride, int bits, uint8 *levels)
{
    for (int i = 0; i < 8; i++) {
        uint64 eight = 0;

        for (int b = 0; b < bits; b++) {
            uint64 spread = (((planes[b * stride] >> (i * 8)) & 0xff) * TV_ONES) & UINT64CONST(0x8040201008040201);

            eight |= (((spread + UINT64CONST(0x7f7f7f7f7f7f7f7f)) >> 7) & TV_ONES) << b;
        }
        tv_store8(levels + i * 8, eight);
    }
}

static inline uint64 tv_count_words(const uint64 *a, const uint64 *b, int words)
{
    uint64 count = 0;

    for (int w = 0; w < words; w++)
        count += (uint64)__builtin_popcountll(a[w] & b[w]);
    return count;
}

static void tv_dots_plain(const uint64 *codes, int n, size_t stride, int words, int bits, const uint64 *planes,
                          int query_bits, uint32 *dots)
{
    for (int i = 0; i < n; i++) {
        const uint64 *code = (const uint64 *)((const char *)codes + i * stride);
        uint64 dot = 0;

        for (int j = 0; j < bits; j++)
            for (int k = 0; k < query_bits; k++)
                dot += tv_count_words(code + j * words, planes + k * words, words) << (j + k);
        dots[i] = (uint32)dot;
    }
}

#ifdef TV_X86

__attribute__((target("avx2"))) static inline __m256i tv_popcount256(__m256i v)
{
    const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2,
                                           2, 3, 2, 3, 3, 4);
    const __m256i low = _mm256_set1_epi8(0x0f);
    __m256i counts = _mm256_add_epi8(_mm256_shuffle_epi8(table, _mm256_and_si256(v, low)),
                                     _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(v, 4), low)));

    return _mm256_sad_epu8(counts, _mm256_setzero_si256());
}

__attribute__((target("avx2,popcnt"))) static void tv_dots_avx2(const uint64 *codes, int n, size_t stride, int words,
                                                                int bits, const uint64 *planes, int query_bits,
                                                                uint32 *dots)
{
    int whole = words / 4 * 4;

    for (int i = 0; i < n; i++) {
        const uint64 *code = (const uint64 *)((const char *)codes + i * stride);
        __m256i sum = _mm256_setzero_si256();
        uint64 dot = 0;
        uint64 lanes[4];

        for (int j = 0; j < bits; j++) {
            const uint64 *plane = code + j * words;

            for (int k = 0; k < query_bits; k++) {
                const uint64 *query = planes + k * words;
                __m256i acc = _mm256_setzero_si256();

                for (int w = 0; w < whole; w += 4)
                    acc = _mm256_add_epi64(
                        acc, tv_popcount256(_mm256_and_si256(_mm256_loadu_si256((const __m256i *)(plane + w)),
                                                             _mm256_loadu_si256((const __m256i *)(query + w)))));
                sum = _mm256_add_epi64(sum, _mm256_sll_epi64(acc, _mm_cvtsi32_si128(j + k)));
                for (int w = whole; w < words; w++)
                    dot += (uint64)__builtin_popcountll(plane[w] & query[w]) << (j + k);
            }
        }
        _mm256_storeu_si256((__m256i *)lanes, sum);
        dots[i] = (uint32)(dot + lanes[0] + lanes[1] + lanes[2] + lanes[3]);
    }
}

__attribute__((target("avx2"))) static void tv_pack_avx2(const uint8 *levels, int words, int bits, uint64 *planes)
{
    for (int b = 0; b < bits; b++) {
        __m128i shift = _mm_cvtsi32_si128(7 - b);

        for (int w = 0; w < words; w++) {
            __m256i low = _mm256_loadu_si256((const __m256i *)(levels + w * 64));
            __m256i high = _mm256_loadu_si256((const __m256i *)(levels + w * 64 + 32));

            planes[b * words + w] = (uint64)(uint32)_mm256_movemask_epi8(_mm256_sll_epi16(low, shift)) |
                                    (uint64)(uint32)_mm256_movemask_epi8(_mm256_sll_epi16(high, shift)) << 32;
        }
    }
}

#define TV_AVX512 __attribute__((target("avx512f,avx512vpopcntdq")))

/* With the number of the query's planes known to the compiler, their counts stay in registers. */
TV_AVX512 __attribute__((always_inline)) static inline void tv_dots_avx512_planes(const uint64 *codes, int n,
                                                                                  size_t stride, int words, int bits,
                                                                                  const uint64 *planes,
                                                                                  const int query_bits, uint32 *dots)
{
    int whole = words / 8 * 8;
    __mmask8 rest = (__mmask8)((1u << (words - whole)) - 1);

    for (int i = 0; i < n; i++) {
        const uint64 *code = (const uint64 *)((const char *)codes + i * stride);
        __m512i sum = _mm512_setzero_si512();

        for (int j = 0; j < bits; j++, code += words) {
            __m512i counts[TV_MAX_QUERY_BITS];
            __m512i last = _mm512_maskz_loadu_epi64(rest, code + whole);

            for (int k = 0; k < query_bits; k++)
                counts[k] = _mm512_popcnt_epi64(
                    _mm512_and_si512(last, _mm512_maskz_loadu_epi64(rest, planes + k * words + whole)));
            for (int w = 0; w < whole; w += 8) {
                __m512i eight = _mm512_loadu_si512(code + w);

                for (int k = 0; k < query_bits; k++)
                    counts[k] = _mm512_add_epi64(counts[k], _mm512_popcnt_epi64(_mm512_and_si512(
                                                                eight, _mm512_loadu_si512(planes + k * words + w))));
            }
            for (int k = 0; k < query_bits; k++)
                sum = _mm512_add_epi64(sum, _mm512_sll_epi64(counts[k], _mm_cvtsi32_si128(j + k)));
        }
        dots[i] = (uint32)_mm512_reduce_add_epi64(sum);
    }
}

TV_AVX512 static void tv_dots_avx512(const uint64 *codes, int n, size_t stride, int words, int bits,
                                     const uint64 *planes, int query_bits, uint32 *dots)
{
    switch (query_bits) {
    case 4:
        tv_dots_avx512_planes(codes, n, stride, words, bits, planes, 4, dots);
        break;
    case 7:
        tv_dots_avx512_planes(codes, n, stride, words, bits, planes, 7, dots);
        break;
    default:
        tv_dots_avx512_planes(codes, n, stride, words, bits, planes, query_bits, dots);
    }
}

#endif

TvKernel tv_kernel = tv_dots_plain;
void (*tv_pack)(const uint8 *levels, int words, int bits, uint64 *planes) = tv_pack_plain;
const char *tv_kernel_name = "plain";

/* Whether this machine can run what has the name. */
bool tv_kernel_offered(const char *name)
{
#ifdef TV_X86
    __builtin_cpu_init();
    if (strcmp(name, "avx2") == 0)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
    if (strcmp(name, "avx512") == 0)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx2") &&
               __builtin_cpu_supports("avx512vpopcntdq");
#endif
    return strcmp(name, "plain") == 0;
}

/* Choose by name; false if this machine cannot run it. */
bool tv_kernel_choose(const char *name)
{
    if (!tv_kernel_offered(name))
        return false;
    tv_kernel = tv_dots_plain;
    tv_pack = tv_pack_plain;
    tv_kernel_name = "plain";
#ifdef TV_X86
    if (strcmp(name, "avx2") == 0) {
        tv_kernel = tv_dots_avx2;
        tv_pack = tv_pack_avx2;
        tv_kernel_name = "avx2";
    } else if (strcmp(name, "avx512") == 0) {
        tv_kernel = tv_dots_avx512;
        tv_pack = tv_pack_avx2;
        tv_kernel_name = "avx512";
    }
#endif
    return true;
}

void tv_kernel_init(void)
{
    if (!tv_kernel_choose("avx512") && !tv_kernel_choose("avx2"))
        tv_kernel_choose("plain");
}
