/* The embedded migrations, made at build time from migrations/. */
#ifndef VDB_SCHEMA_MIGRATIONS_H
#define VDB_SCHEMA_MIGRATIONS_H

#include <stddef.h>

typedef struct migration {
    int version; /* from 1, without a gap */
    const char *name;
    const char *sql;
    const char *checksum; /* SHA-256 of the file, hexadecimal */
} migration;

extern const migration migrations[];
extern const size_t migration_count;

#endif
