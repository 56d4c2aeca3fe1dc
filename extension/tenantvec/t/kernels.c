/*
 * kernels.c: coding and comparing without a server. Every kernel that this machine can run is held against a plain sum
 * over bits, and a hash of all codes and factors is printed: however this was compiled, it has to be the same.
 */
#include "../tenantvec.h"

#undef printf
#include <stdio.h>
#include <stdlib.h>

void *MemoryContextAlloc(MemoryContext context, Size size)
{
    return calloc(1, size);
}

static uint64 random_state = 1;

static uint64 next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static float random_float(void)
{
    return (float)(int64)(next_random() % 2000001 - 1000000) / 1000000.0f;
}

static uint64 hash_state = 1469598103934665603u;

static void hash(const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash_state = (hash_state ^ ((const unsigned char *)data)[i]) * 1099511628211u;
}

static int failures;

static void expect(bool right, const char *what, int dim, int bits)
{
    if (!right && failures++ < 10)
        printf("wrong: %s, %s, %d dimensions, %d bits\n", tv_kernel_name, what, dim, bits);
}

/* What the kernels compute, bit by bit. */
static uint32 plain_dot(const uint64 *code, int words, int bits, const uint64 *planes, int query_bits)
{
    uint32 dot = 0;

    for (int b = 0; b < bits; b++)
        for (int q = 0; q < query_bits; q++)
            for (int i = 0; i < words * 64; i++)
                dot += (uint32)((code[b * words + i / 64] >> (i % 64)) & (planes[q * words + i / 64] >> (i % 64)) & 1)
                       << (b + q);
    return dot;
}

static void check_packing(int dim, int bits)
{
    int words = TvWords(dim);
    uint8 *levels = malloc(words * 64);
    uint8 unpacked[64];
    uint64 *planes = calloc(words * bits, sizeof(uint64));
    bool right = true;

    for (int i = 0; i < words * 64; i++)
        levels[i] = next_random() % (1u << bits);
    tv_pack(levels, words, bits, planes);
    for (int w = 0; w < words; w++) {
        for (int i = 0; i < 64; i++)
            for (int b = 0; b < bits; b++)
                right = right && ((planes[b * words + w] >> i) & 1) == ((levels[w * 64 + i] >> b) & 1);
        tv_unpack(planes + w, words, bits, unpacked);
        right = right && memcmp(unpacked, levels + w * 64, 64) == 0;
    }
    expect(right, "packing", dim, bits);
    free(levels);
    free(planes);
}

/* Entries at every distance from each other that occurs, and at addresses that are aligned to words only. */
static void check_dots(int dim, int bits, int query_bits, size_t extra)
{
    int words = TvWords(dim);
    size_t stride = TvEntrySize(dim, bits) + extra;
    int n = (int)(next_random() % 9) + 1;
    char *entries = malloc(stride * n + sizeof(uint64));
    const uint64 *first = ((TvEntry *)(entries + sizeof(uint64)))->code;
    uint64 *planes = malloc(sizeof(uint64) * words * query_bits);
    uint32 *dots = malloc(sizeof(uint32) * n);

    for (size_t i = 0; i < stride * n + sizeof(uint64); i += sizeof(uint64))
        memcpy(entries + i, &(uint64){ next_random() | (next_random() % 4 == 0 ? ~UINT64CONST(0) : 0) },
               sizeof(uint64));
    for (int i = 0; i < words * query_bits; i++)
        planes[i] = next_random();
    /* the last entry ends where its code ends */
    n--;
    if (n > 0) {
        tv_kernel(first, n, stride, words, bits, planes, query_bits, dots);
        for (int i = 0; i < n; i++)
            expect(dots[i] ==
                       plain_dot((const uint64 *)((const char *)first + i * stride), words, bits, planes, query_bits),
                   "dot product", dim, bits);
    }
    free(entries);
    free(planes);
    free(dots);
}

/* Codes, factors, estimates and decoded vectors of random vectors go into the hash. */
static void hash_codes(int dim, int bits, TvMetric metric, float size)
{
    int padded = TvPadded(dim);
    float *x = calloc(padded, sizeof(float));
    float *ref = calloc(padded, sizeof(float));
    float *out = calloc(padded, sizeof(float));
    TvEntry *entry = malloc(TvEntrySize(dim, bits));
    TvQuery query;
    uint32 dot;
    float err, estimate;
    double norm2;

    for (int i = 0; i < dim; i++) {
        x[i] = random_float() * size;
        ref[i] = random_float() * size / 4;
    }
    norm2 = tv_norm2(x, padded);
    hash(&norm2, sizeof(norm2));
    tv_rotate(x, padded, 1 / size);
    tv_rotate(ref, padded, 1);
    tv_encode(metric, x, ref, dim, bits, entry);
    memset(&entry->tid, 0, sizeof(entry->tid));
    hash(entry, TvEntrySize(dim, bits));
    tv_decode(entry, dim, bits, out);
    tv_add(out, ref, padded);
    hash(out, sizeof(float) * padded);
    tv_query_init(&query, dim, NULL);
    tv_query_set(&query, x, ref, dim, bits);
    hash(query.planes, sizeof(uint64) * query.words * query.bits);
    tv_kernel(entry->code, 1, TvEntrySize(dim, bits), query.words, bits, query.planes, query.bits, &dot);
    estimate = tv_query_estimate(&query, metric, entry, bits, dot, &err);
    hash(&estimate, sizeof(estimate));
    hash(&err, sizeof(err));
    free(x);
    free(ref);
    free(out);
    free(entry);
    free(query.planes);
}

static void check_shapes(void)
{
    static const int dims[] = { 1,   2,   63,  64,  65,  127, 128,  192,  255, 256,
                                257, 384, 448, 512, 513, 768, 1024, 1536, 3072 };
    enum { FIXED = sizeof(dims) / sizeof(dims[0]) };

    for (int i = 0; i < FIXED + 40; i++) {
        int dim = i < FIXED ? dims[i] : (int)(next_random() % 4000) + 1;

        for (int bits = 1; bits <= 7; bits++)
            check_packing(dim, bits);
        for (int bits = 1; bits <= TV_MAX_BITS; bits++) {
            for (int query_bits = 1; query_bits <= TV_MAX_QUERY_BITS; query_bits += 3)
                check_dots(dim, bits, query_bits, query_bits == 1 ? 0 : 8);
            hash_codes(dim, bits, i % 3 == 0 ? TV_L2 : i % 3 == 1 ? TV_IP : TV_COSINE, i % 5 == 0 ? 1e-6f : 100);
        }
    }
}

int main(void)
{
    static const char *const kernels[] = { "plain", "avx2", "avx512" };
    uint64 wanted = 0;

    for (int i = 0; i < 3; i++) {
        if (!tv_kernel_choose(kernels[i])) {
            printf("# %s: not on this machine\n", kernels[i]);
            continue;
        }
        random_state = 88172645463325252u;
        hash_state = 1469598103934665603u;
        check_shapes();
        if (i == 0)
            wanted = hash_state;
        if (hash_state != wanted && failures++ < 10)
            printf("wrong: %s gives other codes or estimates than plain\n", kernels[i]);
    }
    printf("hash %016llx\n", (unsigned long long)wanted);
    return failures > 0;
}
