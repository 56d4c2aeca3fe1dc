/* Whether FusionPBX has the numbers that transfer rules send calls to, in its tables of 5.4 or 5.5. */
#include "doctor/doctor.h"

#include "queries.h"

#include <stdlib.h>
#include <string.h>

/* Where FusionPBX keeps the numbers of a destination_type. */
static const struct source {
    const char *type;
    const char *label;
    int query_id;
    bool optional; /* most systems do without */
} sources[] = {
    { "extension", "extension", QUERY_DOCTOR_NUMBERS_EXTENSION, false },
    { "ring_group", "ring group", QUERY_DOCTOR_NUMBERS_RING_GROUP, false },
    { "queue", "queue", QUERY_DOCTOR_NUMBERS_QUEUE, false },
    { "queue", "FIFO queue", QUERY_DOCTOR_NUMBERS_FIFO, true },
    { "voicemail", "voicemail", QUERY_DOCTOR_NUMBERS_VOICEMAIL, false },
    { "ivr_menu", "IVR menu", QUERY_DOCTOR_NUMBERS_IVR_MENU, false },
};
enum { SOURCES = sizeof sources / sizeof sources[0] };

typedef struct rule {
    const char *domain_uuid;
    const char *domain_name;
    const char *transfer_rule_uuid;
    const char *department_name;
    const char *type;
    const char *number;
    const char *fallback;
    const char *change; /* the ends of a statement that changes it */
    const char *condition;
} rule;

#define F(member)                                                                                                      \
    {                                                                                                                  \
#member, FIELD_TEXT, offsetof(rule, member)                                                                    \
    }
static const field rule_fields[] = {
    F(domain_uuid), F(domain_name), F(transfer_rule_uuid), F(department_name), F(type), F(number),
    F(fallback),    F(change),      F(condition),
};
#undef F
static const record rule_record = { sizeof(rule), sizeof rule_fields / sizeof rule_fields[0], rule_fields };

typedef struct known_number {
    const char *domain_uuid;
    const char *number;
    bool enabled;
} known_number;

static const field number_fields[] = {
    { "domain_uuid", FIELD_TEXT, offsetof(known_number, domain_uuid) },
    { "number", FIELD_TEXT, offsetof(known_number, number) },
    { "enabled", FIELD_BOOLEAN, offsetof(known_number, enabled) },
};
static const record number_record = { sizeof(known_number), sizeof number_fields / sizeof number_fields[0],
                                      number_fields };

/* The numbers of one source that rules name, in the order of compare(). */
typedef struct numbers {
    known_number *rows; /* for vdb_rows_free(); NULL: FusionPBX has no such table */
    size_t count;
} numbers;

static int compare(const void *a, const void *b)
{
    const known_number *left = a, *right = b;
    int order = strcmp(left->domain_uuid, right->domain_uuid);
    return order != 0 ? order : strcmp(left->number, right->number);
}

static const known_number *find(const numbers *n, const char *domain_uuid, const char *number)
{
    const known_number key = { .domain_uuid = domain_uuid, .number = number };
    return n->count == 0 ? NULL : bsearch(&key, n->rows, n->count, sizeof key, compare);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool is_absent(const vdb_error *error)
{
    static const char undefined_table[] = "42P01", undefined_column[] = "42703";
    return strcmp(error->sqlstate, undefined_table) == 0 || strcmp(error->sqlstate, undefined_column) == 0;
}

static void skip_source(doctor *d, const struct source *s)
{
    if (s->optional)
        return;
    const char *before = d->check->reason;
    doctor_skip(d, before == NULL ? LINE(d, "This FusionPBX has no table of these: %s", s->label)
                                  : LINE(d, "%s, %s", before, s->label));
}

static vdb_status read_source(doctor *d, const struct source *s, numbers *n, vdb_error *error)
{
    PGresult *result;
    vdb_error why;
    error_clear(&why);
    vdb_status status = doctor_ask(d, s->query_id, (const param[]){ P(d->domain) }, &result, &why);
    if (status != VDB_OK && is_absent(&why)) {
        skip_source(d, s);
        return VDB_OK;
    }
    if (status != VDB_OK) {
        *error = why;
        return status;
    }
    const void *rows;
    status = record_decode(&number_record, result, &rows, &n->count, error);
    PQclear(result);
    if (status != VDB_OK)
        return status;
    n->rows = (known_number *)(uintptr_t)rows;
    if (n->count > 0)
        qsort(n->rows, n->count, sizeof n->rows[0], compare);
    return VDB_OK;
}

static vdb_status read_rules(doctor *d, const rule **rules, size_t *count, vdb_error *error)
{
    PGresult *result;
    vdb_status status = doctor_ask(d, QUERY_DOCTOR_TRANSFER_RULES, (const param[]){ P(d->domain) }, &result, error);
    if (status != VDB_OK)
        return status;
    status = record_decode(&rule_record, result, (const void **)rules, count, error);
    PQclear(result);
    return status;
}

/* ---- judging ----------------------------------------------------------------------------------------------------- */

/* What FusionPBX says of a number. */
typedef struct verdict {
    bool known;                 /* its tables are there */
    bool exists;                /* as what the rule says */
    bool enabled;               /* and a call gets through */
    const struct source *other; /* as something else that takes calls; NULL: nothing has it */
} verdict;

/* `type` NULL: any. */
static verdict look_up(const numbers *all, const char *domain_uuid, const char *type, const char *number)
{
    verdict v = { 0 };
    for (size_t i = 0; i < SOURCES; i++) {
        const known_number *found = find(&all[i], domain_uuid, number);
        bool meant = type == NULL || strcmp(sources[i].type, type) == 0;
        if (meant) {
            v.known |= all[i].rows != NULL;
            v.exists |= found != NULL;
            v.enabled |= found != NULL && found->enabled;
        } else if (found != NULL && found->enabled && v.other == NULL) {
            v.other = &sources[i];
        }
    }
    return v;
}

static const char *label_of(const char *type)
{
    for (size_t i = 0; i < SOURCES; i++) {
        if (strcmp(sources[i].type, type) == 0)
            return sources[i].label;
    }
    return NULL;
}

static vdb_status report_rule(doctor *d, const rule *r, const char *problem, const char *change, vdb_error *error)
{
    return doctor_report(d,
                         &(report){ .severity = "error",
                                    .domain_uuid = r->domain_uuid,
                                    .domain_name = r->domain_name,
                                    .problem = problem,
                                    .mend_by = "psql",
                                    .mend = LINE(d, "%s %s %s", r->change, change, r->condition) },
                         error);
}

static vdb_status judge_number(doctor *d, const rule *r, const numbers *all, vdb_error *error)
{
    const char *label = label_of(r->type);
    if (label == NULL)
        return VDB_OK;
    verdict v = look_up(all, r->domain_uuid, r->type, r->number);
    if (!v.known || v.enabled)
        return VDB_OK;
    const char *about = LINE(d, "Transfer rule \"%s\" sends calls to %s %s", r->department_name, label, r->number);
    if (v.exists)
        return report_rule(d, r, LINE(d, "%s, which is disabled in FusionPBX.", about), "enabled = false", error);
    if (v.other == NULL)
        return report_rule(d, r, LINE(d, "%s, which FusionPBX does not have.", about), "enabled = false", error);
    return report_rule(d, r, LINE(d, "%s, which is of another kind: %s.", about, v.other->label),
                       LINE(d, "destination_type = '%s'", v.other->type), error);
}

static vdb_status judge_fallback(doctor *d, const rule *r, const numbers *all, vdb_error *error)
{
    bool complete = d->check->reason == NULL;
    if (r->fallback == NULL || !complete || look_up(all, r->domain_uuid, NULL, r->fallback).enabled)
        return VDB_OK;
    return report_rule(d, r,
                       LINE(d, "Transfer rule \"%s\" falls back to %s, which FusionPBX does not have or has disabled.",
                            r->department_name, r->fallback),
                       "fallback_extension = NULL", error);
}

static vdb_status judge_all(doctor *d, const numbers *all, vdb_error *error)
{
    const rule *rules;
    size_t count;
    vdb_status status = read_rules(d, &rules, &count, error);
    if (status != VDB_OK)
        return status;
    for (size_t i = 0; status == VDB_OK && i < count; i++) {
        status = judge_number(d, &rules[i], all, error);
        if (status == VDB_OK)
            status = judge_fallback(d, &rules[i], all, error);
    }
    vdb_rows_free(rules);
    return status;
}

vdb_status check_transfer_number(doctor *d, vdb_error *error)
{
    numbers all[SOURCES] = { { 0 } };
    vdb_status status = VDB_OK;
    for (size_t i = 0; status == VDB_OK && i < SOURCES; i++)
        status = read_source(d, &sources[i], &all[i], error);
    if (status == VDB_OK)
        status = judge_all(d, all, error);
    for (size_t i = 0; i < SOURCES; i++)
        vdb_rows_free(all[i].rows);
    return status;
}
