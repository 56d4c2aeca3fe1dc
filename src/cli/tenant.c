#include "cli/output.h"
#include "store/records.h"

vdb_status run_tenant_list(cli_call *call, vdb_error *error)
{
    const vdb_tenant_row *rows;
    size_t count;
    vdb_status status = vdb_tenant_list(call->pool, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    output_rows(call, &tenant_record, rows, count,
                "domain_name domain_enabled secretaries documents chunks conversations");
    vdb_rows_free(rows);
    return VDB_OK;
}
