/* Transactions of the operator's long work. */
#ifndef VDB_BACKUP_OPERATOR_H
#define VDB_BACKUP_OPERATOR_H

#include "base/arena.h"
#include "pg/connection.h"

/* In them values have the same text everywhere and nothing times out. The first two see one snapshot; the first only
 * reads. */
vdb_status operator_begin_snapshot(connection *c, vdb_error *error);
vdb_status operator_begin_repeatable(connection *c, vdb_error *error);
vdb_status operator_begin(connection *c, vdb_error *error);

/* Polls for the lock of those who replace rows; it ends with the connection. VDB_CONFLICT: another one has it for a
 * minute. */
vdb_status operator_lock(connection *c, vdb_error *error);

/* What the names of a database's backups begin with; NULL: memory ran out. */
char *retention_stem(arena *a, const char *database);

#endif
