/* What is kept of callers: showing, copying, erasing it, and for how long it is kept. */
#include "cli/output.h"
#include "cli/values.h"
#include "store/records.h"

vdb_status run_privacy_find(cli_call *call, vdb_error *error)
{
    const privacy_values *v = call->values;
    const vdb_personal_data *rows;
    size_t count;
    vdb_status status = vdb_privacy_find(call->tenant, v->caller, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    output_rows(call, &personal_data_record, rows, count,
                "caller_id conversations summaries messages recordings traces notices first_at last_at");
    vdb_rows_free(rows);
    return VDB_OK;
}

vdb_status run_privacy_export(cli_call *call, vdb_error *error)
{
    const privacy_values *v = call->values;
    const vdb_personal_copy *rows;
    size_t count;
    vdb_status status = vdb_privacy_export(call->tenant, v->caller, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    json_writer w = json_writer_on(stdout);
    json_open(&w, NULL, '{');
    json_text(&w, "domain_uuid", vdb_tenant_uuid(call->tenant));
    json_text(&w, "domain_name", vdb_tenant_name(call->tenant));
    json_text(&w, "caller", v->caller);
    json_open(&w, "conversations", '[');
    for (size_t i = 0; i < count; i++)
        json_raw(&w, NULL, rows[i].document);
    json_close(&w, ']');
    json_close(&w, '}');
    vdb_rows_free(rows);
    return VDB_OK;
}

vdb_status run_privacy_erase(cli_call *call, vdb_error *error)
{
    const privacy_values *v = call->values;
    const vdb_erased *erased;
    vdb_status status = vdb_privacy_erase(call->tenant, v->caller, v->key, &erased, error);
    if (status != VDB_OK)
        return status;
    output_row(call, &erased_record, erased);
    if (erased->recordings[0] != NULL)
        output_note(call, "The files of the recordings are where they were: remove them too.");
    vdb_rows_free(erased);
    return VDB_OK;
}

vdb_status run_privacy_retention(cli_call *call, vdb_error *error)
{
    const privacy_values *v = call->values;
    const vdb_retention *terms;
    vdb_status status = vdb_retention_set(call->tenant, &v->terms, error);
    if (status == VDB_OK)
        status = vdb_retention_get(call->tenant, &terms, error);
    if (status != VDB_OK)
        return status;
    output_row(call, &retention_record, terms);
    output_note(call, "0: for ever.");
    vdb_rows_free(terms);
    return VDB_OK;
}
