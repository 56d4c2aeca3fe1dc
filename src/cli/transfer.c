#include "cli/output.h"
#include "cli/values.h"
#include "cli/words.h"
#include "store/records.h"

vdb_status run_transfer_add(cli_call *call, vdb_error *error)
{
    const transfer_values *v = call->values;
    char uuid[37];
    vdb_status status = vdb_transfer_rule_add(call->tenant, &v->input, uuid, error);
    if (status == VDB_OK)
        output_uuid(call, "transfer_rule_uuid", uuid);
    return status;
}

vdb_status run_transfer_list(cli_call *call, vdb_error *error)
{
    const transfer_values *v = call->values;
    const vdb_transfer_rule *rows;
    size_t count;
    vdb_status status = vdb_transfer_rule_list(call->tenant, v->secretary, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    output_rows(call, &transfer_rule_record, rows, count,
                "priority department_name destination_type transfer_extension intent_keywords intent_patterns enabled "
                "transfer_rule_uuid");
    vdb_rows_free(rows);
    return VDB_OK;
}

vdb_status run_transfer_remove(cli_call *call, vdb_error *error)
{
    const transfer_values *v = call->values;
    vdb_status status = vdb_transfer_rule_remove(call->tenant, v->transfer_rule, error);
    if (status == VDB_OK)
        output_uuid(call, "transfer_rule_uuid", v->transfer_rule);
    return status;
}

#define TYPE vdb_transfer_decision
#define F(kind, member)                                                                                                \
    {                                                                                                                  \
#member, FIELD_##kind, offsetof(TYPE, member)                                                                  \
    }
static const field decision_fields[] = {
    F(TEXT, outcome), F(TEXT, action),  F(TEXT, destination_type),
    F(TEXT, number),  F(TEXT, message), F(TEXT, matched_by),
    F(TEXT, matched), F(TEXT, why),     F(INSTANT, instant),
};
#undef TYPE
#define TYPE vdb_transfer_step
static const field step_fields[] = {
    F(INTEGER, priority), F(TEXT, department_name), F(TEXT, verdict), F(TEXT, why), F(TEXT, transfer_rule_uuid),
};
#undef TYPE
#undef F
static const record decision_record = { sizeof(vdb_transfer_decision),
                                        sizeof decision_fields / sizeof decision_fields[0], decision_fields };
static const record step_record = { sizeof(vdb_transfer_step), sizeof step_fields / sizeof step_fields[0],
                                    step_fields };

static void print_json(const vdb_transfer_decision *d, bool steps)
{
    json_writer w = json_writer_on(stdout);
    json_open(&w, NULL, '{');
    output_members(&w, &decision_record, d);
    if (d->rule != NULL) {
        json_open(&w, "rule", '{');
        output_members(&w, &transfer_rule_record, d->rule);
        json_close(&w, '}');
    } else {
        json_raw(&w, "rule", NULL);
    }
    if (steps)
        output_array(&w, "steps", &step_record, d->steps, d->step_count);
    json_close(&w, '}');
}

static vdb_status resolve(const cli_call *call, const vdb_transfer_decision **d, const char **utterance,
                          vdb_error *error)
{
    const transfer_values *v = call->values;
    *utterance = words_join(call->memory, v->utterance);
    return *utterance == NULL ? error_memory(error)
                              : vdb_transfer_resolve(call->tenant, v->secretary, *utterance, v->at, d, error);
}

vdb_status run_transfer_resolve(cli_call *call, vdb_error *error)
{
    const vdb_transfer_decision *d;
    const char *utterance;
    vdb_status status = resolve(call, &d, &utterance, error);
    if (status != VDB_OK)
        return status;
    if (d->rule == NULL)
        status = error_set(error, VDB_NOT_FOUND, "Run `voicedb transfer test` to see why.", "\"%s\" leads nowhere: %s",
                           utterance, d->why);
    else if (call->json)
        print_json(d, false);
    else
        output_pairs(call, &decision_record, d);
    vdb_rows_free(d);
    return status;
}

/* One line for people: what happens. */
static void print_outcome(const vdb_transfer_decision *d)
{
    if (d->rule == NULL)
        printf("Nowhere: %s.\n", d->why);
    else if (d->number == NULL)
        printf("%s: %s (%s).\n", d->rule->department_name, d->action, d->outcome);
    else
        printf("%s: %s to %s %s (%s).\n", d->rule->department_name, d->action,
               d->destination_type == NULL ? "number" : d->destination_type, d->number, d->outcome);
}

vdb_status run_transfer_test(cli_call *call, vdb_error *error)
{
    const vdb_transfer_decision *d;
    const char *utterance;
    vdb_status status = resolve(call, &d, &utterance, error);
    if (status != VDB_OK)
        return status;
    if (call->json) {
        print_json(d, true);
    } else {
        output_table(call, &step_record, d->steps, d->step_count, "priority department_name verdict why");
        putchar('\n');
        print_outcome(d);
    }
    vdb_rows_free(d);
    return VDB_OK;
}
