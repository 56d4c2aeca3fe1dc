/* What a tenant's embedding services are asked for, and how fast they may be. */
#ifndef VDB_STORE_USAGE_H
#define VDB_STORE_USAGE_H

#include "store/tenant.h"

typedef struct usage_key {
    const char *provider_name;
    const char *embedding_model;
} usage_key;

typedef struct usage {
    int64_t requests, texts, tokens;
    double price; /* of a million tokens */
} usage;

vdb_status usage_add(vdb_tenant *t, usage_key key, const usage *u, vdb_error *error);

/* Takes the next turn of all processes, the one after it being `seconds` later; `*wait_ms` is how long it is until it.
 */
vdb_status usage_pace(vdb_tenant *t, usage_key key, double seconds, double *wait_ms, vdb_error *error);

#endif
