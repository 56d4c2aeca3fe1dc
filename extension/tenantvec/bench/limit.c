#include "limit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct limit_index {
    const data_set *data;
    int words;
    uint64_t *codes;
    float *means; /* one per tenant */
};

typedef struct scored {
    float key;
    int row;
} scored;

static int compare_scored(const void *a, const void *b)
{
    const scored *x = a, *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

static float cosine_distance(const float *a, const float *b, int dim)
{
    float dot = 0, aa = 0, bb = 0;

    for (int i = 0; i < dim; i++) {
        dot += a[i] * b[i];
        aa += a[i] * a[i];
        bb += b[i] * b[i];
    }
    return 1 - dot / sqrtf(aa * bb);
}

static void encode(const float *x, const float *mean, int dim, uint64_t *code)
{
    for (int w = 0; w < (dim + 63) / 64; w++)
        code[w] = 0;
    for (int i = 0; i < dim; i++)
        code[i / 64] |= (uint64_t)(x[i] > mean[i]) << (i % 64);
}

limit_index *limit_build(const data_set *data)
{
    limit_index *index = calloc(1, sizeof(*index));

    index->data = data;
    index->words = (data->dim + 63) / 64;
    index->codes = malloc(sizeof(uint64_t) * index->words * data->rows);
    index->means = calloc((size_t)data->tenants * data->dim, sizeof(float));
    for (int row = 0; row < data->rows; row++) {
        float *mean = index->means + (size_t)data->tenant[row] * data->dim;

        for (int i = 0; i < data->dim; i++)
            mean[i] += data->vectors[(size_t)row * data->dim + i] / data->size[data->tenant[row]];
    }
    for (int row = 0; row < data->rows; row++)
        encode(data->vectors + (size_t)row * data->dim, index->means + (size_t)data->tenant[row] * data->dim, data->dim,
               index->codes + (size_t)row * index->words);
    return index;
}

/* Keep the `k` smallest at the front, in order. */
static void smallest(scored *items, int n, int k)
{
    qsort(items, n, sizeof(*items), compare_scored);
    (void)k;
}

void limit_search(const limit_index *index, int tenant, const float *query, int k, int rerank, int *rows)
{
    const data_set *data = index->data;
    int n = data->size[tenant];
    int first = data->start[tenant];
    int *histogram = calloc(data->dim + 2, sizeof(int));
    int *distance = malloc(sizeof(int) * (n + 1));
    uint64_t *code = malloc(sizeof(uint64_t) * index->words);
    scored *best;
    int border = 0, below = 0, m = 0;

    encode(query, index->means + (size_t)tenant * data->dim, data->dim, code);
    for (int i = 0; i < n; i++) {
        const uint64_t *other = index->codes + (size_t)(first + i) * index->words;
        int d = 0;

        for (int w = 0; w < index->words; w++)
            d += __builtin_popcountll(code[w] ^ other[w]);
        distance[i] = d;
        histogram[d]++;
    }
    while (border <= data->dim && below + histogram[border] < rerank)
        below += histogram[border++];
    best = malloc(sizeof(*best) * (n + 1));
    for (int i = 0; i < n; i++)
        if (distance[i] <= border)
            best[m++] = (scored){ cosine_distance(query, data->vectors + (size_t)(first + i) * data->dim, data->dim),
                                  first + i };
    smallest(best, m, k);
    for (int i = 0; i < k; i++)
        rows[i] = i < m ? best[i].row : -1;
    free(best);
    free(code);
    free(distance);
    free(histogram);
}

void exact_search(const data_set *data, int tenant, const float *query, int k, int *rows)
{
    int n = data->size[tenant];
    int first = data->start[tenant];
    scored *all = malloc(sizeof(*all) * (n + 1));

    for (int i = 0; i < n; i++)
        all[i] =
            (scored){ cosine_distance(query, data->vectors + (size_t)(first + i) * data->dim, data->dim), first + i };
    smallest(all, n, k);
    for (int i = 0; i < k; i++)
        rows[i] = i < n ? all[i].row : -1;
    free(all);
}
