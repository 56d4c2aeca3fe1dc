/* The live catalog against what the migrations give. */
#ifndef VDB_SCHEMA_VERIFY_H
#define VDB_SCHEMA_VERIFY_H

#include "pg/connection.h"
#include "schema/migrations.h"

/*
 * What vdb_migrate_verify() finds, as the first `applied` steps of `list` would have it. In an open transaction, which
 * it leaves as it was: the steps run in a scratch schema behind a savepoint and lock no live table but for reading.
 */
vdb_status verify_on(connection *c, migration_list list, size_t applied, const vdb_drift **rows, size_t *count,
                     vdb_error *error);

/* The statement without the word CONCURRENTLY, so that a transaction may hold it. NULL: memory ran out. Free with
 * free(). */
char *without_concurrently(const char *sql);

#endif
