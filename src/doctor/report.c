/* How findings come to stand in their check's row. */
#include "doctor/doctor.h"

#include "base/buffer.h"
#include "queries.h"

#include <ctype.h>
#include <string.h>

/* Finds room for one more; what was there is copied, for an arena does not grow in place. */
static vdb_finding *add(doctor *d)
{
    vdb_check *check = d->check;
    if (check->finding_count == d->room) {
        size_t room = d->room == 0 ? 8 : 2 * d->room;
        vdb_finding *more = arena_array(d->memory, room, sizeof *more);
        if (more == NULL)
            return NULL;
        if (check->finding_count > 0)
            memcpy(more, check->findings, check->finding_count * sizeof *more);
        check->findings = more;
        d->room = room;
    }
    return (vdb_finding *)(uintptr_t)&check->findings[check->finding_count++];
}

static const char *one_line(doctor *d, const char *text)
{
    char *line = arena_copy_string(d->memory, text);
    for (char *c = line; c != NULL && *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7F)
            *c = ' ';
    }
    return line;
}

/* True when `name` stands for one domain, and as it is on a command line. */
static bool is_plain(const doctor *d, const char *name)
{
    char lower[256];
    size_t length = strlen(name);
    if (length == 0 || length >= sizeof lower || name[0] == '-')
        return false;
    for (size_t i = 0; i <= length; i++) {
        lower[i] = (char)tolower((unsigned char)name[i]);
        if (name[i] != '\0' && !isalnum((unsigned char)name[i]) && strchr("._-", name[i]) == NULL)
            return false;
    }
    for (const char *const *shared = d->facts.shared_names; shared != NULL && *shared != NULL; shared++) {
        if (strcmp(*shared, lower) == 0)
            return false;
    }
    return true;
}

static const char *whole_mend(doctor *d, const report *r)
{
    if (strcmp(r->mend_by, "voicedb") != 0)
        return one_line(d, r->mend);
    if (r->domain_uuid == NULL)
        return LINE(d, "voicedb %s", one_line(d, r->mend));
    bool named = r->domain_name != NULL && is_plain(d, r->domain_name);
    return LINE(d, "voicedb --domain %s %s", named ? r->domain_name : r->domain_uuid, one_line(d, r->mend));
}

vdb_status doctor_report(doctor *d, const report *r, vdb_error *error)
{
    vdb_finding *f = r->problem == NULL || r->mend == NULL ? NULL : add(d);
    if (f == NULL)
        return error_memory(error);
    *f = (vdb_finding){
        .code = d->check->code,
        .severity = arena_copy_string(d->memory, r->severity),
        .domain_uuid = arena_copy_string(d->memory, r->domain_uuid),
        .domain_name = arena_copy_string(d->memory, r->domain_name),
        .problem = one_line(d, r->problem),
        .detail = arena_copy_string(d->memory, r->detail),
        .mend = whole_mend(d, r),
        .mend_by = arena_copy_string(d->memory, r->mend_by),
        .fixable = r->fixable,
        .state = "found",
    };
    return f->problem == NULL || f->mend == NULL ? error_memory(error) : VDB_OK;
}

vdb_status doctor_ask(doctor *d, int query_id, const param *params, PGresult **result, vdb_error *error)
{
    return connection_run(d->c, &(statement){ &queries[query_id], params }, 1, result, error);
}

#define F(kind, member)                                                                                                \
    {                                                                                                                  \
#member, FIELD_##kind, offsetof(report, member)                                                                \
    }
static const field report_fields[] = {
    F(TEXT, severity), F(TEXT, domain_uuid), F(TEXT, domain_name), F(TEXT, problem),
    F(TEXT, detail),   F(TEXT, mend_by),     F(TEXT, mend),        F(BOOLEAN, fixable),
};
#undef F
static const record report_record = { sizeof(report), sizeof report_fields / sizeof report_fields[0], report_fields };

vdb_status doctor_ask_reports(doctor *d, int query_id, const param *params, vdb_error *error)
{
    PGresult *result;
    vdb_status status = doctor_ask(d, query_id, params, &result, error);
    if (status != VDB_OK)
        return status;
    const void *rows;
    size_t count;
    status = record_decode(&report_record, result, &rows, &count, error);
    PQclear(result);
    if (status != VDB_OK)
        return status;
    for (size_t i = 0; status == VDB_OK && i < count; i++)
        status = doctor_report(d, (const report *)rows + i, error);
    vdb_rows_free(rows);
    return status;
}

void doctor_skip(doctor *d, const char *reason)
{
    d->check->reason = one_line(d, reason);
}
