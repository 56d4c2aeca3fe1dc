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

vdb_status run_transfer_resolve(cli_call *call, vdb_error *error)
{
    const transfer_values *v = call->values;
    const char *utterance = words_join(call->memory, v->utterance);
    if (utterance == NULL)
        return error_memory(error);
    const vdb_transfer_rule *row;
    vdb_status status = vdb_transfer_resolve(call->tenant, v->secretary, utterance, &row, error);
    if (status != VDB_OK)
        return status;
    output_row(call, &transfer_rule_record, row);
    vdb_rows_free(row);
    return VDB_OK;
}
