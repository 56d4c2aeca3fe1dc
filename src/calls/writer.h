/*
 * The writer brings what lies in spools into the database, in threads of its own: a reader takes records in their order
 * and hands those of one conversation always to the same sender; each sender has a connection and stores what has come
 * together meanwhile in one transaction for each tenant. A segment of the spool is removed when all of it is stored.
 */
#ifndef VDB_CALLS_WRITER_H
#define VDB_CALLS_WRITER_H

#include "calls/conversations.h"
#include "calls/spool.h"
#include "pg/connection.h"

typedef struct writer writer;

typedef struct writer_options {
    const vdb_options *database;
    int senders;
    spool_note note; /* from any thread; may be NULL */
    void *context;
} writer_options;

/* Begins to bring `own` and the orphans of its directory into the database. Both stay the caller's. */
vdb_status writer_start(const writer_options *options, spool *own, conversations *all, writer **w, vdb_error *error);

/* Something was appended. Never waits. */
void writer_wake(writer *w);

/* Waits until all that was in the spools is stored or refused. VDB_UNREACHABLE: it is not, in so much time. */
vdb_status writer_flush(writer *w, int timeout_ms, vdb_error *error);

typedef struct writer_state {
    uint64_t stored, refused, damaged;
    uint64_t adopted; /* spools of dead processes, so far */
    uint64_t orphans; /* of those not done */
    uint64_t orphan_bytes;
    uint64_t orphan_records;     /* that wait */
    uint64_t delivered_sequence; /* of the own spool */
    int connected;
    vdb_error last; /* why nothing can be stored now; VDB_OK: it can */
} writer_state;

void writer_look(writer *w, writer_state *state);

/* Ends the threads after what they are at; the rest stays in its spool. Rolls back nothing that is acknowledged. */
void writer_stop(writer *w);

#endif
