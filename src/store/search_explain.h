/* What PostgreSQL makes of a search: its own EXPLAIN, under the role, the tenant and the parameters of the search. */
#ifndef VDB_STORE_SEARCH_EXPLAIN_H
#define VDB_STORE_SEARCH_EXPLAIN_H

#include "store/search.h"

/*
 * Runs the requests, at most four, in one transaction as the tenant, which prepares them on their connection, then
 * explains those at the places `nearest` and `worded` (-1: none) by their prepared plans. `results` get the rows of the
 * requests, `finds` the plans.
 */
vdb_status search_explained(vdb_tenant *t, vdb_explain form, const request *requests, size_t count, int nearest,
                            int worded, PGresult **results, chunk_finds *finds, vdb_error *error);

#endif
