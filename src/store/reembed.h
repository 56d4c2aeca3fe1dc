/* A tenant's change from one embedding model to another: the second generation, and the switch. */
#ifndef VDB_STORE_REEMBED_H
#define VDB_STORE_REEMBED_H

#include "store/tenant.h"

typedef struct reembed_numbers {
    int64_t chunks;
    int64_t switched; /* that have a vector of the model */
    int64_t missing;  /* that have none anywhere */
    int64_t tokens;   /* of the missing ones, an estimate */
} reembed_numbers;

/* Where a look through the tenant's chunks has come to. */
typedef struct reembed_place {
    char document_uuid[37];
    int64_t chunk_index;
} reembed_place;

extern const reembed_place reembed_start;

vdb_status reembed_count(vdb_tenant *t, const char *model, reembed_numbers *numbers, vdb_error *error);

/* The next chunks that `model` has not embedded: content in column 2. Moves the place; no row: there are none behind.
 */
vdb_status reembed_next(vdb_tenant *t, const char *model, reembed_place *place, int count, PGresult **result,
                        vdb_error *error);

/*
 * In one transaction: keeps what the chunks have, gives them what is kept of `model`, and makes the provider the
 * tenant's default and that of its secretaries. `*complete` false: a document is being stored, or a chunk has come
 * that `model` has not embedded, and nothing was changed.
 */
vdb_status reembed_switch(vdb_tenant *t, const char *model, const char *provider_uuid, bool *complete,
                          vdb_error *error);

#endif
