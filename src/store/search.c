#include "store/search.h"

#include "store/chunk_terms.h"
#include "store/search_explain.h"
#include "store/vector.h"

#include <stdlib.h>
#include <string.h>

/*
 * How many candidates the one-bit codes of two-stage search hand to the exact distance: so many for each result asked
 * for, and never fewer than the least. A one-bit code is off by about one degree in 1536 dimensions, and real
 * embeddings crowd within few degrees: docs/search.md shows recall by candidates.
 */
enum { CANDIDATES_A_RESULT = 40, LEAST_CANDIDATES = 400, LARGEST_ARRAY = 1 << 20 };

enum strategy { EXACT, TWO_STAGE, TENANTVEC, HNSW, IVFFLAT, STRATEGIES, ITERATIVE = 16 };
static const char *const strategy_names[STRATEGIES] = { "exact", "two-stage", "tenantvec", "hnsw", "ivfflat" };

vdb_status search_context_get(vdb_tenant *t, const char *voice_secretary_uuid, search_context *context,
                              vdb_error *error)
{
    PGresult *result;
    const request r = REQUEST(SEARCH_CONTEXT, P(voice_secretary_uuid));
    vdb_status status = tenant_run(t, &r, 1, &result, error);
    if (status != VDB_OK)
        return status;
    if (voice_secretary_uuid != NULL && PQgetisnull(result, 0, 0)) {
        PQclear(result);
        return error_set(error, VDB_NOT_FOUND, "Run `voicedb secretary list` to see what there is.",
                         "no secretary \"%s\" in this tenant", voice_secretary_uuid);
    }
    bool provider = !PQgetisnull(result, 0, 2);
    *context = (search_context){
        .result = result,
        .rag_enabled = voice_secretary_uuid == NULL || PQgetvalue(result, 0, 0)[0] == 't',
        .threshold = voice_secretary_uuid == NULL ? -1 : strtod(PQgetvalue(result, 0, 1), NULL),
        .provider_name = provider ? PQgetvalue(result, 0, 2) : NULL,
        .provider_config = provider ? PQgetvalue(result, 0, 3) : NULL,
        .provider_enabled = provider && PQgetvalue(result, 0, 4)[0] == 't',
        .provider_uuid = provider ? PQgetvalue(result, 0, 5) : NULL,
        .data_key = PQgetvalue(result, 0, 6),
    };
    return VDB_OK;
}

/* By the first of these indexes that is there. */
static int best_of(const PGresult *indexes)
{
    static const struct {
        const char *index;
        enum strategy strategy;
    } ways[] = {
        { "idx_chunks_embedding_tenantvec", TENANTVEC },
        { "idx_chunks_embedding_bits", TWO_STAGE },
        { "idx_chunks_embedding_hnsw", HNSW },
        { "idx_chunks_embedding_ivfflat", IVFFLAT },
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        for (int row = 0; row < PQntuples(indexes); row++) {
            if (strcmp(PQgetvalue(indexes, row, 0), ways[i].index) == 0)
                return (int)ways[i].strategy;
        }
    }
    return EXACT;
}

/* Which index there is, asked once a minute: being wrong for so long costs time, never an answer. */
static vdb_status find_strategy(vdb_tenant *t, int *strategy, vdb_error *error)
{
    *strategy = pool_noted(t->pool);
    if (*strategy >= 0)
        return VDB_OK;
    PGresult *result;
    vdb_status status = unscoped_run(t->pool, QUERY_SEARCH_STRATEGY, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    *strategy = best_of(result);
    if (PQntuples(result) > 0 && PQgetvalue(result, 0, 1)[0] == 't')
        *strategy |= ITERATIVE;
    PQclear(result);
    pool_note(t->pool, *strategy);
    return VDB_OK;
}

int search_candidates(int top)
{
    return top * CANDIDATES_A_RESULT > LEAST_CANDIDATES ? top * CANDIDATES_A_RESULT : LEAST_CANDIDATES;
}

/* The parameters that are made for one search, and what holds them. */
typedef struct parameters {
    buffer vector, documents, document_types, keys, near_keys, near_words;
    param of_vector, of_documents, of_document_types, of_keys, of_near_keys, of_near_words;
    number candidates, depth, terms_version;
} parameters;

static param bound_array(bool given, const buffer *b)
{
    return given ? P_BINARY(b->data, b->length) : P(NULL);
}

static bool fill(parameters *p, const chunk_search *search)
{
    buffer_init(&p->vector, VECTOR_BYTES);
    buffer *const arrays[] = { &p->documents, &p->document_types, &p->keys, &p->near_keys, &p->near_words };
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        buffer_init(arrays[i], LARGEST_ARRAY);
    const question_terms *terms = search->terms;
    bool vector = search->embedding != NULL, documents = search->documents != NULL,
         types = search->document_types != NULL;
    bool done = (!vector || vector_append(&p->vector, search->embedding, search->dimensions)) &&
                (!documents || array_of_texts(&p->documents, search->documents)) &&
                (!types || array_of_texts(&p->document_types, search->document_types)) &&
                (terms == NULL || (array_of_integers(&p->keys, terms->keys, terms->words) &&
                                   array_of_integers(&p->near_keys, terms->near_keys, terms->near_count) &&
                                   array_of_integers(&p->near_words, terms->near_words, terms->near_count)));
    p->of_vector = bound_array(vector, &p->vector);
    p->of_documents = bound_array(documents, &p->documents);
    p->of_document_types = bound_array(types, &p->document_types);
    p->of_keys = bound_array(terms != NULL, &p->keys);
    p->of_near_keys = bound_array(terms != NULL, &p->near_keys);
    p->of_near_words = bound_array(terms != NULL, &p->near_words);
    return done;
}

static void release(parameters *p)
{
    buffer *const all[] = { &p->vector, &p->documents, &p->document_types, &p->keys, &p->near_keys, &p->near_words };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        buffer_free(all[i]);
}

/* At most four requests: `nearest` and `worded` are the places of their results, -1 without. */
static vdb_status run_search(vdb_tenant *t, int strategy, const chunk_search *search, parameters *p,
                             PGresult *results[4], int *nearest, int *worded, chunk_finds *finds, vdb_error *error)
{
    request requests[4];
    int count = 0;
    param depth = p_int(&(int64_t){ search->depth }, &p->depth),
          candidates = p_int(&(int64_t){ search_candidates(search->top) }, &p->candidates);
    param model = P(search->embedding_model), secretary = P(search->voice_secretary_uuid),
          metadata = P(search->metadata);
    const request two_stage = REQUEST(SEARCH_TWO_STAGE, p->of_vector, secretary, p->of_documents, p->of_document_types,
                                      model, candidates, depth);
    const request exact =
        REQUEST(SEARCH_EXACT, p->of_vector, model, secretary, p->of_documents, p->of_document_types, metadata, depth);
    const request indexed =
        REQUEST(SEARCH_INDEXED, secretary, p->of_documents, p->of_document_types, p->of_vector, model, metadata, depth);
    param version = p_int(&(int64_t){ TERMS_VERSION }, &p->terms_version);
    const request lexical = REQUEST(SEARCH_LEXICAL, secretary, version, p->of_documents, p->of_document_types, depth,
                                    metadata, p->of_keys, p->of_near_keys, p->of_near_words, model, p->of_vector);
    const request without_terms = REQUEST(SEARCH_WITHOUT_TERMS, version);
    *nearest = *worded = -1;
    if (search->embedding != NULL) {
        if (strategy == (HNSW | ITERATIVE) || strategy == (IVFFLAT | ITERATIVE))
            requests[count++] = (request){ .id = QUERY_SEARCH_ITERATIVE };
        *nearest = count;
        int way = strategy & ~ITERATIVE;
        requests[count++] = way == TWO_STAGE ? two_stage : way == EXACT ? exact : indexed;
    }
    if (search->terms != NULL) {
        *worded = count;
        requests[count++] = lexical;
        requests[count++] = without_terms;
    }
    if (search->explain == VDB_EXPLAIN_NOT && *worded > 0) /* behind those by vector */
        return tenant_run_split(t, requests, (size_t)count, (size_t)*worded, results, error);
    if (search->explain == VDB_EXPLAIN_NOT)
        return tenant_run_all(t, requests, (size_t)count, results, error);
    return search_explained(t, search->explain, requests, (size_t)count, *nearest, *worded, results, finds, error);
}

static vdb_status decode(PGresult *results[4], int nearest, int worded, chunk_finds *finds, vdb_error *error)
{
    vdb_status status = VDB_OK;
    if (nearest >= 0)
        status = record_decode(&nearest_record, results[nearest], (const void **)&finds->nearest, &finds->nearest_count,
                               error);
    if (status == VDB_OK && worded >= 0) {
        status =
            record_decode(&worded_record, results[worded], (const void **)&finds->worded, &finds->worded_count, error);
        finds->without_terms = PQgetvalue(results[worded + 1], 0, 0)[0] == 't';
    }
    return status;
}

vdb_status search_chunks(vdb_tenant *t, const chunk_search *search, chunk_finds *finds, vdb_error *error)
{
    int way = EXACT;
    vdb_status status = VDB_OK;
    *finds = (chunk_finds){ 0 };
    if (search->embedding != NULL)
        status = vector_check(search->embedding, search->dimensions, error);
    if (status == VDB_OK && search->embedding != NULL)
        status = find_strategy(t, &way, error);
    if (status != VDB_OK)
        return status;
    /* The codes' index does not hold the metadata. */
    if (search->metadata != NULL && (way & ~ITERATIVE) == TWO_STAGE)
        way = EXACT;
    parameters p;
    PGresult *results[4] = { NULL };
    int nearest = -1, worded = -1;
    status = fill(&p, search) ? run_search(t, way, search, &p, results, &nearest, &worded, finds, error)
                              : error_set(error, VDB_USAGE, "Name fewer of them.", "the filter is larger than 1 MiB");
    release(&p);
    if (status == VDB_OK)
        status = decode(results, nearest, worded, finds, error);
    for (int i = 0; i < 4; i++)
        PQclear(results[i]);
    if (status != VDB_OK)
        chunk_finds_free(finds);
    finds->strategy = search->embedding == NULL ? "words" : strategy_names[way & ~ITERATIVE];
    return status;
}

void chunk_finds_free(chunk_finds *finds)
{
    vdb_rows_free(finds->nearest);
    vdb_rows_free(finds->worded);
    free(finds->vector_plan);
    free(finds->words_plan);
    *finds = (chunk_finds){ 0 };
}

/* The texts live with the hits. */
static vdb_status join_neighbours(vdb_search_result *result, const PGresult *rows, vdb_error *error)
{
    arena *memory = rows_memory(result->hits);
    vdb_search_hit *hits = (vdb_search_hit *)(uintptr_t)result->hits;
    for (size_t i = 0; i < result->count; i++) {
        for (int row = 0; row < PQntuples(rows); row++) {
            if (strcmp(PQgetvalue(rows, row, 0), hits[i].chunk_uuid) != 0)
                continue;
            bool before = !PQgetisnull(rows, row, 1), after = !PQgetisnull(rows, row, 2);
            hits[i].before = before ? arena_copy_string(memory, PQgetvalue(rows, row, 1)) : NULL;
            hits[i].after = after ? arena_copy_string(memory, PQgetvalue(rows, row, 2)) : NULL;
            if ((before && hits[i].before == NULL) || (after && hits[i].after == NULL))
                return error_memory(error);
        }
    }
    return VDB_OK;
}

vdb_status search_neighbours(vdb_tenant *t, vdb_search_result *result, int reach, vdb_error *error)
{
    const char **uuids = calloc(result->count + 1, sizeof *uuids);
    if (uuids == NULL)
        return error_memory(error);
    for (size_t i = 0; i < result->count; i++)
        uuids[i] = result->hits[i].chunk_uuid;
    buffer array;
    buffer_init(&array, LARGEST_ARRAY);
    number distance;
    PGresult *rows;
    bool made = array_of_texts(&array, uuids);
    const request r =
        REQUEST(SEARCH_NEIGHBOURS, p_int(&(int64_t){ reach }, &distance), P_BINARY(array.data, array.length));
    vdb_status status = made ? tenant_run(t, &r, 1, &rows, error) : error_memory(error);
    buffer_free(&array);
    free(uuids);
    if (status != VDB_OK)
        return status;
    status = join_neighbours(result, rows, error);
    PQclear(rows);
    return status;
}
