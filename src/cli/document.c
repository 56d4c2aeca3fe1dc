#include "cli/output.h"
#include "cli/progress.h"
#include "cli/values.h"
#include "store/records.h"

#include <inttypes.h>

vdb_status run_document_list(cli_call *call, vdb_error *error)
{
    const vdb_document *rows;
    size_t count;
    vdb_status status = vdb_document_list(call->tenant, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    output_rows(
        call, &document_record, rows, count,
        "document_name processing_status enabled chunk_count file_size embedding_model updated_at document_uuid");
    vdb_rows_free(rows);
    return VDB_OK;
}

static void print_chunks(const cli_call *call, const vdb_document *row, const vdb_chunk *chunks, size_t count)
{
    if (!call->json) {
        output_pairs(call, &document_record, row);
        putchar('\n');
        output_table(call, &chunk_record, chunks, count, "chunk_index token_count content");
        return;
    }
    json_writer w = json_writer_on(stdout);
    json_open(&w, NULL, '{');
    output_members(&w, &document_record, row);
    output_array(&w, "chunks", &chunk_record, chunks, count);
    json_close(&w, '}');
}

vdb_status run_document_show(cli_call *call, vdb_error *error)
{
    const document_values *v = call->values;
    const vdb_document *row;
    vdb_status status = vdb_document_get(call->tenant, v->document, &row, error);
    if (status != VDB_OK)
        return status;
    if (v->chunks == NULL) {
        output_row(call, &document_record, row);
    } else {
        const vdb_chunk *chunks;
        size_t count;
        status = vdb_chunk_list(call->tenant, row->document_uuid, &chunks, &count, error);
        if (status == VDB_OK) {
            print_chunks(call, row, chunks, count);
            vdb_rows_free(chunks);
        }
    }
    vdb_rows_free(row);
    return status;
}

typedef vdb_status (*change)(vdb_tenant *tenant, const char *document_uuid, vdb_error *error);

static vdb_status enable(vdb_tenant *tenant, const char *document_uuid, vdb_error *error)
{
    return vdb_document_enable(tenant, document_uuid, true, error);
}

static vdb_status disable(vdb_tenant *tenant, const char *document_uuid, vdb_error *error)
{
    return vdb_document_enable(tenant, document_uuid, false, error);
}

/* Does something to the document that is named by UUID or name. */
static vdb_status apply(const cli_call *call, change what, vdb_error *error)
{
    const document_values *v = call->values;
    const vdb_document *row;
    vdb_status status = vdb_document_get(call->tenant, v->document, &row, error);
    if (status != VDB_OK)
        return status;
    status = what(call->tenant, row->document_uuid, error);
    if (status == VDB_OK)
        output_uuid(call, "document_uuid", row->document_uuid);
    vdb_rows_free(row);
    return status;
}

vdb_status run_document_remove(cli_call *call, vdb_error *error)
{
    return apply(call, vdb_document_remove, error);
}

vdb_status run_document_enable(cli_call *call, vdb_error *error)
{
    return apply(call, enable, error);
}

vdb_status run_document_disable(cli_call *call, vdb_error *error)
{
    return apply(call, disable, error);
}

vdb_status run_document_index(cli_call *call, vdb_error *error)
{
    progress bar;
    int64_t chunks;
    progress_begin(&bar, "index", call->json);
    interrupt_watch();
    vdb_status status = vdb_document_index(call->tenant, progress_step, &bar, &chunks, error);
    progress_end(&bar);
    if (status != VDB_OK)
        return status;
    if (call->json) {
        json_writer w = json_writer_on(stdout);
        json_open(&w, NULL, '{');
        json_integer_member(&w, "chunk_count", chunks);
        json_close(&w, '}');
    }
    output_note(call, "%" PRId64 " passage%s made findable by words", chunks, chunks == 1 ? "" : "s");
    return VDB_OK;
}
