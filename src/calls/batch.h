/* Records of one tenant on their way into the database: many in one transaction and one round trip. */
#ifndef VDB_CALLS_BATCH_H
#define VDB_CALLS_BATCH_H

#include "calls/format.h"
#include "pg/connection.h"

typedef enum outcome {
    OUTCOME_STORED, /* it is there, now or since an earlier try */
    OUTCOME_AGAIN,  /* another process was faster: its turn has to be counted anew */
    OUTCOME_REFUSED /* it can never be stored; the error says why */
} outcome;

typedef struct batch_item {
    const entry *entry;
    outcome outcome;
    char *reason; /* of a refused one, to free(); NULL: memory ran out */
} batch_item;

void batch_refuse(batch_item *item, const vdb_error *why);

/*
 * Stores entries of one domain, in their order within each conversation: starts, messages, ends. VDB_OK: each item has
 * its outcome. Anything else: nothing was stored, or, when the connection was lost, nobody knows; it is safe to send
 * all of it again.
 */
vdb_status batch_send(connection *c, int statement_timeout_ms, batch_item *const *items, size_t count,
                      vdb_error *error);

/* VDB_BAD_INPUT: the entry has what the tables do not take: bytes that are no UTF-8, a number out of range. */
vdb_status entry_validate(const entry *e, vdb_error *error);

#endif
