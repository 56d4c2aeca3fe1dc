/*
 * limit.h: what the machine can do without a database: one-bit codes in plain arrays, exact re-rank from plain arrays.
 */
#ifndef TVBENCH_LIMIT_H
#define TVBENCH_LIMIT_H

#include "data.h"

typedef struct limit_index limit_index;

limit_index *limit_build(const data_set *data);
void limit_search(const limit_index *index, int tenant, const float *query, int k, int rerank, int *rows);
void exact_search(const data_set *data, int tenant, const float *query, int k, int *rows);

#endif
