/*
 * What a pool keeps at hand of its tenants, so that a call need not fetch it: the beginnings of calls (rows for
 * vdb_rows_free()) and rule sets. Each is kept with the version that it was read at, and is used when the database
 * says, in the transaction of the call itself, that this is still the version. What is kept under a key is the tenant's
 * whose UUID the key begins with.
 */
#ifndef VDB_STORE_AT_HAND_H
#define VDB_STORE_AT_HAND_H

#include "base/kept.h"
#include "store/tenant.h"

enum { AT_HAND_KEY_ROOM = 128 };

/* NULL: memory ran out; nothing is kept then. */
kept *at_hand_contexts(vdb_pool *pool);
kept *at_hand_rules(vdb_pool *pool);

/* False: `what` is longer than anything that is kept. */
bool at_hand_key(char key[AT_HAND_KEY_ROOM], const vdb_tenant *t, const char *what);

/*
 * Whether `version`, an array of UUIDs as PostgreSQL writes it, is the set of those in a result's column; `kind` (NULL:
 * any) is what the rows' first column must be.
 */
bool at_hand_is_current(const char *version, const PGresult *result, const char *kind, int column);

#endif
