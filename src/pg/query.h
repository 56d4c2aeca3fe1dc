/* Registered queries and their parameters. */
#ifndef VDB_PG_QUERY_H
#define VDB_PG_QUERY_H

#include <stdbool.h>
#include <stddef.h>

enum { MOST_QUERIES = 224, MOST_PARAMETERS = 32 };

/* One file of src/sql, made at build time. */
typedef struct query {
    int id; /* 0 to MOST_QUERIES - 1 */
    const char *name;
    const char *text;
    int parameters;
    bool reads; /* changes nothing, so that it can be sent again when a connection is lost */
} query;

/* A parameter: text, or bytes of PostgreSQL's binary format. `value` NULL is NULL. */
typedef struct param {
    const char *value;
    size_t length; /* of a binary value */
    bool binary;
} param;

#define P(text) ((param){ .value = (text) })
#define P_BINARY(bytes, size) ((param){ .value = (bytes), .length = (size), .binary = true })

#endif
