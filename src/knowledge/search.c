/* A caller's question: embedded, searched by vector and by words, fused, and held against the secretary's threshold. */
#include "base/buffer.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "knowledge/breaker.h"
#include "knowledge/fuse.h"
#include "knowledge/provider.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_TOP = 5,
    LARGEST_TOP = 1000,
    MOST_NEIGHBOURS = 10,
    LEAST_DEADLINE_MS = 20,
    LARGEST_LEFT_OUT = 2048,
    DEPTH = 40, /* rows of each way that are fused, at least */
    SPARE = 5,  /* rows beyond those asked for, in the place of duplicates */
    FADING = 8, /* a slow search is forgotten by this part of its time with each one after it */
};

void vdb_search_free(vdb_search_result *result)
{
    if (result == NULL)
        return;
    vdb_rows_free(result->hits);
    free((char *)(uintptr_t)result->vector_plan);
    free((char *)(uintptr_t)result->words_plan);
    free((char *)(uintptr_t)result->embedding_model);
    free((char *)(uintptr_t)result->left_out);
    free(result);
}

static bool has_question(const vdb_search_request *r)
{
    return r->question != NULL && r->question[0] != '\0';
}

static vdb_status check_ranges(const vdb_search_request *r, vdb_error *error)
{
    if (r->top < 0 || r->top > LARGEST_TOP)
        return error_set(error, VDB_USAGE, "Give a number from 1 to 1000.", "the number of results %d is out of range",
                         r->top);
    if (r->threshold != NULL && !(*r->threshold >= 0 && *r->threshold <= 1))
        return error_set(error, VDB_USAGE, "Give a number from 0 to 1.", "the similarity threshold is out of range");
    if (r->neighbours < 0 || r->neighbours > MOST_NEIGHBOURS)
        return error_set(error, VDB_USAGE, "Give a number from 0 to 10.", "the number of neighbours %d is out of range",
                         r->neighbours);
    if (r->deadline_ms != 0 && r->deadline_ms < LEAST_DEADLINE_MS)
        return error_set(error, VDB_USAGE, "Give 20 ms or more.", "the deadline of %d ms is too short", r->deadline_ms);
    return VDB_OK;
}

static vdb_status check_filters(const vdb_search_request *r, vdb_error *error)
{
    const char *const *const lists[] = { r->documents, r->document_types };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        for (const char *const *text = lists[i]; text != NULL && *text != NULL; text++) {
            if (!text_is_utf8(*text, strlen(*text)))
                return error_set(error, VDB_BAD_INPUT, "Give UTF-8.", "a filter is not UTF-8");
        }
    }
    if (r->metadata == NULL)
        return VDB_OK;
    json_t *object = json_parse_object(r->metadata, "the filter on metadata", error);
    json_decref(object);
    return object == NULL ? VDB_BAD_INPUT : VDB_OK;
}

static vdb_status check_request(const vdb_search_request *r, vdb_error *error)
{
    bool words = r->mode == VDB_SEARCH_LEXICAL || r->mode == VDB_SEARCH_HYBRID;
    if ((r->embedding == NULL || words) && !has_question(r))
        return error_set(error, VDB_BAD_INPUT, "Give a question.", "the question is missing or empty");
    if (has_question(r) && !text_is_utf8(r->question, strlen(r->question)))
        return error_set(error, VDB_BAD_INPUT, "Give UTF-8.", "the question is not UTF-8");
    if (r->embedding != NULL && r->embedding_model == NULL)
        return error_set(error, VDB_USAGE, "Give the model that made the embedding.", "the embedding model is missing");
    vdb_status status = check_ranges(r, error);
    return status == VDB_OK ? check_filters(r, error) : status;
}

/* What one search works with. */
typedef struct job {
    vdb_tenant *tenant;
    const vdb_search_request *request;
    double started;
    search_context context; /* result NULL: none was needed */
    const char *secretary_uuid;
    bool by_vector, by_words;
    question_terms terms;
    const float *embedding; /* NULL: there is none */
    float *vector;          /* what was made for it */
    int dimensions;
    buffer left_out;
    vdb_search_result *result;
} job;

static vdb_status set_model(job *j, const char *model, vdb_error *error)
{
    free((char *)(uintptr_t)j->result->embedding_model);
    j->result->embedding_model = strdup(model);
    return j->result->embedding_model == NULL ? error_memory(error) : VDB_OK;
}

static void leave_out(job *j, const char *what)
{
    buffer_printf(&j->left_out, j->left_out.length == 0 ? "%s" : "; %s", what);
}

/* ---- the question's words ---------------------------------------------------------------------------------------- */

static vdb_status read_words(job *j, vdb_error *error)
{
    word_reader *reader = word_reader_new();
    bool read =
        reader != NULL && question_terms_read(reader, j->request->question, strlen(j->request->question), &j->terms);
    word_reader_free(reader);
    if (!read)
        return error_memory(error);
    if (j->terms.words > 0)
        return VDB_OK;
    if (!j->by_vector)
        return error_set(error, VDB_BAD_INPUT, "Ask with a word that says what it is about.",
                         "the question has no word to search by");
    leave_out(j, "words: the question has none to search by");
    j->by_words = false;
    return VDB_OK;
}

static vdb_status choose_ways(job *j, vdb_error *error)
{
    vdb_search_mode mode = j->request->mode;
    if (mode == VDB_SEARCH_AUTO)
        mode = has_question(j->request) ? VDB_SEARCH_HYBRID : VDB_SEARCH_VECTOR;
    j->by_vector = mode != VDB_SEARCH_LEXICAL;
    j->by_words = mode != VDB_SEARCH_VECTOR;
    return j->by_words ? read_words(j, error) : VDB_OK;
}

/* ---- the question's embedding ------------------------------------------------------------------------------------ */

/* Milliseconds of the deadline that are kept for the search itself: half as long again as the tenant's last ones took,
 * a fifth of the deadline at least, and half of it at most or when nothing is known. */
static int reserve_of(const job *j)
{
    int least = j->request->deadline_ms / 5, most = j->request->deadline_ms / 2;
    int lately = atomic_load(&j->tenant->search_ms);
    if (lately == 0 || lately > most / 3 * 2)
        return most;
    return lately * 3 / 2 > least ? lately * 3 / 2 : least;
}

static void note_search(const job *j, double took_ms)
{
    int lately = atomic_load(&j->tenant->search_ms), took = (int)took_ms + 1;
    lately -= lately / FADING;
    atomic_store(&j->tenant->search_ms, took > lately ? took : lately);
}

/* Milliseconds that embedding may take: 0 without a deadline, below 0 when there is no time left for it. */
static int time_to_embed(const job *j)
{
    if (j->request->deadline_ms == 0)
        return 0;
    int left = j->request->deadline_ms - reserve_of(j) - (int)(clock_ms() - j->started);
    return left > 0 ? left : -1;
}

static bool is_providers(vdb_status failure)
{
    return failure == VDB_PROVIDER || failure == VDB_BAD_INPUT;
}

static vdb_status left_alone(double wait_ms, vdb_error *error)
{
    return error_set(error, VDB_PROVIDER, "Run `voicedb provider test` to see what it answers.",
                     "the embeddings provider failed the last questions and is asked again in %.0f s", wait_ms / 1000);
}

static vdb_status ask_provider(job *j, embedder *e, vdb_error *error)
{
    int limit = time_to_embed(j);
    if (limit < 0)
        return error_set(error, VDB_PROVIDER, "Give a longer deadline.",
                         "no time was left for the embeddings provider");
    bool remote = embedder_is_remote(e);
    const breaker_key provider = { j->context.provider_uuid, j->context.provider_config };
    double patience = limit == 0 ? (double)INFINITY : limit, asked = clock_ms(), wait_ms;
    if (remote && !provider_allowed(j->tenant->pool, provider, patience, &wait_ms))
        return left_alone(wait_ms, error);
    embedder_limit(e, limit);
    vdb_status status = embed_texts(e, EMBED_QUERY, &j->request->question, 1, j->vector, &j->dimensions, error);
    embedder_limit(e, 0);
    if (remote && (status == VDB_OK || is_providers(status)))
        provider_told(j->tenant->pool, provider, status == VDB_OK, patience, clock_ms() - asked);
    return status;
}

static vdb_status embed_with(job *j, embedder *e, vdb_error *error)
{
    const char *question = j->request->question;
    bool remote = embedder_is_remote(e);
    vdb_status status = VDB_OK;
    j->result->embedded = "remembered";
    if (!remote || !provider_recall(j->tenant, &j->context, question, j->vector, &j->dimensions)) {
        status = ask_provider(j, e, error);
        j->result->embedded = "provider";
        if (status == VDB_OK && remote)
            provider_remember(j->tenant, &j->context, question, j->vector, j->dimensions);
    }
    j->embedding = j->vector;
    return status == VDB_OK ? set_model(j, embedder_model(e), error) : status;
}

/* Who gave a deadline gets an answer by it: by the question's words, where its embedding cannot be had. */
static vdb_status do_without(job *j, vdb_status status, vdb_error *error)
{
    if (!is_providers(status) || j->request->deadline_ms == 0 || !j->by_words)
        return status;
    buffer_printf(&j->left_out, j->left_out.length == 0 ? "%s%s" : "; %s%s",
                  "vectors: ", error == NULL ? "the embeddings provider failed" : error->message);
    error_clear(error);
    j->by_vector = false;
    j->embedding = NULL;
    j->result->embedded = "no";
    return set_model(j, "", error);
}

static vdb_status embed_question(job *j, vdb_error *error)
{
    const vdb_search_request *r = j->request;
    j->result->embedded = r->embedding != NULL && j->by_vector ? "given" : "no";
    if (!j->by_vector)
        return set_model(j, "", error);
    if (r->embedding != NULL) {
        j->embedding = r->embedding;
        j->dimensions = r->dimensions;
        return set_model(j, r->embedding_model, error);
    }
    double started = clock_ms();
    embedder *e;
    vdb_status status = provider_borrow(j->tenant, &j->context, &e, error);
    if (status != VDB_OK)
        return status;
    j->vector = j->vector != NULL ? j->vector : calloc(VDB_DIMENSIONS, sizeof *j->vector);
    status = j->vector == NULL ? error_memory(error) : embed_with(j, e, error);
    provider_release(j->tenant, &j->context, e);
    j->result->embed_ms += clock_ms() - started;
    return do_without(j, status, error);
}

/* ---- the search -------------------------------------------------------------------------------------------------- */

static double threshold_of(const job *j)
{
    if (j->request->threshold != NULL)
        return *j->request->threshold;
    return j->context.result == NULL ? -1 : j->context.threshold;
}

static int top_of(const job *j)
{
    return j->request->top == 0 ? DEFAULT_TOP : j->request->top;
}

static int depth_of(const job *j)
{
    int top = top_of(j), spare = j->request->keep_duplicates ? 0 : SPARE;
    if (!j->by_vector || !j->by_words)
        return top + spare;
    return 2 * top > DEPTH ? 2 * top : DEPTH;
}

static vdb_status find(job *j, chunk_finds *finds, vdb_error *error)
{
    const vdb_search_request *r = j->request;
    const chunk_search search = {
        .embedding = j->embedding,
        .dimensions = j->dimensions,
        .embedding_model = j->result->embedding_model,
        .terms = j->by_words ? &j->terms : NULL,
        .voice_secretary_uuid = j->secretary_uuid,
        .documents = r->documents,
        .document_types = r->document_types,
        .metadata = r->metadata,
        .top = top_of(j),
        .depth = depth_of(j),
        .explain = r->explain,
    };
    return search_chunks(j->tenant, &search, finds, error);
}

static bool is_same_provider(const search_context *a, const search_context *b)
{
    return a->provider_uuid != NULL && b->provider_uuid != NULL && strcmp(a->provider_uuid, b->provider_uuid) == 0 &&
           strcmp(a->provider_config, b->provider_config) == 0;
}

/* Nothing lies near the question when the tenant has changed its model since: then its passages have the new one's
 * vectors, and so must the question. */
static vdb_status find_again(job *j, chunk_finds *finds, vdb_error *error)
{
    search_context now;
    vdb_status status = search_context_get(j->tenant, j->secretary_uuid, &now, error);
    if (status != VDB_OK || is_same_provider(&j->context, &now)) {
        if (status == VDB_OK)
            PQclear(now.result);
        return status;
    }
    PQclear(j->context.result);
    j->context = now;
    status = embed_question(j, error);
    if (status != VDB_OK)
        return status;
    chunk_finds_free(finds);
    return find(j, finds, error);
}

static vdb_status find_now(job *j, chunk_finds *finds, vdb_error *error)
{
    vdb_status status = find(j, finds, error);
    bool by_provider = j->by_vector && j->request->embedding == NULL;
    if (status == VDB_OK && by_provider && finds->nearest_count == 0)
        status = find_again(j, finds, error);
    if (status != VDB_OK)
        chunk_finds_free(finds);
    return status;
}

static void take_plans(job *j, chunk_finds *finds)
{
    j->result->vector_plan = finds->vector_plan;
    j->result->words_plan = finds->words_plan;
    finds->vector_plan = finds->words_plan = NULL;
}

static vdb_status search_and_fuse(job *j, vdb_error *error)
{
    double started = clock_ms(), embedded = j->result->embed_ms, explained;
    chunk_finds finds;
    vdb_status status = find_now(j, &finds, error);
    if (status != VDB_OK)
        return status;
    const fuse_options options = { .top = (size_t)top_of(j),
                                   .threshold = threshold_of(j),
                                   .keep_duplicates = j->request->keep_duplicates };
    if (!fuse(&finds, &options, j->result))
        status = error_memory(error);
    j->result->strategy = finds.strategy;
    j->result->mode = j->by_vector && j->by_words ? "hybrid" : j->by_vector ? "vector" : "lexical";
    if (finds.without_terms)
        leave_out(j, "words of some documents: run `voicedb document index`");
    if (finds.unexplained)
        leave_out(j, "the plans: behind this pooler prepared statements cannot be named");
    take_plans(j, &finds);
    explained = finds.explain_ms;
    chunk_finds_free(&finds);
    if (status == VDB_OK && j->request->neighbours > 0)
        status = search_neighbours(j->tenant, j->result, j->request->neighbours, error);
    j->result->search_ms = clock_ms() - started - explained - (j->result->embed_ms - embedded);
    note_search(j, j->result->search_ms);
    return status;
}

static vdb_status finish(job *j, vdb_error *error)
{
    if (j->left_out.failed)
        return error_memory(error);
    j->result->left_out = j->left_out.data; /* the buffer hands it over */
    buffer_init(&j->left_out, 0);
    return VDB_OK;
}

static vdb_status run(job *j, vdb_error *error)
{
    bool embeds = j->by_vector && j->request->embedding == NULL;
    vdb_status status = VDB_OK;
    if (embeds || j->secretary_uuid != NULL)
        status = search_context_get(j->tenant, j->secretary_uuid, &j->context, error);
    if (status != VDB_OK)
        return status;
    if (j->context.result != NULL && !j->context.rag_enabled) {
        j->result->strategy = j->result->mode = j->result->verdict = "off";
        j->result->embedded = "no";
        return set_model(j, "", error);
    }
    status = embed_question(j, error);
    if (status == VDB_OK)
        status = search_and_fuse(j, error);
    return status == VDB_OK ? finish(j, error) : status;
}

vdb_status vdb_search(vdb_tenant *tenant, const vdb_search_request *asked, vdb_search_result **result, vdb_error *error)
{
    char room[37];
    vdb_error local = { 0 };
    error = error == NULL ? &local : error;
    job j = { .tenant = tenant, .request = asked, .started = clock_ms(), .secretary_uuid = asked->secretary };
    buffer_init(&j.left_out, LARGEST_LEFT_OUT);
    error_clear(error);
    vdb_status status = check_request(asked, error);
    if (status == VDB_OK)
        status = choose_ways(&j, error);
    /* A UUID needs no look-up of its own: the context finds the secretary, or not. */
    if (status == VDB_OK && (asked->secretary == NULL || !text_is_uuid(asked->secretary)))
        status = secretary_resolve(tenant, asked->secretary, room, &j.secretary_uuid, error);
    if (status == VDB_OK) {
        j.result = calloc(1, sizeof *j.result);
        status = j.result == NULL ? error_memory(error) : run(&j, error);
    }
    PQclear(j.context.result);
    free(j.vector);
    buffer_free(&j.left_out);
    if (status != VDB_OK) {
        vdb_search_free(j.result);
        return status;
    }
    j.result->total_ms = clock_ms() - j.started;
    *result = j.result;
    return VDB_OK;
}
