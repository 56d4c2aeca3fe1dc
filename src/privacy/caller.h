/*
 * Which caller ids are one caller's. The same number comes as "+55 (11) 98765-4321", "011987654321" and "11987654321",
 * by the line it came over: numbers are one caller's when one ends with the other and the shorter has ten digits, those
 * of an area and a line. Shorter ones, and what is no number, must be equal.
 */
#ifndef VDB_PRIVACY_CALLER_H
#define VDB_PRIVACY_CALLER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { CALLER_ROOM = 256, LEAST_DIGITS = 10 };

typedef struct caller {
    char text[CALLER_ROOM]; /* the digits; of what is no number, the text as it is */
    size_t length;
    bool is_number;
} caller;

/* VDB_USAGE: the text is empty or too long. */
vdb_status caller_read(const char *spelling, caller *c, vdb_error *error);

bool caller_is_same(const caller *a, const caller *b);

/* The ends that a number has in common with its other spellings: how many, itself among them. */
size_t caller_ends(const caller *c);

#endif
