#include "cli/display.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/values.h"
#include "store/records.h"

#include <inttypes.h>
#include <string.h>

static const char *const outcomes[] = {
    [VDB_DOCUMENT_ADDED] = "added",
    [VDB_DOCUMENT_REPLACED] = "replaced",
    [VDB_DOCUMENT_UNCHANGED] = "unchanged",
};

/* The state of one `document add`. */
typedef struct adding {
    cli_call *call;
    json_writer json;
    size_t counts[3]; /* by outcome */
    size_t failed;
    vdb_error first; /* the first failure */
} adding;

static void print_added(adding *a, const char *path, const vdb_document_added *added)
{
    if (!a->call->json) {
        const char *name = display_clean(a->call->memory, path, false);
        printf("%-9s  %6lld passage%s  %s  %s\n", outcomes[added->outcome], (long long)added->chunk_count,
               added->chunk_count == 1 ? " " : "s", added->document_uuid, name == NULL ? "" : name);
        fflush(stdout);
        return;
    }
    json_open(&a->json, NULL, '{');
    json_text(&a->json, "file", path);
    json_text(&a->json, "outcome", outcomes[added->outcome]);
    json_text(&a->json, "document_uuid", added->document_uuid);
    json_integer_member(&a->json, "chunk_count", added->chunk_count);
    json_text(&a->json, "embedding_model", added->embedding_model);
    json_close(&a->json, '}');
}

static void print_failed(adding *a, const char *path, const vdb_error *error)
{
    if (!a->call->json) {
        const document_values *v = a->call->values;
        bool told = v->files[1] == NULL || strstr(error->message, path) != NULL;
        output_error(false, told ? NULL : display_clean(a->call->memory, path, false), error);
        return;
    }
    json_open(&a->json, NULL, '{');
    json_text(&a->json, "file", path);
    json_text(&a->json, "outcome", "failed");
    json_open(&a->json, "error", '{');
    output_error_members(&a->json, error);
    json_close(&a->json, '}');
    json_close(&a->json, '}');
}

static vdb_status add_file(adding *a, const char *path, vdb_error *error)
{
    const document_values *v = a->call->values;
    vdb_document_file file = {
        .path = path,
        .document_name = v->name,
        .secretary = v->secretary,
        .max_bytes = v->max_bytes == NULL ? 0 : *v->max_bytes,
        .chunk_tokens = v->chunk_tokens == NULL ? 0 : *v->chunk_tokens,
        .overlap_tokens = v->overlap_tokens == NULL ? 0 : *v->overlap_tokens,
    };
    progress bar;
    vdb_document_added added;
    progress_begin(&bar, display_clean(a->call->memory, path, false), a->call->json);
    vdb_status status = vdb_document_add_file(a->call->tenant, &file, progress_step, &bar, &added, error);
    progress_end(&bar);
    if (status == VDB_OK) {
        a->counts[added.outcome]++;
        print_added(a, path, &added);
    }
    return status;
}

/* What fails whatever the file is: there is no use in trying the others. */
static bool ends_all(vdb_status status)
{
    return interrupt_came() || status == VDB_UNREACHABLE || status == VDB_SCHEMA;
}

static void add_files(adding *a)
{
    const document_values *v = a->call->values;
    for (const char *const *path = v->files; *path != NULL; path++) {
        vdb_error error;
        error_clear(&error);
        vdb_status status = interrupt_came() ? VDB_USAGE : add_file(a, *path, &error);
        if (status == VDB_OK)
            continue;
        if (interrupt_came())
            error_set(&error, VDB_USAGE, "Run the same command again to finish.", "interrupted");
        if (a->failed++ == 0)
            a->first = error;
        print_failed(a, *path, &error);
        if (ends_all(status))
            return;
    }
}

static vdb_status check_names(const document_values *v, vdb_error *error)
{
    bool several = v->files[1] != NULL;
    if (several && v->name != NULL)
        return error_set(error, VDB_USAGE, "Add the files one by one, or leave --name out.",
                         "--name cannot name several files");
    for (const char *const *path = v->files; *path != NULL; path++) {
        if (strcmp(*path, "-") == 0 && v->name == NULL)
            return error_set(error, VDB_USAGE, "Write --name NAME.", "a document from standard input needs a name");
    }
    return VDB_OK;
}

vdb_status run_document_add(cli_call *call, vdb_error *error)
{
    const document_values *v = call->values;
    vdb_status status = check_names(v, error);
    if (status != VDB_OK)
        return status;
    adding a = { .call = call, .json = json_writer_on(stdout) };
    interrupt_watch();
    if (call->json)
        json_open(&a.json, NULL, '[');
    add_files(&a);
    if (call->json)
        json_close(&a.json, ']');
    if (v->files[1] != NULL)
        output_note(call, "%zu added, %zu replaced, %zu unchanged, %zu failed", a.counts[VDB_DOCUMENT_ADDED],
                    a.counts[VDB_DOCUMENT_REPLACED], a.counts[VDB_DOCUMENT_UNCHANGED], a.failed);
    if (a.failed == 0)
        return VDB_OK;
    *error = a.first;
    call->reported = !call->json;
    return error->status;
}

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
