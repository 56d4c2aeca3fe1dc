/* What an attempt to send a notice means: for the notice, and for the address it went to. */
#ifndef VDB_WEBHOOK_VERDICT_H
#define VDB_WEBHOOK_VERDICT_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct attempt {
    CURLcode code;
    long http; /* status of the last answer; 0: none */
    int64_t retry_after_ms;
    const char *reason;  /* libcurl's words; may be empty */
    const char *refused; /* the address that may not be connected to, and why; empty: none */
    int64_t number;      /* from 1 */
    bool is_last;        /* its day is over */
} attempt;

typedef enum health { HEALTH_UNKNOWN, HEALTH_GOOD, HEALTH_BAD } health;

typedef struct verdict {
    const char *state; /* delivered, pending, dead */
    int64_t wait_ms;   /* until the next attempt */
    health endpoint;
    int64_t pause_ms; /* that the receiver asked for; 0: none */
    char error[256];  /* empty: none. No part of an answer, which may hold personal data */
} verdict;

verdict verdict_of(const attempt *a);

/*
 * Exponential, from 15 seconds to an hour, of which half is chance, so that what failed together does not come back
 * together. `number`: of the attempt that has failed, from 1.
 */
int64_t verdict_backoff_ms(int64_t number);

#endif
