/* A provider that fails question after question is not asked for a while: who is in a hurry need not wait for it. */
#ifndef VDB_KNOWLEDGE_BREAKER_H
#define VDB_KNOWLEDGE_BREAKER_H

#include "voicedb.h"

enum {
    BREAKER_FAILURES = 3,    /* in a row, after which it is not asked */
    BREAKER_PAUSE_MS = 5000, /* for so long; twice as long after each trial that fails */
    BREAKER_LONGEST_PAUSE_MS = 60000
};

/* What is known of one provider; all zero at first. Times are those of clock_ms(). */
typedef struct breaker {
    int failures;       /* in a row */
    double patience_ms; /* the most time that one of them gave it, INFINITY: it did not fail for lack of time */
    double pause_ms;
    double until; /* the next trial */
} breaker;

/*
 * True when a question that gives the provider so many milliseconds may be asked: it has not failed too often, or never
 * with nearly so much time, or the pause is over and this question is the trial.
 */
bool breaker_allows(breaker *b, double limit_ms, double now);
/* It failed a question, after so long of `limit_ms`; INFINITY: it had no limit. One answer, and all is forgotten. */
void breaker_failed(breaker *b, double limit_ms, double took_ms, double now);

/* What a pool's process knows of a provider. With another config it is another one. */
typedef struct breaker_key {
    const char *provider_uuid;
    const char *config;
} breaker_key;

/* May it be asked? If not, `*wait_ms` is how long until the next trial. */
bool provider_allowed(vdb_pool *pool, breaker_key provider, double limit_ms, double *wait_ms);
/* It was asked, and answered or not. */
void provider_told(vdb_pool *pool, breaker_key provider, bool answered, double limit_ms, double took_ms);

#endif
