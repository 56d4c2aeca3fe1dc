/*
 * Working hours of a transfer rule:
 *     {"timezone": "America/Sao_Paulo", "mon-fri": ["08:00-12:00", "13:30-18:00"], "sat": "22:00-02:00",
 *      "holidays": {"12-25": [], "2026-12-24": "08:00-12:00"}}
 * A span that ends before it begins runs past midnight and belongs to the day on which it begins. A day that is not
 * named is closed. A holiday, each year's or one year's, has its own spans instead of its weekday's.
 */
#ifndef VDB_STORE_HOURS_H
#define VDB_STORE_HOURS_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>

typedef struct hours hours;

/* `*parsed` is NULL, always open, for a NULL text and for {}. It lives in `a`. VDB_BAD_INPUT: it is malformed. */
vdb_status hours_parse(arena *a, const char *json, hours **parsed, vdb_error *error);

/* An IANA name; NULL: none is given. */
const char *hours_zone(const hours *h);

/* A wall clock's moment. */
typedef struct local_time {
    int year, month, day; /* month and day from 1 */
    int minute;           /* of the day */
} local_time;

/* "2026-11-22 17:45" as PostgreSQL writes it; false: it is none. */
bool local_time_parse(const char *text, local_time *t);

bool hours_are_open(const hours *h, const local_time *t);

#endif
