/* The voice tables: what a database has, what a manifest says, and the statements that work on them. */
#ifndef VDB_BACKUP_TABLES_H
#define VDB_BACKUP_TABLES_H

#include "base/arena.h"
#include "pg/pool.h"

#include <jansson.h>

/* The members below `columns` are filled by tables_prepare(). */
typedef struct voice_table {
    const char *name;
    int64_t rows;            /* those of the two below: -1, NULL when nobody has counted */
    const char *sha256;      /* of all rows, whatever their order */
    json_t *columns;         /* [{"name", "type", "key"}]; belongs to the list */
    bool hidden;             /* row-level security or missing rights keep rows from this role */
    bool missing;            /* the database has no such table */
    const char *unfit;       /* columns that rows cannot be put into, or NULL */
    const char *add_columns; /* statement for those that are missing, or NULL */
    const char *count, *fingerprint, *copy_out, *copy_in, *copy_in_binary, *lock, *remove, *analyze;
    const char *letters; /* of its columns, for copy_binary_row(), or NULL: text is as good, or all there is */
} voice_table;

/* Those referred to stand before those that refer. */
typedef struct table_list {
    voice_table *items;
    size_t count;
    json_t *json; /* holds the columns of all */
} table_list;

/* Those of the database. Both leave the list empty or in part filled on failure too: release it with tables_free(). */
vdb_status tables_of_database(connection *c, arena *a, table_list *list, vdb_error *error);
/* Those of a manifest's array; VDB_BAD_INPUT: it is none. */
vdb_status tables_of_json(arena *a, json_t *array, table_list *list, vdb_error *error);
/* The array for a manifest; NULL: memory ran out. */
json_t *tables_to_json(const table_list *list);
void tables_free(table_list *list);

/* VDB_NOT_ALLOWED when rows are hidden from this role, VDB_SCHEMA when there is no table at all. */
vdb_status tables_check_visible(const table_list *list, vdb_error *error);

/* `domain` "": of all tenants. */
vdb_status tables_prepare(connection *c, arena *a, table_list *list, const char *domain, vdb_error *error);
/* Counts and hashes the rows of every table into the list. */
vdb_status tables_fingerprint(connection *c, arena *a, table_list *list, vdb_error *error);
/* Only counts. */
vdb_status tables_count(connection *c, table_list *list, vdb_error *error);
int64_t tables_rows(const table_list *list);

voice_table *tables_find(const table_list *list, const char *name);

/* VDB_DEFECT, naming the first table, when `found` has other rows than `wanted`; tables whose `wanted` hash is NULL are
 * counted only. */
vdb_status tables_compare(const table_list *wanted, const table_list *found, vdb_error *error);

#endif
