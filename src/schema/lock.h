/* The lock of all who change the schema, and waiting without standing in anybody's way. */
#ifndef VDB_SCHEMA_LOCK_H
#define VDB_SCHEMA_LOCK_H

#include "pg/pool.h"

#include <stdint.h>

enum { DEFAULT_PATIENCE_MS = 60000, FIRST_PAUSE_MS = 100 };

int64_t now_ms(void); /* of a clock that only goes forward */

/* Sleeps, twice as long the next time, at most two seconds. False when the deadline has passed. */
bool pause_until(int64_t deadline, int *pause_ms);

/* VDB_USAGE behind a pooler that takes no start-up settings: a lock of the session would stay with its connection. */
vdb_status check_direct(connection *c, vdb_error *error);

/*
 * Polls for the lock outside a transaction: who waits for it keeps no snapshot that an index build would wait for. The
 * connection is one of pool_open_patient(); the lock ends with it, however that ends.
 */
vdb_status schema_lock(connection *c, int patience_ms, vdb_error *error);

#endif
