/* Where a restore takes its rows from: a backup, or what `pg_dump -t 'v_voice_*' -f FILE` wrote. */
#ifndef VDB_BACKUP_ORIGIN_H
#define VDB_BACKUP_ORIGIN_H

#include "backup/container.h"
#include "backup/loader.h"
#include "backup/manifest.h"

typedef struct origin {
    const char *path;
    const char *key_file;
    vdb_progress progress;
    void *context;
    bool plain;
    bool sealed;
    int64_t bytes;
    int64_t *offsets; /* of a plain dump's tables, in the manifest's order */
} origin;

/*
 * Proves a backup, or reads through a dump, and says what it holds. A dump's manifest has its tables with their columns
 * and number of rows, and its tenants without names. VDB_BAD_INPUT: it is neither, or damaged.
 */
vdb_status origin_open(origin *s, arena *a, manifest *m, vdb_error *error);

/* Loads all tables of `order`, which are prepared. A backup's come in the order of its text. */
vdb_status origin_load(const origin *s, const manifest *m, const table_list *order, loader *l, vdb_error *error);

/* What a plain dump holds: origin_open() for one. In plain.c. */
vdb_status plain_scan(origin *s, arena *a, manifest *m, vdb_error *error);

/* Reads a file's text from `offset`, until `*stop` (may be NULL) is true or it ends. */
vdb_status plain_read(const origin *s, int64_t offset, copy_text *text, const bool *stop, vdb_error *error);

#endif
