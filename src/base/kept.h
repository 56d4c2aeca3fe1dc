/*
 * Values kept at hand under a key, the least recently used ones given up first. A value is shared: it has users of its
 * own, of which this is one, and ends with the last. Any number of threads.
 */
#ifndef VDB_BASE_KEPT_H
#define VDB_BASE_KEPT_H

#include <stddef.h>

typedef struct kept kept;

/* How a value gets a user more and loses one. */
typedef struct kept_kind {
    void (*share)(const void *value);
    void (*release)(const void *value);
} kept_kind;

/* Values up to a weight of `most` together. NULL: memory ran out. */
kept *kept_new(size_t most, const kept_kind *kind);
void kept_free(kept *k); /* NULL is allowed */

/* The value, shared with the caller, who releases it; NULL: there is none. */
const void *kept_find(kept *k, const char *key);

/* Shares the value, in place of the one that the key has. Keeps nothing when it is too heavy or memory runs out. */
void kept_put(kept *k, const char *key, const void *value, size_t weight);

void kept_remove(kept *k, const char *key);

#endif
