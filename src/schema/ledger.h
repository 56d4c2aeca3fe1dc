/* The ledger: which migrations a database has had, and whether their files are still the same. */
#ifndef VDB_SCHEMA_LEDGER_H
#define VDB_SCHEMA_LEDGER_H

#include "pg/connection.h"
#include "schema/migrations.h"

#include <stdint.h>

/* A query of the registry without a tenant. `result` may be NULL. */
vdb_status schema_ask(connection *c, int query_id, const param *params, PGresult **result, vdb_error *error);

/* The state of every step of `list`, then of those that only the ledger knows. Release with vdb_rows_free(). */
vdb_status ledger_read(connection *c, migration_list list, const vdb_migration **rows, size_t *count, vdb_error *error);

/* How many of the rows are "pending", "changed" … */
size_t ledger_count(const vdb_migration *rows, size_t count, const char *state);

/* VDB_DRIFT when files differ from what was applied, with all of them in its detail. */
vdb_status ledger_refuse_changed(const vdb_migration *rows, size_t count, vdb_error *error);

vdb_status ledger_create(connection *c, vdb_error *error);
vdb_status ledger_record(connection *c, const migration *m, int64_t took_ms, vdb_error *error);

/* Takes the file of one version for what was applied. `changed` tells whether it was not already. */
vdb_status ledger_repair(connection *c, migration_list list, int version, bool *changed, vdb_error *error);

#endif
