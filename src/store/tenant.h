/* A tenant's transactions: the only way to a registered query on tenant data. Those without a tenant are run here too.
 */
#ifndef VDB_STORE_TENANT_H
#define VDB_STORE_TENANT_H

#include "pg/pool.h"
#include "queries.h"
#include "store/records.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

/* What a higher layer keeps with the handle, and how it is released. */
struct tenant_attachment;

struct vdb_tenant {
    vdb_pool *pool;
    char uuid[37];
    char *name;
    struct tenant_attachment *_Atomic attachment;
    void (*destroy_attachment)(struct tenant_attachment *);
    atomic_int search_ms; /* what the slowest of the last searches took, fading; 0: not known */
};

/* A query with all its parameters but the tenant, which is put in front. */
typedef struct request {
    enum query_id id;
    size_t count;
    const param *params;
} request;

#define REQUEST(query, ...)                                                                                            \
    ((request){ QUERY_##query, sizeof((param[]){ P(NULL), __VA_ARGS__ }) / sizeof(param) - 1,                          \
                (const param[]){ __VA_ARGS__ } })

/* Runs requests in one transaction and one round trip, as the tenant. `result` (may be NULL): of the last one. */
vdb_status tenant_run(vdb_tenant *t, const request *requests, size_t count, PGresult **result, vdb_error *error);

/* The same with the results of all requests, NULLs when it fails. */
vdb_status tenant_run_all(vdb_tenant *t, const request *requests, size_t count, PGresult **results, vdb_error *error);

/*
 * Reading requests in two transactions at the same time, the first `split` of them and the rest, where the pool has a
 * spare connection; else as tenant_run_all().
 */
vdb_status tenant_run_split(vdb_tenant *t, const request *requests, size_t count, size_t split, PGresult **results,
                            vdb_error *error);

/* tenant_run() on a connection of its own and without statement_timeout, for what takes as long as it takes. */
vdb_status tenant_run_patiently(vdb_tenant *t, const request *requests, size_t count, PGresult **result,
                                vdb_error *error);

/* The same on a connection that a transaction was opened on. */
vdb_status tenant_run_on(vdb_tenant *t, connection *c, bool scope, const request *requests, size_t count,
                         PGresult **result, vdb_error *error);

/* The first half of tenant_run_on(), without scope: has copied the parameters. connection_receive() is the second. */
vdb_status tenant_send_on(vdb_tenant *t, connection *c, const request *requests, size_t count, vdb_error *error);

/* tenant_run_on() with the results of all requests, NULLs when it fails. */
vdb_status tenant_run_all_on(vdb_tenant *t, connection *c, bool scope, const request *requests, size_t count,
                             PGresult **results, vdb_error *error);

/* A query that is not about one tenant, as whoever the pool's login is. */
vdb_status unscoped_run(vdb_pool *pool, enum query_id id, const param *params, PGresult **result, vdb_error *error);

/* VDB_NOT_ALLOWED: `id`, one of the queries `*_sees_all`, says that the pool's login does not see all tenants. */
vdb_status unscoped_sees_all(vdb_pool *pool, enum query_id id, vdb_error *error);

/* One request whose rows are handed out as structs. */
vdb_status tenant_rows(vdb_tenant *t, request r, const record *shape, const void **rows, size_t *count,
                       vdb_error *error);

/* What a call works on, for its errors: a "transfer rule" of the command's noun "transfer". */
typedef struct subject {
    const char *kind;
    const char *name;
    const char *noun; /* NULL: the kind */
} subject;

vdb_status subject_not_found(subject s, vdb_error *error);

/* One request that must give exactly one row: none is VDB_NOT_FOUND, more are VDB_CONFLICT. */
vdb_status tenant_row(vdb_tenant *t, request r, const record *shape, subject s, const void **row, vdb_error *error);

/* Requests of which the last returns a UUID into `uuid` (may be NULL); no row is VDB_NOT_FOUND. */
vdb_status tenant_uuid(vdb_tenant *t, const request *requests, size_t count, subject s, char uuid[37],
                       vdb_error *error);

/* Refuses what is no UUID before the server sees it. */
vdb_status check_uuid(const char *uuid, const char *kind, vdb_error *error);

/* VDB_USAGE for a NULL or empty required text. */
vdb_status check_required(const char *value, const char *what, vdb_error *error);

/* The UUID a secretary's name means; `secretary` NULL or empty gives NULL in `*uuid`. `room` holds it. */
vdb_status secretary_resolve(vdb_tenant *t, const char *secretary, char room[37], const char **uuid, vdb_error *error);

/* Parameters from optional inputs. */
static inline param p_bool(const bool *value)
{
    return P(value == NULL ? NULL : *value ? "true" : "false");
}

typedef struct number {
    char text[32];
} number;

static inline param p_int(const int64_t *value, number *room)
{
    if (value == NULL)
        return P(NULL);
    snprintf(room->text, sizeof room->text, "%" PRId64, *value);
    return P(room->text);
}

static inline param p_real(const double *value, number *room)
{
    if (value == NULL)
        return P(NULL);
    snprintf(room->text, sizeof room->text, "%.17g", *value);
    return P(room->text);
}

/* 0 means not known. */
static inline param p_int_or_null(int64_t value, number *room)
{
    return p_int(value == 0 ? NULL : &value, room);
}

#endif
