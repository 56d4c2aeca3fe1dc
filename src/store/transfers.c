#include "base/json.h"
#include "base/text.h"
#include "store/rule_set.h"
#include "store/tenant.h"

#include <stdlib.h>
#include <string.h>

static const char kind[] = "transfer rule", noun[] = "transfer";

static vdb_status check_utf8(const char *const *texts, const char *what, vdb_error *error)
{
    for (; texts != NULL && *texts != NULL; texts++) {
        if (!text_is_utf8(*texts, strlen(*texts)))
            return error_set(error, VDB_BAD_INPUT, "Give UTF-8.", "a %s is not UTF-8", what);
    }
    return VDB_OK;
}

/* A keyword without a letter or digit would fold to nothing and could never be said. */
static vdb_status check_keywords(const char *const *keywords, vdb_error *error)
{
    arena *a = arena_new();
    vdb_status status = VDB_OK;
    for (; status == VDB_OK && keywords != NULL && *keywords != NULL; keywords++) {
        const char *folded = a == NULL ? NULL : text_fold(a, *keywords, strlen(*keywords));
        if (folded == NULL)
            status = error_memory(error);
        else if (folded[0] == '\0')
            status = error_set(error, VDB_BAD_INPUT, "Give a word that a caller may say.",
                               "the keyword \"%s\" is empty", *keywords);
    }
    arena_free(a);
    return status;
}

/* Which zones there are, PostgreSQL knows. */
static vdb_status check_zone(vdb_tenant *t, const char *zone, vdb_error *error)
{
    PGresult *result;
    if (zone == NULL)
        return VDB_OK;
    vdb_status status = unscoped_run(t->pool, QUERY_TRANSFER_ZONE, (const param[]){ P(zone) }, &result, error);
    if (status != VDB_OK)
        return status;
    bool known = !PQgetisnull(result, 0, 0);
    PQclear(result);
    return known ? VDB_OK
                 : error_set(error, VDB_BAD_INPUT, "Give one by its IANA name, such as America/Sao_Paulo.",
                             "there is no time zone %s", zone);
}

static vdb_status check_hours(vdb_tenant *t, const char *json, vdb_error *error)
{
    hours *h;
    arena *a = arena_new();
    vdb_status status = a == NULL ? error_memory(error) : hours_parse(a, json, &h, error);
    if (status == VDB_OK && h != NULL)
        status = check_zone(t, hours_zone(h), error);
    arena_free(a);
    return status;
}

static vdb_status check_input(const vdb_transfer_rule_input *input, vdb_error *error)
{
    vdb_status status = check_required(input->department_name, "department", error);
    if (status == VDB_OK)
        status = check_required(input->transfer_extension, "extension to transfer to", error);
    if (status == VDB_OK)
        status = check_utf8(input->intent_keywords, "keyword", error);
    if (status == VDB_OK)
        status = check_keywords(input->intent_keywords, error);
    if (status == VDB_OK)
        status = check_utf8(input->intent_patterns, "pattern", error);
    for (const char *const *p = input->intent_patterns; status == VDB_OK && p != NULL && *p != NULL; p++)
        status = rule_check_pattern(*p, error);
    return status;
}

vdb_status vdb_transfer_rule_add(vdb_tenant *tenant, const vdb_transfer_rule_input *input, char uuid[37],
                                 vdb_error *error)
{
    char room[37];
    const char *secretary = NULL;
    vdb_status status = check_input(input, error);
    if (status == VDB_OK)
        status = check_hours(tenant, input->working_hours, error);
    if (status == VDB_OK)
        status = secretary_resolve(tenant, input->secretary, room, &secretary, error);
    if (status != VDB_OK)
        return status;
    static const char *const none[] = { NULL };
    char *keywords = json_from_strings(input->intent_keywords == NULL ? none : input->intent_keywords);
    char *patterns = json_from_strings(input->intent_patterns == NULL ? none : input->intent_patterns);
    number priority;
    if (keywords == NULL || patterns == NULL) {
        status = error_memory(error);
    } else {
        const request r = REQUEST(TRANSFER_RULE_ADD, P(secretary), P(input->department_name), P(keywords), P(patterns),
                                  P(input->destination_type), P(input->transfer_extension), P(input->transfer_message),
                                  P(input->working_hours), P(input->fallback_action), P(input->fallback_extension),
                                  p_int(input->priority, &priority), p_bool(input->enabled));
        status = tenant_uuid(tenant, &r, 1, (subject){ .kind = kind, .name = input->department_name, .noun = noun },
                             uuid, error);
    }
    free(keywords);
    free(patterns);
    return status;
}

vdb_status vdb_transfer_rule_list(vdb_tenant *tenant, const char *secretary, const vdb_transfer_rule **rows,
                                  size_t *count, vdb_error *error)
{
    char room[37];
    const char *uuid;
    vdb_status status = secretary_resolve(tenant, secretary, room, &uuid, error);
    if (status != VDB_OK)
        return status;
    return tenant_rows(tenant, REQUEST(TRANSFER_RULE_LIST, P(uuid)), &transfer_rule_record, (const void **)rows, count,
                       error);
}

vdb_status vdb_transfer_rule_remove(vdb_tenant *tenant, const char *transfer_rule_uuid, vdb_error *error)
{
    vdb_status status = check_uuid(transfer_rule_uuid, "transfer rule", error);
    if (status != VDB_OK)
        return status;
    const request r = REQUEST(TRANSFER_RULE_REMOVE, P(transfer_rule_uuid));
    return tenant_uuid(tenant, &r, 1, (subject){ .kind = kind, .name = transfer_rule_uuid, .noun = noun }, NULL, error);
}
