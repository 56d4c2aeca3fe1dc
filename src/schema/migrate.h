/* The runner, for any list of steps. */
#ifndef VDB_SCHEMA_MIGRATE_H
#define VDB_SCHEMA_MIGRATE_H

#include "schema/migrations.h"
#include "voicedb.h"

typedef struct migrate_options {
    int patience_ms;               /* for another run, and for each step's table locks; 0: 60 000 */
    vdb_migrate_progress progress; /* NULL: nobody is told */
    void *context;
} migrate_options;

/* A step's failure with a hint that fits: what failed is in `error`. */
vdb_status migrate_explain(const migration *m, vdb_status status, vdb_error *error);

/* What vdb_migrate_plan() does with the embedded list. */
vdb_status migrate_plan(vdb_pool *pool, migration_list list, const vdb_migration_plan **rows, size_t *count,
                        vdb_error *error);

/* What vdb_migrate() does with the embedded list. `applied` is written whatever happens. */
vdb_status migrate_run(vdb_pool *pool, migration_list list, const migrate_options *options, int *applied,
                       vdb_error *error);

#endif
