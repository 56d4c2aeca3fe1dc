/* A tenant's change of model: a second generation of embeddings beside the first, then the switch. */
#include "store/reembed.h"
#include "knowledge/pipeline.h"
#include "store/secrets.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    CHUNKS_A_LOOK = 512,
    BETWEEN_TRIES_NS = 500000000,
    PAGE = 8192, /* bytes: a row with a vector fills about a page */
};

typedef struct change {
    vdb_tenant *tenant;
    search_context context; /* of the new provider */
    pipeline *pipeline;
    int64_t done, total;
    vdb_progress progress;
    void *progress_context;
} change;

/* As a search's context is, but of the provider that was named, enabled or not. */
static search_context context_of(const provider_row *row)
{
    return (search_context){
        .provider_uuid = row->provider.provider_uuid,
        .provider_name = row->provider.provider_name,
        .provider_config = row->provider.config,
        .data_key = row->data_key,
        .provider_enabled = true,
    };
}

static vdb_status report(const change *c, vdb_error *error)
{
    if (c->progress == NULL || c->progress(c->progress_context, c->done, c->total))
        return VDB_OK;
    return error_set(error, VDB_USAGE, "Run it again to go on where it was stopped.",
                     "stopped; searches go on as before");
}

/* A pipeline_sink: what came back is kept already. */
static vdb_status count(void *context, const pipeline_batch *batch, vdb_error *error)
{
    change *c = context;
    c->done += (int64_t)batch->count;
    if (c->done > c->total)
        c->total = c->done;
    return report(c, error);
}

static vdb_status add_rows(change *c, const PGresult *rows, vdb_error *error)
{
    for (int i = 0; i < PQntuples(rows); i++) {
        const char *text = arena_copy_string(pipeline_memory(c->pipeline), PQgetvalue(rows, i, 2));
        vdb_status status = text == NULL ? error_memory(error) : pipeline_add(c->pipeline, text, NULL, error);
        if (status != VDB_OK)
            return status;
    }
    return VDB_OK;
}

/* Embeds what the new model has not embedded. */
static vdb_status fill(change *c, const char *model, vdb_error *error)
{
    reembed_place place = reembed_start;
    vdb_status status = pipeline_new(c->tenant, &c->context, count, c, &c->pipeline, error);
    if (status != VDB_OK)
        return status;
    pipeline_keep_all(c->pipeline);
    for (bool more = true; more && status == VDB_OK;) {
        PGresult *rows;
        status = reembed_next(c->tenant, model, &place, CHUNKS_A_LOOK, &rows, error);
        if (status != VDB_OK)
            break;
        more = PQntuples(rows) > 0;
        status = add_rows(c, rows, error);
        PQclear(rows);
    }
    if (status == VDB_OK)
        status = pipeline_finish(c->pipeline, error);
    pipeline_free(c->pipeline);
    c->pipeline = NULL;
    return status;
}

/* The model's name as the chunks will have it. */
static vdb_status find_model(const change *c, char model[101], vdb_error *error)
{
    embedder *e;
    vdb_status status = provider_borrow(c->tenant, &c->context, &e, error);
    if (status != VDB_OK)
        return status;
    snprintf(model, 101, "%s", embedder_model(e));
    provider_release(c->tenant, &c->context, e);
    return VDB_OK;
}

static vdb_status make_plan(const change *c, vdb_reembed_plan *plan, vdb_error *error)
{
    reembed_numbers n;
    *plan = (vdb_reembed_plan){ 0 };
    vdb_status status = find_model(c, plan->embedding_model, error);
    if (status == VDB_OK)
        status = reembed_count(c->tenant, plan->embedding_model, &n, error);
    if (status != VDB_OK)
        return status;
    plan->chunks = n.chunks;
    plan->switched = n.switched;
    plan->missing = n.missing;
    plan->tokens = n.tokens;
    /* What is missing, the rows with their new vectors, and the old vectors, which are kept. */
    plan->disk_bytes = (n.missing + 2 * (n.chunks - n.switched)) * PAGE;
    return VDB_OK;
}

static vdb_status run(change *c, const char *provider_uuid, const vdb_reembed_plan *plan, vdb_error *error)
{
    vdb_status status = VDB_OK;
    c->total = plan->missing;
    for (bool complete = false; status == VDB_OK && !complete;) {
        status = fill(c, plan->embedding_model, error);
        if (status == VDB_OK)
            status = reembed_switch(c->tenant, plan->embedding_model, provider_uuid, &complete, error);
        if (status == VDB_OK && !complete) {
            nanosleep(&(struct timespec){ .tv_nsec = BETWEEN_TRIES_NS }, NULL);
            status = report(c, error);
        }
    }
    return status;
}

static vdb_status reembed(change *c, const char *provider, bool only_plan, vdb_reembed_plan *plan, vdb_error *error)
{
    const vdb_provider *found;
    vdb_reembed_plan local;
    error_clear(error);
    vdb_status status = provider_find(c->tenant, "embeddings", provider, &found, error);
    if (status != VDB_OK)
        return status;
    c->context = context_of((const provider_row *)(const void *)found);
    status = make_plan(c, &local, error);
    if (status == VDB_OK && !only_plan)
        status = run(c, found->provider_uuid, &local, error);
    vdb_rows_free(found);
    if (status == VDB_OK && plan != NULL)
        *plan = local;
    return status;
}

vdb_status vdb_reembed_prepare(vdb_tenant *tenant, const char *provider, vdb_reembed_plan *plan, vdb_error *error)
{
    change c = { .tenant = tenant };
    return reembed(&c, provider, true, plan, error);
}

vdb_status vdb_reembed(vdb_tenant *tenant, const char *provider, vdb_progress progress, void *context,
                       vdb_reembed_plan *plan, vdb_error *error)
{
    change c = { .tenant = tenant, .progress = progress, .progress_context = context };
    return reembed(&c, provider, false, plan, error);
}
