/* The server and its extensions: what is missing, too old, or waits to be updated. */
#include "doctor/doctor.h"

#include "queries.h"

#include <stdio.h>
#include <string.h>

enum { OLDEST_MAJOR = 13, SERVER_PARTS = 10000 };

/*
 * The least release of each version without known holes in row-level security. The newest hole let ON CONFLICT read
 * rows that a policy hides. A version that is not listed and older than these gets no fixes any more.
 */
static const struct {
    int major, minor;
} server_floors[] = { { 18, 7 }, { 17, 12 }, { 16, 16 }, { 15, 20 }, { 14, 25 } };
enum { SERVER_FLOORS = sizeof server_floors / sizeof server_floors[0] };

vdb_status check_server_version(doctor *d, vdb_error *error)
{
    int major = (int)(d->facts.server_number / SERVER_PARTS), minor = (int)(d->facts.server_number % SERVER_PARTS);
    report r = { .severity = "warning", .mend_by = "shell" };
    if (major > server_floors[0].major)
        return VDB_OK;
    for (size_t i = 0; i < SERVER_FLOORS; i++) {
        if (server_floors[i].major != major)
            continue;
        if (minor >= server_floors[i].minor)
            return VDB_OK;
        r.problem = LINE(d, "PostgreSQL %s has holes in row-level security that %d.%d closes.", d->facts.server, major,
                         server_floors[i].minor);
        r.mend = LINE(d, "apt-get install --only-upgrade postgresql-%d", major);
        return doctor_report(d, &r, error);
    }
    r.mend_by = "hand";
    r.mend = "Move to PostgreSQL 17 or newer with pg_upgradecluster.";
    r.severity = major < OLDEST_MAJOR ? "error" : "warning";
    r.problem = major < OLDEST_MAJOR
                    ? LINE(d, "PostgreSQL %s is older than voicedb needs: %d.", d->facts.server, OLDEST_MAJOR)
                    : LINE(d, "PostgreSQL %s gets no more fixes of security.", d->facts.server);
    return doctor_report(d, &r, error);
}

/* ---- pgvector ---------------------------------------------------------------------------------------------------- */

static const char *package_of(doctor *d)
{
    return LINE(d, "apt-get install postgresql-%d-pgvector", (int)(d->facts.server_number / SERVER_PARTS));
}

static const char *create_vector(doctor *d)
{
    const char *text = queries[QUERY_DOCTOR_CREATE_VECTOR].text;
    return LINE(d, "%.*s;", (int)strcspn(text, "\n"), text);
}

vdb_status check_pgvector_missing(doctor *d, vdb_error *error)
{
    const facts *f = &d->facts;
    report r = { .severity = "error" };
    if (f->vector_created != NULL && strcmp(f->vector_schema, "public") == 0)
        return VDB_OK;
    if (f->vector_created != NULL) {
        r.problem = LINE(d, "The extension vector is in schema %s, where searches do not look.", f->vector_schema);
        r.mend_by = "psql";
        r.mend = "ALTER EXTENSION vector SET SCHEMA public;";
    } else if (f->vector_available != NULL) {
        r.problem = LINE(d, "The extension vector is installed on the server, but not created in this database.");
        r.mend_by = "psql";
        r.mend = create_vector(d);
        r.fixable = true;
    } else {
        r.problem = LINE(d, "The server has no extension vector.");
        r.mend_by = "shell";
        r.mend = package_of(d);
    }
    return doctor_report(d, &r, error);
}

/* Orders versions such as 0.8.0 by their numbers; what is no number counts as 0. */
static int compare_versions(const char *a, const char *b)
{
    int parts[2][3] = { { 0 } };
    (void)sscanf(a, "%d.%d.%d", &parts[0][0], &parts[0][1], &parts[0][2]);
    (void)sscanf(b, "%d.%d.%d", &parts[1][0], &parts[1][1], &parts[1][2]);
    for (int i = 0; i < 3; i++) {
        if (parts[0][i] != parts[1][i])
            return parts[0][i] < parts[1][i] ? -1 : 1;
    }
    return 0;
}

/* Those of binary_quantize(), and of the last fix: what 0.8.2, 0.8.3 and 0.8.7 mend is in hnsw and ivfflat. */
static const char two_stage_version[] = "0.7.0", safe_version[] = "0.8.7";

/* What is defined in this database: it may be older than the server's library. */
static vdb_status check_definitions(doctor *d, vdb_error *error)
{
    const facts *f = &d->facts;
    bool update = f->vector_available != NULL && compare_versions(f->vector_created, f->vector_available) < 0;
    report r = { .severity = "warning", .mend_by = "shell", .mend = package_of(d) };
    if (update) {
        r.mend_by = "psql";
        r.mend = "ALTER EXTENSION vector UPDATE;";
        r.fixable = true;
    }
    if (compare_versions(f->vector_created, two_stage_version) < 0)
        r.problem = LINE(d, "pgvector %s cannot do two-stage search, which %s can: searches compare every passage.",
                         f->vector_created, two_stage_version);
    else if (update)
        r.problem = LINE(d, "The server has pgvector %s, this database works with what %s defined.",
                         f->vector_available, f->vector_created);
    else
        return VDB_OK;
    return doctor_report(d, &r, error);
}

/* What runs: the server's library. */
static vdb_status check_library(doctor *d, vdb_error *error)
{
    const facts *f = &d->facts;
    const char *version = f->vector_available == NULL ? f->vector_created : f->vector_available;
    if (compare_versions(version, safe_version) >= 0)
        return VDB_OK;
    return doctor_report(
        d,
        &(report){ .severity = f->vector_indexes ? "warning" : "note",
                   .problem = LINE(
                       d, "pgvector %s has faults in hnsw and ivfflat indexes that %s mends%s", version, safe_version,
                       f->vector_indexes ? ": a build can show other tables' rows, a vacuum can spoil the index."
                                         : "; this database has no such index."),
                   .mend_by = "shell",
                   .mend = package_of(d) },
        error);
}

vdb_status check_pgvector_version(doctor *d, vdb_error *error)
{
    if (d->facts.vector_created == NULL)
        return VDB_OK;
    vdb_status status = check_definitions(d, error);
    return status == VDB_OK ? check_library(d, error) : status;
}

/* ---- tenantvec --------------------------------------------------------------------------------------------------- */

vdb_status check_tenantvec(doctor *d, vdb_error *error)
{
    const facts *f = &d->facts;
    if (f->tenantvec_created == NULL)
        return VDB_OK;
    report r = { .severity = "error", .mend_by = "hand" };
    if (f->tenantvec_available == NULL) {
        r.problem = LINE(d, "This database has the extension tenantvec %s, the server does not.", f->tenantvec_created);
        r.mend = "Install tenantvec on the server, or go without it: `voicedb index use two-stage`.";
    } else if (compare_versions(f->tenantvec_created, f->tenantvec_available) < 0) {
        r.severity = "warning";
        r.problem = LINE(d, "The server has tenantvec %s, this database works with what %s defined.",
                         f->tenantvec_available, f->tenantvec_created);
        r.mend_by = "psql";
        r.mend = "ALTER EXTENSION tenantvec UPDATE;";
        r.fixable = true;
    } else {
        return VDB_OK;
    }
    return doctor_report(d, &r, error);
}

/* ---- FusionPBX's tenants and this role --------------------------------------------------------------------------- */

vdb_status check_domains_key(doctor *d, vdb_error *error)
{
    if (d->facts.domains_key)
        return VDB_OK;
    return doctor_report(d,
                         &(report){ .severity = "error",
                                    .problem = "v_domains has no primary key: no foreign key can point at a tenant.",
                                    .mend_by = "psql",
                                    .mend = "ALTER TABLE v_domains ADD PRIMARY KEY (domain_uuid);" },
                         error);
}

vdb_status check_rows_hidden(doctor *d, vdb_error *error)
{
    if (!d->facts.hidden)
        return VDB_OK;
    return doctor_report(
        d,
        &(report){ .severity = "error",
                   .problem = LINE(d,
                                   "Row-level security or missing rights hide rows from the role %s: "
                                   "whatever looks at tenants was skipped.",
                                   d->facts.role),
                   .mend_by = "hand",
                   .mend = "Run `voicedb doctor` as the tables' owner or a superuser, such as with --fusionpbx." },
        error);
}
