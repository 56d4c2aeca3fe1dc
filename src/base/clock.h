/* Instants and waiting. Waits and intervals go by the monotonic clock, which nobody sets. */
#ifndef VDB_BASE_CLOCK_H
#define VDB_BASE_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

enum { CLOCK_TEXT = 48 };

/* Microseconds since 1970, UTC. */
int64_t clock_now(void);
/* "2026-03-01T12:00:00.123456Z"; without a fraction when that is 0. Returns `text`. */
char *clock_format(int64_t microseconds, char text[CLOCK_TEXT]);

/* Milliseconds of the monotonic clock. */
double clock_ms(void);
/* For a wait on a condition that clock_condition_init() has made. */
struct timespec clock_after_ms(int ms);
void clock_condition_init(pthread_cond_t *condition);

#endif
