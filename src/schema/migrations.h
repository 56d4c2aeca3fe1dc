/* The embedded migrations, made at build time from migrations/. */
#ifndef VDB_SCHEMA_MIGRATIONS_H
#define VDB_SCHEMA_MIGRATIONS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct migration {
    int version; /* from 1, without a gap */
    const char *name;
    const char *sql;
    const char *checksum; /* SHA-256 of the file, hexadecimal */
    bool concurrent;      /* one CREATE or DROP INDEX CONCURRENTLY, which no transaction may hold */
} migration;

typedef struct migration_list {
    const migration *steps;
    size_t count;
} migration_list;

extern const migration_list migrations;

/* migrations/adopt, in their order: no steps of the ledger, but what turns a voice-ai-ivr database into one of ours. */
extern const migration_list adoption;
enum { ADOPT_LOOK, ADOPT_SEPARATE, ADOPT_CONVERT, ADOPT_COMPARE, ADOPT_REPORT };

#endif
