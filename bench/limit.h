/*
 * What the machine can do without a database: one-bit codes of each tenant's vectors in plain arrays, compared by
 * population count, and the exact distance of the best from plain arrays; one thread.
 *
 * The codes are as long as tenantvec's: a bit for each dimension, the side of the tenant's mean on which the vector
 * lies. The bench's vectors are turned already, so that no rotation is needed.
 */
#ifndef VDB_BENCH_LIMIT_H
#define VDB_BENCH_LIMIT_H

#include "ways.h"

typedef struct limit limit;

/* Makes all vectors of the dataset, which must live as long. */
limit *limit_new(const dataset *d);
void limit_free(limit *l);

/* The nearest chunks of the tenant, of the `candidates` best by code. Returns how many. */
int limit_search(const limit *l, int tenant, const float *asked, int candidates, int found[TOP]);

/*
 * Fills in what is truly nearest to each question, by exact distance: in its tenant, or `everywhere`. The questions
 * are answered together: a vector is read once for all.
 */
void limit_answer(const limit *l, question *questions, size_t count, bool everywhere);

#endif
