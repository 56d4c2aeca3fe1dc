#include "base/clock.h"

#include <stdio.h>

enum { MICROSECONDS = 1000000 };

int64_t clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * MICROSECONDS + t.tv_nsec / 1000;
}

char *clock_format(int64_t microseconds, char text[CLOCK_TEXT])
{
    int64_t fraction = microseconds % MICROSECONDS;
    time_t seconds = (time_t)(microseconds / MICROSECONDS);
    if (fraction < 0) {
        fraction += MICROSECONDS;
        seconds--;
    }
    struct tm parts = { 0 };
    gmtime_r(&seconds, &parts); /* no int64_t of microseconds has a year that does not fit */
    size_t length = strftime(text, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%S", &parts);
    if (fraction != 0)
        length += (size_t)snprintf(text + length, CLOCK_TEXT - length, ".%06d", (int)fraction);
    snprintf(text + length, CLOCK_TEXT - length, "Z");
    return text;
}

double clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

struct timespec clock_after_ms(int ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

void clock_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}
