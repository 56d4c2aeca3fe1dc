/*
 * data.h: the bench's vectors, made from a seed alone, so that every way is asked the same.
 */
#ifndef TVBENCH_DATA_H
#define TVBENCH_DATA_H

#include <stdint.h>

typedef enum { DATA_TOPICS, DATA_SIFT, DATA_UNIFORM } data_kind;

typedef struct data_set {
    data_kind kind;
    int rows;
    int dim;
    int tenants;
    double zipf; /* exponent of tenant sizes; 0: all the same */
    uint64_t seed;
    int *tenant;    /* of each row, in the order of rows */
    int *size;      /* of each tenant */
    int *start;     /* first row of each tenant */
    float *basis;   /* latent directions */
    float *vectors; /* rows * dim */
} data_set;

int data_make(data_set *data);
void data_query(const data_set *data, int tenant, uint64_t number, float *out);
uint64_t data_random(uint64_t *state);

#endif
