/* Removing what is kept longer than its tenant wants. */
#ifndef VDB_PRIVACY_TERMS_H
#define VDB_PRIVACY_TERMS_H

#include "pg/connection.h"

/*
 * Applies the terms of all tenants, a few thousand rows a transaction, and hands out a row for each term, for
 * vdb_rows_free(). With `dry_run` they are only counted. `go_on` is asked in between; false: VDB_USAGE.
 */
vdb_status terms_apply(connection *c, bool dry_run, bool (*go_on)(void *context), void *context, vdb_maintenance **rows,
                       size_t *count, vdb_error *error);

#endif
