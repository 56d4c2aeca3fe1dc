/* What a backup says of itself: JSON at its head. */
#ifndef VDB_BACKUP_MANIFEST_H
#define VDB_BACKUP_MANIFEST_H

#include "backup/tables.h"

typedef struct manifest {
    const char *kind; /* "database", "tenant" */
    const char *made_at;
    const char *voicedb_version;
    const char *server_version;
    const char *pgvector_version; /* NULL: none */
    const char *database;
    const char *vector_index; /* the strategy in use, or NULL */
    int64_t schema_version;   /* the newest applied migration; 0: none */
    json_t *migrations;       /* [{"version", "name", "checksum"}] */
    json_t *domains;          /* [{"uuid", "name"}]: the tenants who have rows; one for a tenant's copy */
    table_list tables;
} manifest;

/* Everything but kind, domains and tables, which stay, as the connection sees it; `made_at` is its transaction's.
 * Release with manifest_free(). */
vdb_status manifest_begin(connection *c, arena *a, manifest *m, vdb_error *error);
vdb_status manifest_add_domain(manifest *m, const char *uuid, const char *name, vdb_error *error);
/* JSON, to be freed with free(); NULL: memory ran out. */
char *manifest_write(const manifest *m);
vdb_status manifest_read(arena *a, const char *text, manifest *m, vdb_error *error);
void manifest_free(manifest *m);

/* What the library tells of a backup: a block for vdb_rows_free(). NULL: memory ran out. */
vdb_backup_info *manifest_info(const manifest *m, const char *path, int64_t bytes, bool sealed);

#endif
