#include "cli/output.h"
#include "cli/values.h"

#define F(kind, member)                                                                                                \
    {                                                                                                                  \
#member, FIELD_##kind, offsetof(vdb_index, member)                                                             \
    }
static const field index_fields[] = {
    F(TEXT, strategy), F(TEXT, index_name),    F(BOOLEAN, available), F(BOOLEAN, in_use),
    F(BOOLEAN, valid), F(INTEGER, size_bytes), F(TEXT, reason),
};
#undef F
static const record index_record = { sizeof(vdb_index), sizeof index_fields / sizeof index_fields[0], index_fields };

static vdb_status show(const cli_call *call, vdb_error *error)
{
    const vdb_index *rows;
    size_t count;
    vdb_status status = vdb_index_show(call->pool, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    output_rows(call, &index_record, rows, count, "strategy available in_use valid index_name size_bytes reason");
    vdb_rows_free(rows);
    return VDB_OK;
}

vdb_status run_index_show(cli_call *call, vdb_error *error)
{
    return show(call, error);
}

vdb_status run_index_use(cli_call *call, vdb_error *error)
{
    const index_values *v = call->values;
    vdb_status status = vdb_index_use(call->pool, v->strategy, error);
    return status == VDB_OK ? show(call, error) : status;
}
