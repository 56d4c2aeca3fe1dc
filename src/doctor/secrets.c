/* Whether the secrets in provider configurations are sealed, and open with the master keys at hand. */
#include "doctor/doctor.h"

#include "store/secrets.h"

#include <inttypes.h>
#include <string.h>

/* One that makes what is sealed useless to calls. */
static vdb_status report_error(doctor *d, const char *problem, const char *detail, const char *mend, vdb_error *error)
{
    return doctor_report(
        d, &(report){ .severity = "error", .problem = problem, .detail = detail, .mend_by = "hand", .mend = mend },
        error);
}

static vdb_status report_missing(doctor *d, const vdb_key_report *r, vdb_error *error)
{
    const char *place = r->path == NULL ? "a key file (`--master-key`, VOICEDB_MASTER_KEY)" : r->path;
    vdb_status status = VDB_OK;
    for (size_t i = 0; status == VDB_OK && i < r->key_count; i++) {
        const vdb_master_key *k = &r->keys[i];
        if (strcmp(k->state, "missing") == 0)
            status = report_error(d,
                                  LINE(d, "The master key %s is missing; tenants whose secrets need it: %" PRId64 ".",
                                       k->key_id, k->tenants),
                                  NULL, LINE(d, "Add the line of that key to %s.", place), error);
    }
    return status;
}

static vdb_status report_plain(doctor *d, const vdb_key_report *r, vdb_error *error)
{
    return doctor_report(d,
                         &(report){ .severity = "warning",
                                    .problem = LINE(d, "Secrets that are not sealed: %" PRId64 ".", r->plain),
                                    .mend_by = "voicedb",
                                    .mend = r->path == NULL ? "key init /etc/voicedb/master.key" : "key seal",
                                    .fixable = r->path != NULL },
                         error);
}

static vdb_status report_all(doctor *d, const vdb_key_report *r, vdb_error *error)
{
    vdb_status status = report_missing(d, r, error);
    if (status == VDB_OK && r->broken > 0)
        status = report_error(d, LINE(d, "Sealed values that do not open: %" PRId64 ".", r->broken), NULL,
                              "Restore those rows from a backup, or set the providers' configs anew.", error);
    return status == VDB_OK && r->plain > 0 ? report_plain(d, r, error) : status;
}

vdb_status check_secret_sealed(doctor *d, vdb_error *error)
{
    const vdb_key_report *r;
    vdb_error why = { 0 };
    vdb_status status = keys_survey(d->pool, d->domain, &r, &why);
    if (status == VDB_NOT_ALLOWED || status == VDB_BAD_INPUT)
        return report_error(d, LINE(d, "No secret can be opened: %s.", why.message),
                            why.detail[0] == '\0' ? NULL : why.detail, why.hint, error);
    if (status != VDB_OK) {
        if (error != NULL)
            *error = why;
        return status;
    }
    status = report_all(d, r, error);
    vdb_rows_free(r);
    return status;
}

vdb_status fix_secret_sealed(doctor *d, const vdb_finding *f, vdb_error *error)
{
    (void)f;
    return vdb_key_seal(d->pool, NULL, error);
}
