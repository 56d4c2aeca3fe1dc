#include "bare.h"

#include "queries.h"
#include "store/search.h"

void bare_prepare(PGconn *pg, const char *name, const char *sql)
{
    PGresult *result = PQprepare(pg, name, sql, 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        die("%s", PQerrorMessage(pg));
    PQclear(result);
}

PGconn *bare_connect(const char *settings, const char *scope)
{
    PGconn *pg = bench_connect(settings);
    bare_prepare(pg, "scope", scope != NULL ? scope : queries[QUERY_TENANT_SCOPE].text);
    bare_prepare(pg, "two_stage", queries[QUERY_SEARCH_TWO_STAGE].text);
    if (!PQenterPipelineMode(pg))
        die("%s", PQerrorMessage(pg));
    return pg;
}

/* Each statement's results end with a NULL; the pipeline ends with a result of its own. */
static PGresult *last_of_two(PGconn *pg)
{
    PGresult *last = NULL;
    for (int ends = 0; ends < 2;) {
        PGresult *next = PQgetResult(pg);
        if (next == NULL) {
            ends++;
            continue;
        }
        PQclear(last);
        last = next;
    }
    PQclear(PQgetResult(pg));
    return last;
}

double bare_search(PGconn *pg, const char *domain, const char wire[WIRE_VECTOR_BYTES], PGresult **result)
{
    char candidates[16];
    snprintf(candidates, sizeof candidates, "%d", search_candidates(5));
    /* Its vector, secretary, documents, types, model, candidates and depth, as the library gives them. */
    const char *values[] = { domain, wire, NULL, NULL, NULL, BENCH_MODEL, candidates, "5" };
    static const int lengths[] = { 0, WIRE_VECTOR_BYTES, 0, 0, 0, 0, 0, 0 }, formats[] = { 0, 1, 0, 0, 0, 0, 0, 0 };
    double started = stopwatch_ms();
    PQsendQueryPrepared(pg, "scope", 1, values, NULL, NULL, 0);
    PQsendQueryPrepared(pg, "two_stage", 8, values, lengths, formats, 0);
    PQpipelineSync(pg);
    *result = last_of_two(pg);
    double took = stopwatch_ms() - started;
    if (PQresultStatus(*result) != PGRES_TUPLES_OK)
        die("%s", PQerrorMessage(pg));
    return took;
}
