/* What the checks of `doctor` share: the facts of the database, and how a finding is told. */
#ifndef VDB_DOCTOR_DOCTOR_H
#define VDB_DOCTOR_DOCTOR_H

#include "base/arena.h"
#include "pg/pool.h"
#include "pg/query.h"
#include "pg/record.h"

/* What is looked up once, before the first check: a row of the query `doctor_facts`. */
typedef struct facts {
    const char *role;
    const char *database;
    const char *server; /* "17.12" */
    int64_t server_number;
    const char *vector_available; /* versions; NULL: it is not */
    const char *vector_created;
    const char *vector_schema;
    bool vector_indexes; /* pgvector's own, on any table */
    const char *tenantvec_available;
    const char *tenantvec_created;
    bool domains;                    /* v_domains is there */
    bool domains_key;                /* with a key that can be referred to */
    bool tables;                     /* there are voice tables */
    bool codes;                      /* passages have their one-bit codes */
    bool hidden;                     /* row-level security or missing rights keep rows from this role */
    const char *const *shared_names; /* domain names in lower case that several domains have */
    bool current;                    /* every migration was applied, and nothing else */
} facts;

typedef struct doctor {
    vdb_pool *pool;
    connection *c; /* without a statement_timeout */
    arena *memory; /* of what is returned */
    const vdb_doctor_options *options;
    const char *domain; /* UUID; NULL: all tenants */
    facts facts;
    vdb_check *check; /* the one at work */
    size_t room;      /* of its findings */
} doctor;

/* A finding as checks report it. Texts are copied; a line break in a line becomes a space. */
typedef struct report {
    const char *severity;
    const char *domain_uuid;
    const char *domain_name;
    const char *problem;
    const char *detail;
    const char *mend_by; /* voicedb: `mend` has what stands behind `voicedb`, and behind `--domain` of a tenant */
    const char *mend;
    bool fixable;
} report;

vdb_status doctor_report(doctor *d, const report *r, vdb_error *error);

/* A line of `d->memory`; NULL, which doctor_report() takes for it: memory ran out. */
#define LINE(d, ...) arena_printf((d)->memory, __VA_ARGS__)

/* A query of the registry without a tenant, outside a transaction. */
vdb_status doctor_ask(doctor *d, int query_id, const param *params, PGresult **result, vdb_error *error);

/* The same for one whose rows are reports. */
vdb_status doctor_ask_reports(doctor *d, int query_id, const param *params, vdb_error *error);

/* Says what of the check was not done. */
void doctor_skip(doctor *d, const char *reason);

/* ---- the checks ---------------------------------------------------------------------------------------------------
 */

vdb_status check_server_version(doctor *d, vdb_error *error);
vdb_status check_pgvector_missing(doctor *d, vdb_error *error);
vdb_status check_pgvector_version(doctor *d, vdb_error *error);
vdb_status check_tenantvec(doctor *d, vdb_error *error);
vdb_status check_domains_key(doctor *d, vdb_error *error);
vdb_status check_rows_hidden(doctor *d, vdb_error *error);
vdb_status check_role(doctor *d, vdb_error *error);
vdb_status check_secret_file(doctor *d, vdb_error *error);
vdb_status check_migrations(doctor *d, vdb_error *error);
vdb_status check_drift(doctor *d, vdb_error *error);
vdb_status check_index_invalid(doctor *d, vdb_error *error);
vdb_status check_index_unused(doctor *d, vdb_error *error);
vdb_status check_search_plan(doctor *d, vdb_error *error);
vdb_status check_maintenance(doctor *d, vdb_error *error);
vdb_status check_chunk_embedding(doctor *d, vdb_error *error);
vdb_status check_chunk_model(doctor *d, vdb_error *error);
vdb_status check_secret_sealed(doctor *d, vdb_error *error);
vdb_status check_document_terms(doctor *d, vdb_error *error);
vdb_status check_document_stuck(doctor *d, vdb_error *error);
vdb_status check_secretary_provider(doctor *d, vdb_error *error);
vdb_status check_transfer_number(doctor *d, vdb_error *error);
vdb_status check_webhook_waiting(doctor *d, vdb_error *error);

/* ---- mending ------------------------------------------------------------------------------------------------------
 */

/* A psql finding's statement. */
vdb_status fix_statement(doctor *d, const vdb_finding *f, vdb_error *error);
vdb_status fix_secret_file(doctor *d, const vdb_finding *f, vdb_error *error);
vdb_status fix_secret_sealed(doctor *d, const vdb_finding *f, vdb_error *error);

#endif
