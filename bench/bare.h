/* The two-stage search as the library sends it, on bare libpq. */
#ifndef VDB_BENCH_BARE_H
#define VDB_BENCH_BARE_H

#include "data.h"

/* Prepares a statement. */
void bare_prepare(PGconn *pg, const char *name, const char *sql);

/* A connection in pipeline mode with the registry's statements prepared, and `scope` in the place of its own unless
 * NULL. */
PGconn *bare_connect(const char *settings, const char *scope);

/* The tenant's scope and the search for five chunks, one transaction and one round trip. Returns ms. */
double bare_search(PGconn *pg, const char *domain, const char wire[WIRE_VECTOR_BYTES], PGresult **result);

#endif
