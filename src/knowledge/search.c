/* A caller's question: embedded, searched, and held against the secretary's threshold. */
#include "base/clock.h"
#include "base/text.h"
#include "knowledge/provider.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_TOP = 5, LARGEST_TOP = 1000 };

void vdb_search_free(vdb_search_result *result)
{
    if (result == NULL)
        return;
    vdb_rows_free(result->hits);
    free((char *)(uintptr_t)result->embedding_model);
    free(result);
}

static vdb_status check_request(const vdb_search_request *r, vdb_error *error)
{
    bool question = r->question != NULL && r->question[0] != '\0';
    if (r->embedding == NULL && !question)
        return error_set(error, VDB_BAD_INPUT, "Give a question.", "the question is missing or empty");
    if (r->embedding == NULL && !text_is_utf8(r->question, strlen(r->question)))
        return error_set(error, VDB_BAD_INPUT, "Give UTF-8.", "the question is not UTF-8");
    if (r->embedding != NULL && r->embedding_model == NULL)
        return error_set(error, VDB_USAGE, "Give the model that made the embedding.", "the embedding model is missing");
    if (r->top < 0 || r->top > LARGEST_TOP)
        return error_set(error, VDB_USAGE, "Give a number from 1 to 1000.", "the number of results %d is out of range",
                         r->top);
    if (r->threshold != NULL && !(*r->threshold >= 0 && *r->threshold <= 1))
        return error_set(error, VDB_USAGE, "Give a number from 0 to 1.", "the similarity threshold is out of range");
    return VDB_OK;
}

/* What one search works with. */
typedef struct job {
    vdb_tenant *tenant;
    const vdb_search_request *request;
    search_context context; /* result NULL: none was needed */
    const char *secretary_uuid;
    float *vector; /* of the question; NULL: the request has one */
    int dimensions;
    vdb_search_result *result;
} job;

static vdb_status set_model(job *j, const char *model, vdb_error *error)
{
    j->result->embedding_model = strdup(model);
    return j->result->embedding_model == NULL ? error_memory(error) : VDB_OK;
}

static vdb_status embed_question(job *j, vdb_error *error)
{
    if (j->request->embedding != NULL) {
        j->dimensions = j->request->dimensions;
        return set_model(j, j->request->embedding_model, error);
    }
    double started = clock_ms();
    embedder *e;
    vdb_status status = provider_borrow(j->tenant, &j->context, &e, error);
    if (status != VDB_OK)
        return status;
    j->vector = calloc(VDB_DIMENSIONS, sizeof *j->vector);
    status = j->vector == NULL
                 ? error_memory(error)
                 : embed_texts(e, EMBED_QUERY, &j->request->question, 1, j->vector, &j->dimensions, error);
    if (status == VDB_OK)
        status = set_model(j, embedder_model(e), error);
    provider_release(j->tenant, &j->context, e);
    j->result->embed_ms = clock_ms() - started;
    return status;
}

static double threshold_of(const job *j)
{
    if (j->request->threshold != NULL)
        return *j->request->threshold;
    return j->context.result == NULL ? -1 : j->context.threshold;
}

static void cut_below(vdb_search_result *result, double threshold)
{
    size_t kept = 0;
    while (kept < result->count && result->hits[kept].similarity >= threshold)
        kept++;
    result->below_threshold = result->count - kept;
    result->best_below_threshold = result->below_threshold > 0 ? result->hits[kept].similarity : 0;
    result->count = kept;
}

static vdb_status search_by_vector(job *j, vdb_error *error)
{
    double started = clock_ms();
    const chunk_search search = {
        .embedding = j->vector == NULL ? j->request->embedding : j->vector,
        .dimensions = j->dimensions,
        .embedding_model = j->result->embedding_model,
        .voice_secretary_uuid = j->secretary_uuid,
        .top = j->request->top == 0 ? DEFAULT_TOP : j->request->top,
    };
    vdb_status status =
        search_chunks(j->tenant, &search, &j->result->hits, &j->result->count, &j->result->strategy, error);
    if (status != VDB_OK)
        return status;
    j->result->search_ms = clock_ms() - started;
    cut_below(j->result, threshold_of(j));
    return VDB_OK;
}

static vdb_status run(job *j, vdb_error *error)
{
    vdb_status status = VDB_OK;
    if (j->request->embedding == NULL || j->secretary_uuid != NULL)
        status = search_context_get(j->tenant, j->secretary_uuid, &j->context, error);
    if (status != VDB_OK)
        return status;
    if (j->context.result != NULL && !j->context.rag_enabled) {
        j->result->strategy = "off";
        return set_model(j, "", error);
    }
    status = embed_question(j, error);
    return status == VDB_OK ? search_by_vector(j, error) : status;
}

vdb_status vdb_search(vdb_tenant *tenant, const vdb_search_request *asked, vdb_search_result **result, vdb_error *error)
{
    char room[37];
    job j = { .tenant = tenant, .request = asked, .secretary_uuid = asked->secretary };
    error_clear(error);
    vdb_status status = check_request(asked, error);
    /* A UUID needs no look-up of its own: the context finds the secretary, or not. */
    if (status == VDB_OK && (asked->secretary == NULL || !text_is_uuid(asked->secretary)))
        status = secretary_resolve(tenant, asked->secretary, room, &j.secretary_uuid, error);
    if (status != VDB_OK)
        return status;
    j.result = calloc(1, sizeof *j.result);
    status = j.result == NULL ? error_memory(error) : run(&j, error);
    PQclear(j.context.result);
    free(j.vector);
    if (status != VDB_OK) {
        vdb_search_free(j.result);
        return status;
    }
    *result = j.result;
    return VDB_OK;
}
