/* `document reembed`: a tenant's change of model. */
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/values.h"

static void print_json(const vdb_reembed_plan *plan)
{
    json_writer w = json_writer_on(stdout);
    json_open(&w, NULL, '{');
    json_text(&w, "embedding_model", plan->embedding_model);
    json_integer_member(&w, "chunks", plan->chunks);
    json_integer_member(&w, "switched", plan->switched);
    json_integer_member(&w, "missing", plan->missing);
    json_integer_member(&w, "tokens", plan->tokens);
    json_integer_member(&w, "disk_bytes", plan->disk_bytes);
    json_close(&w, '}');
}

static void print_plan(const cli_call *call, const vdb_reembed_plan *plan)
{
    output_note(call,
                "%lld passages, %lld of them to change to %s; %lld to embed, about %lld tokens; the database grows by "
                "at most %lld MB",
                (long long)plan->chunks, (long long)(plan->chunks - plan->switched), plan->embedding_model,
                (long long)plan->missing, (long long)plan->tokens, (long long)(plan->disk_bytes >> 20));
}

static vdb_status change(cli_call *call, vdb_error *error)
{
    const document_values *v = call->values;
    vdb_reembed_plan plan;
    progress bar;
    vdb_status status = vdb_reembed_prepare(call->tenant, v->provider, &plan, error);
    if (status != VDB_OK)
        return status;
    print_plan(call, &plan);
    if (v->dry_run == NULL) {
        interrupt_watch();
        progress_begin(&bar, "embedding", call->json);
        status = vdb_reembed(call->tenant, v->provider, progress_step, &bar, NULL, error);
        progress_end(&bar);
    }
    if (status == VDB_OK && call->json)
        print_json(&plan);
    else if (status == VDB_OK && v->dry_run == NULL)
        printf("%lld passages have embeddings of %s\n", (long long)plan.chunks, plan.embedding_model);
    return status;
}

static vdb_status discard(cli_call *call, vdb_error *error)
{
    int64_t count;
    vdb_status status = vdb_reembed_discard(call->tenant, &count, error);
    if (status != VDB_OK)
        return status;
    if (!call->json) {
        printf("%lld embeddings dropped\n", (long long)count);
        return VDB_OK;
    }
    json_writer w = json_writer_on(stdout);
    json_open(&w, NULL, '{');
    json_integer_member(&w, "discarded", count);
    json_close(&w, '}');
    return VDB_OK;
}

vdb_status run_document_reembed(cli_call *call, vdb_error *error)
{
    const document_values *v = call->values;
    if ((v->provider == NULL) == (v->discard == NULL))
        return error_set(error, VDB_USAGE, "Write --provider PROVIDER, or --discard.",
                         "the command needs either a provider or --discard");
    if (v->discard != NULL && v->dry_run != NULL)
        return error_set(error, VDB_USAGE, "Leave one of them out.", "--dry-run and --discard do not go together");
    return v->discard != NULL ? discard(call, error) : change(call, error);
}
