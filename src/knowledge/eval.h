/* Questions whose answers are known, asked in each way: how often search finds them, how high, and how fast. */
#ifndef VDB_KNOWLEDGE_EVAL_H
#define VDB_KNOWLEDGE_EVAL_H

#include "base/arena.h"
#include "base/error.h"

#include <stddef.h>

/* A passage that answers a question; either member may be NULL. */
typedef struct eval_expected {
    const char *document; /* name or UUID */
    const char *passage;  /* what it contains, folded */
} eval_expected;

typedef struct eval_question {
    const char *question;
    const char *kind; /* what it is counted under besides; NULL: nothing */
    const char *secretary;
    const eval_expected *expected;
    size_t expected_count; /* 0: nothing in the documents answers it */
} eval_question;

/*
 * Appends the questions of a file of JSON lines. A line has `question`, and what answers it: `document` (or
 * `documents`) and `answer_contains` of one passage, `expected` with an array of such objects, or `"nothing": true`;
 * further `kind` and `secretary`. Other members are ignored. VDB_BAD_INPUT names the file and the line.
 */
typedef struct eval_set {
    arena *memory; /* of all texts */
    eval_question *questions;
    size_t count;
    size_t room;
} eval_set;

vdb_status eval_read(eval_set *set, const char *path, vdb_error *error);
void eval_free(eval_set *set); /* but for its memory */

enum { EVAL_DEPTH = 10, EVAL_CUTS = 4 };
extern const int eval_cuts[EVAL_CUTS]; /* the k of recall@k, ascending, the last one EVAL_DEPTH */

/* Means over those questions that something answers. */
typedef struct eval_means {
    size_t questions;
    double recall[EVAL_CUTS];
    double mrr;  /* of the first right passage, 0 beyond EVAL_DEPTH */
    double ndcg; /* at EVAL_DEPTH */
} eval_means;

typedef struct eval_kind {
    const char *kind;
    eval_means means;
} eval_kind;

typedef struct eval_run {
    vdb_search_mode mode;
    eval_means all;
    eval_kind *kinds; /* in the order of their first question */
    size_t kind_count;
    size_t foreign;                        /* questions that nothing answers */
    size_t answered;                       /* of those: something was found good enough all the same */
    double p50_ms, p90_ms, p99_ms, max_ms; /* of a question, its embedding included */
    const char **missed; /* questions whose answers are not all among the first five; ends with NULL */
} eval_run;

typedef struct eval_options {
    vdb_search_mode mode;
    const char *secretary;   /* of questions that name none; NULL: none */
    const double *threshold; /* NULL: the secretary's, or none */
    int rounds;              /* how often each question is asked, for the times */
    vdb_progress progress;   /* questions; may be NULL */
    void *context;
} eval_options;

/* `run` lives in the set's memory. */
vdb_status eval_ask(vdb_tenant *tenant, const eval_set *set, const eval_options *options, eval_run *run,
                    vdb_error *error);

#endif
