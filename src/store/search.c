#include "store/search.h"

#include "store/vector.h"

#include <stdlib.h>
#include <string.h>

/*
 * How many candidates the one-bit codes of two-stage search hand to the exact distance: so many for each result asked
 * for, and never fewer than the least. A one-bit code is off by about one degree in 1536 dimensions, and real
 * embeddings crowd within few degrees: docs/search.md shows recall by candidates.
 */
enum { CANDIDATES_A_RESULT = 40, LEAST_CANDIDATES = 400 };

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
    *strategy = EXACT;
    for (int i = 0; i < STRATEGIES; i++) {
        if (strcmp(PQgetvalue(result, 0, 0), strategy_names[i]) == 0)
            *strategy = i;
    }
    if (PQgetvalue(result, 0, 1)[0] == 't')
        *strategy |= ITERATIVE;
    PQclear(result);
    pool_note(t->pool, *strategy);
    return VDB_OK;
}

int search_candidates(int top)
{
    return top * CANDIDATES_A_RESULT > LEAST_CANDIDATES ? top * CANDIDATES_A_RESULT : LEAST_CANDIDATES;
}

static vdb_status run_search(vdb_tenant *t, int strategy, const chunk_search *search, param vector, PGresult **result,
                             vdb_error *error)
{
    number top, candidates;
    param most = p_int(&(int64_t){ search->top }, &top);
    param model = P(search->embedding_model), secretary = P(search->voice_secretary_uuid);
    bool iterates = strategy == (HNSW | ITERATIVE) || strategy == (IVFFLAT | ITERATIVE);
    const request two_stage = REQUEST(SEARCH_TWO_STAGE, vector, secretary, model,
                                      p_int(&(int64_t){ search_candidates(search->top) }, &candidates), most);
    const request exact[] = { { .id = QUERY_SEARCH_ITERATIVE }, REQUEST(SEARCH_EXACT, vector, model, secretary, most) };
    if ((strategy & ~ITERATIVE) == TWO_STAGE)
        return tenant_run(t, &two_stage, 1, result, error);
    return tenant_run(t, exact + !iterates, 1 + iterates, result, error);
}

vdb_status search_chunks(vdb_tenant *t, const chunk_search *search, const vdb_search_hit **hits, size_t *count,
                         const char **strategy, vdb_error *error)
{
    int way;
    vdb_status status = vector_check(search->embedding, search->dimensions, error);
    if (status == VDB_OK)
        status = find_strategy(t, &way, error);
    if (status != VDB_OK)
        return status;
    buffer vector;
    buffer_init(&vector, VECTOR_BYTES);
    PGresult *result;
    status = vector_append(&vector, search->embedding, search->dimensions)
                 ? run_search(t, way, search, P_BINARY(vector.data, vector.length), &result, error)
                 : error_memory(error);
    buffer_free(&vector);
    if (status != VDB_OK)
        return status;
    status = record_decode(&search_hit_record, result, (const void **)hits, count, error);
    PQclear(result);
    *strategy = strategy_names[way & ~ITERATIVE];
    return status;
}
