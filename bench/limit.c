#include "limit.h"

#include <string.h>

enum { WORDS = VDB_DIMENSIONS / 64 };

struct limit {
    const dataset *d;
    float (*vectors)[VDB_DIMENSIONS]; /* of length one: the greater the product, the nearer */
    uint64_t (*codes)[WORDS];
    float (*means)[VDB_DIMENSIONS];
};

typedef struct nearest {
    float product[TOP];
    int chunk[TOP];
    int count;
} nearest;

/* The same sums as dot_product(), compiled for this machine's widest instructions. */
static float product(const float *a, const float *b)
{
    float sums[64] = { 0 }, sum = 0;
    for (int i = 0; i < VDB_DIMENSIONS; i += 64) {
        for (int j = 0; j < 64; j++)
            sums[j] += a[i + j] * b[i + j];
    }
    for (int j = 0; j < 64; j++)
        sum += sums[j];
    return sum;
}

static void keep_nearest(nearest *n, float with, int chunk)
{
    if (n->count == TOP && with <= n->product[TOP - 1])
        return;
    int place = n->count < TOP ? n->count++ : TOP - 1;
    for (; place > 0 && n->product[place - 1] < with; place--) {
        n->product[place] = n->product[place - 1];
        n->chunk[place] = n->chunk[place - 1];
    }
    n->product[place] = with;
    n->chunk[place] = chunk;
}

static void encode(const float *vector, const float *mean, uint64_t *code)
{
    memset(code, 0, WORDS * sizeof *code);
    for (int i = 0; i < VDB_DIMENSIONS; i++)
        code[i / 64] |= (uint64_t)(vector[i] > mean[i]) << (i % 64);
}

static void add_tenant(limit *l, int tenant)
{
    int first = l->d->first[tenant], end = l->d->first[tenant + 1];
    for (int chunk = first; chunk < end; chunk++) {
        chunk_vector(l->d, tenant, chunk, l->vectors[chunk]);
        add_scaled(l->means[tenant], l->vectors[chunk], 1 / (float)(end - first));
    }
    for (int chunk = first; chunk < end; chunk++)
        encode(l->vectors[chunk], l->means[tenant], l->codes[chunk]);
}

limit *limit_new(const dataset *d)
{
    limit *l = allocate(1, sizeof *l);
    *l = (limit){ .d = d,
                  .vectors = allocate((size_t)d->chunks, sizeof *l->vectors),
                  .codes = allocate((size_t)d->chunks, sizeof *l->codes),
                  .means = allocate((size_t)d->tenants, sizeof *l->means) };
    fprintf(stderr, "making %d vectors in memory\n", d->chunks);
    for (int tenant = 0; tenant < d->tenants; tenant++)
        add_tenant(l, tenant);
    return l;
}

void limit_free(limit *l)
{
    if (l == NULL)
        return;
    free(l->vectors);
    free(l->codes);
    free(l->means);
    free(l);
}

/* How many bits differ, of each chunk; and how many chunks have each number. */
static void compare_codes(const limit *l, int tenant, const float *asked, uint16_t *differing, int *chunks_with)
{
    uint64_t code[WORDS];
    const uint64_t(*codes)[WORDS] = (const uint64_t(*)[WORDS])(l->codes + l->d->first[tenant]);
    int size = dataset_size(l->d, tenant);
    encode(asked, l->means[tenant], code);
    for (int i = 0; i < size; i++) {
        uint64_t bits = 0;
        for (int j = 0; j < WORDS; j++)
            bits += (uint64_t)__builtin_popcountll(code[j] ^ codes[i][j]);
        differing[i] = (uint16_t)bits;
        chunks_with[bits]++;
    }
}

int limit_search(const limit *l, int tenant, const float *asked, int candidates, int found[TOP])
{
    int size = dataset_size(l->d, tenant), first = l->d->first[tenant];
    int chunks_with[VDB_DIMENSIONS + 2] = { 0 }, most = 0;
    uint16_t *differing = allocate((size_t)size, sizeof *differing);
    nearest n = { .count = 0 };
    compare_codes(l, tenant, asked, differing, chunks_with);
    for (int ranked = chunks_with[0]; ranked < candidates && most <= VDB_DIMENSIONS; ranked += chunks_with[most])
        most++;
    for (int i = 0; i < size; i++) {
        if (differing[i] <= most)
            keep_nearest(&n, product(asked, l->vectors[first + i]), first + i);
    }
    free(differing);
    memcpy(found, n.chunk, sizeof n.chunk);
    return n.count;
}

static void take_truth(question *q, const nearest *n)
{
    q->truth = (answer){ .count = n->count };
    for (int i = 0; i < n->count; i++) {
        uint8_t uuid[16];
        chunk_uuid_of(n->chunk[i], uuid);
        uuid_text(uuid, q->truth.chunks[i]);
        q->truth.similarity[i] = 2; /* so that only the chunk itself counts as found: sums differ from the server's */
    }
}

/* The tenant's vectors, each read once for all questions about it. */
static void rank_tenant(const limit *l, int tenant, const question *questions, size_t count, bool everywhere,
                        nearest *found)
{
    size_t *asked = allocate(count, sizeof *asked), n = 0;
    for (size_t i = 0; i < count; i++) {
        if (everywhere || questions[i].tenant == tenant)
            asked[n++] = i;
    }
    for (int chunk = l->d->first[tenant]; chunk < l->d->first[tenant + 1]; chunk++) {
        for (size_t i = 0; i < n; i++)
            keep_nearest(&found[asked[i]], product(questions[asked[i]].vector, l->vectors[chunk]), chunk);
    }
    free(asked);
}

void limit_answer(const limit *l, question *questions, size_t count, bool everywhere)
{
    nearest *found = allocate(count, sizeof *found);
    fprintf(stderr, "ranking %d vectors for %zu questions\n", l->d->chunks, count);
    for (int tenant = 0; tenant < l->d->tenants; tenant++)
        rank_tenant(l, tenant, questions, count, everywhere, found);
    for (size_t i = 0; i < count; i++)
        take_truth(&questions[i], &found[i]);
    free(found);
}
