#include "cli/output.h"
#include "cli/values.h"
#include "store/records.h"
#include "store/secrets.h"

#include <string.h>

enum { DEFAULT_DAYS = 31 };

vdb_status run_provider_add(cli_call *call, vdb_error *error)
{
    const provider_values *v = call->values;
    char uuid[37];
    vdb_status status = vdb_provider_add(call->tenant, &v->input, uuid, error);
    if (status == VDB_OK)
        output_uuid(call, "provider_uuid", uuid);
    return status;
}

vdb_status run_provider_list(cli_call *call, vdb_error *error)
{
    const provider_values *v = call->values;
    const vdb_provider *rows;
    size_t count;
    vdb_status status = vdb_provider_list(call->tenant, v->type, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    output_rows(call, &provider_record, rows, count,
                "provider_type provider_name display_name is_default enabled provider_uuid");
    vdb_rows_free(rows);
    return VDB_OK;
}

vdb_status run_provider_show(cli_call *call, vdb_error *error)
{
    const provider_values *v = call->values;
    const vdb_provider *row;
    vdb_status status = provider_find(call->tenant, v->type, v->provider, &row, error);
    if (status != VDB_OK)
        return status;
    output_row(call, &provider_record, row);
    vdb_rows_free(row);
    return VDB_OK;
}

static vdb_status find(const cli_call *call, char uuid[37], vdb_error *error)
{
    const provider_values *v = call->values;
    const vdb_provider *row;
    vdb_status status = provider_find(call->tenant, v->type, v->provider, &row, error);
    if (status != VDB_OK)
        return status;
    memcpy(uuid, row->provider_uuid, 37);
    vdb_rows_free(row);
    return VDB_OK;
}

vdb_status run_provider_update(cli_call *call, vdb_error *error)
{
    static const vdb_provider_input nothing = { 0 };
    const provider_values *v = call->values;
    if (memcmp(&v->input, &nothing, sizeof nothing) == 0)
        return error_set(error, VDB_USAGE, "Run `voicedb provider update --help` for what can be changed.",
                         "nothing is given to change");
    char uuid[37];
    vdb_status status = find(call, uuid, error);
    if (status == VDB_OK)
        status = vdb_provider_update(call->tenant, uuid, &v->input, error);
    if (status == VDB_OK)
        output_uuid(call, "provider_uuid", uuid);
    return status;
}

vdb_status run_provider_remove(cli_call *call, vdb_error *error)
{
    char uuid[37];
    vdb_status status = find(call, uuid, error);
    if (status == VDB_OK)
        status = vdb_provider_remove(call->tenant, uuid, error);
    if (status == VDB_OK)
        output_uuid(call, "provider_uuid", uuid);
    return status;
}

vdb_status run_provider_test(cli_call *call, vdb_error *error)
{
    const provider_values *v = call->values;
    const vdb_provider_test *row;
    vdb_status status = vdb_provider_ask(call->tenant, v->provider, v->text, &row, error);
    if (status != VDB_OK)
        return status;
    output_row(call, &provider_test_record, row);
    vdb_rows_free(row);
    return VDB_OK;
}

vdb_status run_provider_usage(cli_call *call, vdb_error *error)
{
    const provider_values *v = call->values;
    const vdb_provider_usage *rows;
    size_t count;
    vdb_status status =
        vdb_provider_usage_list(call->tenant, v->days == NULL ? DEFAULT_DAYS : (int)*v->days, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    output_rows(call, &provider_usage_record, rows, count,
                "usage_date provider_name embedding_model requests texts tokens cost");
    vdb_rows_free(rows);
    return VDB_OK;
}
