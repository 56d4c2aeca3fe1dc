/* A pool of connections, for any number of threads, and transactions on them. */
#ifndef VDB_PG_POOL_H
#define VDB_PG_POOL_H

#include "pg/connection.h"
#include "secret/keyring.h"

/* Borrows a connection; give it back with pool_release(), whatever became of it. */
vdb_status pool_acquire(vdb_pool *pool, connection **c, vdb_error *error);
void pool_release(vdb_pool *pool, connection *c);

/*
 * A second connection for what is run beside something else: one that is idle, and not the only one. Never waits; NULL
 * where there is none. Opens one now and then where one was missed and the pool has room.
 */
connection *pool_acquire_spare(vdb_pool *pool);

/* pool_acquire() for a long transaction that lifts statement_timeout itself. */
vdb_status pool_acquire_patient(vdb_pool *pool, connection **c, vdb_error *error);

/*
 * Runs statements in one transaction and one round trip on any connection. When all of them only read and the
 * connection turns out to have been lost, they are sent once more on a fresh one. `result` as in connection_run().
 */
vdb_status pool_run(vdb_pool *pool, const statement *statements, size_t count, PGresult **result, vdb_error *error);

/* The same; `results` get those of the last `wanted` statements, or NULLs when the run fails. */
vdb_status pool_run_all(vdb_pool *pool, const statement *statements, size_t count, PGresult **results, size_t wanted,
                        vdb_error *error);

/* A connection of its own without statement_timeout, for an operator's long work. Release with connection_close(). */
vdb_status pool_open_patient(vdb_pool *pool, connection **c, vdb_error *error);

/* A connection of its own with the pool's options, beside its number. Release with connection_close(). */
vdb_status pool_open_extra(vdb_pool *pool, connection **c, vdb_error *error);

/* The master keys, of the file that the pool was opened with. */
keyring *pool_keyring(vdb_pool *pool);

/* True when transactions of this pool must give the session settings themselves. */
bool pool_needs_settings(vdb_pool *pool);
int pool_statement_timeout(vdb_pool *pool); /* milliseconds */
/* True when its connections prepare what they run. */
bool pool_prepares(vdb_pool *pool);

/* What a higher layer keeps with the pool begins with this. */
typedef struct pool_attachment {
    void (*destroy)(struct pool_attachment *);
} pool_attachment;

/* One of each layer, made by the first who asks for it. NULL: memory ran out. */
typedef enum pool_layer { LAYER_STORE, LAYER_KNOWLEDGE, POOL_LAYERS } pool_layer;
pool_attachment *pool_attached(vdb_pool *pool, pool_layer layer, pool_attachment *(*make)(void));

/* A fact about the database that is looked up once a minute: -1 when it was never noted or is older. */
int pool_noted(vdb_pool *pool);
void pool_note(vdb_pool *pool, int fact);

#endif
