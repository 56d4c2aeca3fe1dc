/*
 * Ways to ask one question, and what came of it: time, recall, short answers. Every way must be seen to use the plan it
 * is meant to measure, or the program ends.
 */
#ifndef VDB_BENCH_WAYS_H
#define VDB_BENCH_WAYS_H

#include "data.h"

enum { TOP = 5, UUID_ROOM = 37 };

typedef struct answer {
    char chunks[TOP][UUID_ROOM];
    double similarity[TOP];
    int count;
} answer;

typedef struct question {
    int tenant;
    int possible; /* rows that an answer must have */
    int dimensions;
    char domain[UUID_ROOM]; /* $1 */
    float vector[VDB_DIMENSIONS];
    answer truth;
} question;

/* A question `number` to the tenant, without its truth. */
void question_make(const dataset *d, int tenant, int number, question *q);
/* One question to every tenant and half as many again to tenants drawn by their chunks, in random order. */
question *questions_make(const dataset *d, size_t *count);

typedef enum way_kind {
    WAY_TENANT,    /* $1 the tenant, $2 the vector */
    WAY_ALL,       /* $1 the vector */
    WAY_TWO_STAGE, /* the registry's query */
    WAY_PLAIN,     /* limit_search(), no server */
} way_kind;

typedef struct way {
    const char *name;
    way_kind kind;
    const char *sql;
    const char *settings;   /* of its connection; may be NULL */
    const char *plan;       /* what EXPLAIN must say, for the largest tenant among the questions */
    const char *not_plan;   /* what it must not say; may be NULL */
    const char *index;      /* whose scans are counted; may be NULL */
    int candidates;         /* WAY_TWO_STAGE, WAY_PLAIN */
    const struct limit *in; /* WAY_PLAIN */
    samples times;
    size_t asked, warm_ups, hits, wanted, short_answers;
    long scans;
} way;

/* The specification's query; the same made exact, whatever indexes there are; over all tenants, by an index that has
 * the predicate chunk_index >= 0, which is true of every row and lets no other query use the index. */
extern const char spec_sql[], exact_sql[], everywhere_sql[], hnsw_sql[];
#define HNSW_PREDICATE "chunk_index >= 0"

/* Asks all questions once, after the first few of them untimed; stops after `limit_ms` (0: never), but not before 30.
 */
void way_run(way *w, question *questions, size_t count, double limit_ms);
/* The same, and what is found is the truth that others are held against. */
void way_run_truth(way *w, question *questions, size_t count);
/* Questions a second of so many connections at once. */
double way_run_clients(way *w, question *questions, size_t count, int clients);
void way_reset(way *w);

double way_recall(const way *w);
double way_p50(const way *w);
double way_p99(const way *w);
/* Of one connection, one question after another. */
double way_rate(const way *w);

void ways_header(void);
void way_print(const way *w);

#endif
