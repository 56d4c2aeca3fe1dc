/* The databases of the measurements of tenantvec: which tenants each has, and how its rows lie. */
#ifndef VDB_BENCH_SETS_H
#define VDB_BENCH_SETS_H

#include "data.h"

typedef enum set_name {
    SET_ORDERED,  /* 200 000 chunks, 1000 tenants of Zipf sizes, a tenant's rows side by side */
    SET_SHUFFLED, /* the same rows, those of all tenants mixed */
    SET_FEW,      /* 20 000 chunks, 1000 tenants of Zipf sizes */
    SET_MANY,     /* the same sizes, ten tenants of each */
    SET_SIZES,    /* one tenant of each size from 10 to 300 000 */
    SET_KINDS,    /* a table of its own: one tenant for each kind of vectors */
    SETS
} set_name;

/* The set's word in the name of its database; NULL: there is no such set. */
const char *set_word(set_name set);

/* Points libpq's environment at the set's database. */
void set_use(set_name set, bool quick);

/* The set's tenants. SET_KINDS has none of these. */
void set_init(set_name set, bool quick, dataset *d);

/*
 * A set's database says in its comment that it holds all of its data, as it is made today. A measurement that changes
 * the data takes the mark away first.
 */
bool set_is_ready(PGconn *pg);
void set_mark(PGconn *pg, bool ready);

#endif
