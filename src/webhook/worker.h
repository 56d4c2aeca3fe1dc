/* One of those who send: a connection to the database, and as many transfers at once as it may have. */
#ifndef VDB_WEBHOOK_WORKER_H
#define VDB_WEBHOOK_WORKER_H

#include "store/tenant.h"
#include "webhook/transfer.h"

#include <stdatomic.h>

/* What all workers share. */
typedef struct crew {
    vdb_pool *pool;
    const vdb_webhook_options *options;
    transfer_options transfers;
    int in_flight; /* of one worker */
    int per_tenant;
    atomic_llong delivered;
    atomic_llong failed; /* attempts */
    atomic_llong dead;
    atomic_bool broken; /* one of them cannot go on: all stop */
} crew;

/*
 * Sends until the options' `stopping` says so, or, with `once`, until nothing is due. A database that goes away is
 * waited for, but not with `once`.
 */
vdb_status worker_run(crew *all, vdb_error *error);

#endif
