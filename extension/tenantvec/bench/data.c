/*
 * data.c: vectors like those of documents.
 *
 * `topics`: a direction common to all, as real embeddings have; tenants with topics of their own in a latent space
 * whose directions lose weight one after another; rows scattered around topics; a little noise in every dimension.
 * `sift`: positive and skewed, clustered. `uniform`: no structure at all, the worst case for any index.
 */
#include "data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LATENT 160
#define ROWS_PER_TOPIC 40

uint64_t data_random(uint64_t *state)
{
    uint64_t x = (*state += 0x9e3779b97f4a7c15u);

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static double uniform(uint64_t *state)
{
    return ((data_random(state) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(uint64_t *state)
{
    double u = uniform(state);

    return sqrt(-2 * log(u)) * cos(2 * M_PI * uniform(state));
}

static uint64_t seed_of(const data_set *data, uint64_t what, uint64_t number)
{
    uint64_t state = data->seed * 1000003 + what;

    data_random(&state);
    state ^= number * 0xd1342543de82ef95u;
    data_random(&state);
    return state;
}

/* Weights of latent directions fall off like those of text embeddings' principal components. */
static double weight(int k)
{
    return 1 / pow(1 + k, 0.4);
}

static void topic_center(const data_set *data, int tenant, uint64_t topic, double *latent)
{
    uint64_t state = seed_of(data, 1, (uint64_t)tenant << 32 | topic);
    uint64_t common = seed_of(data, 2, tenant);

    for (int k = 0; k < LATENT; k++)
        latent[k] = weight(k) * (0.5 * normal(&common) + normal(&state));
}

static void project(const data_set *data, const double *latent, uint64_t *state, float *out)
{
    const float *mean = data->basis;
    double norm2 = 0;

    for (int i = 0; i < data->dim; i++)
        out[i] = 3.0f * mean[i] + (float)(0.6 * normal(state));
    for (int k = 0; k < LATENT; k++) {
        const float *direction = data->basis + (size_t)(k + 1) * data->dim;
        float z = (float)latent[k];

        for (int i = 0; i < data->dim; i++)
            out[i] += z * direction[i];
    }
    for (int i = 0; i < data->dim; i++) {
        if (data->kind == DATA_SIFT)
            out[i] = floorf(fabsf(out[i]) * 20);
        norm2 += (double)out[i] * out[i];
    }
    if (data->kind == DATA_TOPICS)
        for (int i = 0; i < data->dim; i++)
            out[i] /= (float)sqrt(norm2);
}

static void make_vector(const data_set *data, int tenant, uint64_t topic, double spread, uint64_t *state, float *out)
{
    double latent[LATENT];

    if (data->kind == DATA_UNIFORM) {
        for (int i = 0; i < data->dim; i++)
            out[i] = (float)(uniform(state) - 0.5);
        return;
    }
    topic_center(data, tenant, topic, latent);
    for (int k = 0; k < LATENT; k++)
        latent[k] += spread * weight(k) * normal(state);
    project(data, latent, state, out);
}

static uint64_t topics_of(const data_set *data, int tenant)
{
    return (uint64_t)data->size[tenant] / ROWS_PER_TOPIC + 1;
}

/* A question near one of the tenant's topics. */
void data_query(const data_set *data, int tenant, uint64_t number, float *out)
{
    uint64_t state = seed_of(data, 3, (uint64_t)tenant << 32 | number);
    uint64_t topic = data_random(&state) % topics_of(data, tenant);

    make_vector(data, tenant, topic, 0.9, &state, out);
}

static int share_rows(data_set *data)
{
    double total = 0;
    int given = 0;

    data->size = calloc(data->tenants, sizeof(int));
    data->start = calloc(data->tenants, sizeof(int));
    data->tenant = malloc(sizeof(int) * data->rows);
    if (!data->size || !data->start || !data->tenant)
        return -1;
    for (int t = 0; t < data->tenants; t++)
        total += 1 / pow(t + 1, data->zipf);
    for (int t = 0; t < data->tenants; t++) {
        data->size[t] = (int)(data->rows / pow(t + 1, data->zipf) / total);
        given += data->size[t];
    }
    data->size[0] += data->rows - given;
    for (int t = 0, row = 0; t < data->tenants; t++) {
        data->start[t] = row;
        for (int i = 0; i < data->size[t]; i++)
            data->tenant[row++] = t;
    }
    return 0;
}

int data_make(data_set *data)
{
    uint64_t state = seed_of(data, 4, 0);

    data->basis = malloc(sizeof(float) * (LATENT + 1) * data->dim);
    data->vectors = malloc(sizeof(float) * (size_t)data->rows * data->dim);
    if (!data->basis || !data->vectors || share_rows(data) != 0)
        return -1;
    for (int i = 0; i < (LATENT + 1) * data->dim; i++)
        data->basis[i] = (float)normal(&state);
    for (int row = 0; row < data->rows; row++) {
        uint64_t row_state = seed_of(data, 5, row);
        int tenant = data->tenant[row];
        uint64_t topic = data_random(&row_state) % topics_of(data, tenant);

        make_vector(data, tenant, topic, 0.7, &row_state, data->vectors + (size_t)row * data->dim);
    }
    return 0;
}
