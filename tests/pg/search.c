/* Search against brute force, against the specification's own SQL, and what it leaves out. */
#include "fixture.h"
#include "spec.h"

#include <math.h>
#include <unistd.h>

enum { WIDTH = VDB_DIMENSIONS };

/* ---- brute force ---------------------------------------------------------------------------------------------------
 */

static double cosine(const float *a, const float *b, int dimensions)
{
    double dot = 0, aa = 0, bb = 0;
    for (int i = 0; i < dimensions; i++) {
        dot += (double)a[i] * b[i];
        aa += (double)a[i] * a[i];
        bb += (double)b[i] * b[i];
    }
    return dot / sqrt(aa * bb);
}

static int descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Vectors of one document, in the order of its chunks, which are called "NAME 0", "NAME 1", … */
typedef struct set {
    const char *name;
    float *vectors;
    size_t count;
    int dimensions;
} set;

static set make_set(const char *name, size_t count, int dimensions, uint64_t seed)
{
    set s = { name, calloc(count * (size_t)dimensions, sizeof(float)), count, dimensions };
    random_vectors(s.vectors, count * (size_t)dimensions, seed);
    return s;
}

static float *vector_of(const set *s, size_t i)
{
    return s->vectors + i * (size_t)s->dimensions;
}

static vdb_search_result *search(vdb_tenant *t, const float *question, int dimensions, int top)
{
    vdb_search_result *result;
    const vdb_search_request request = {
        .embedding = question, .dimensions = dimensions, .embedding_model = "test", .top = top
    };
    ok(vdb_search(t, &request, &result, &failure));
    return result;
}

/* Each hit is of the set, has its true similarity, is the i-th best, and comes once. */
static void assert_right(const vdb_search_result *result, const set *s, const float *question, int top)
{
    double *best = calloc(s->count, sizeof *best);
    bool *seen = calloc(s->count, sizeof *seen);
    for (size_t i = 0; i < s->count; i++)
        best[i] = cosine(question, vector_of(s, i), s->dimensions);
    double *sorted = calloc(s->count, sizeof *sorted);
    memcpy(sorted, best, s->count * sizeof *sorted);
    qsort(sorted, s->count, sizeof *sorted, descending);
    assert_int_equal(result->count, (size_t)top < s->count ? (size_t)top : s->count);
    assert_int_equal(result->below_threshold, 0);
    for (size_t i = 0; i < result->count; i++) {
        const vdb_search_hit *hit = &result->hits[i];
        size_t place = strtoul(hit->content + strlen(s->name), NULL, 10);
        assert_string_equal(hit->document_name, s->name);
        assert_int_equal(hit->chunk_index, place);
        assert_string_equal(hit->content, text("%s %zu", s->name, place));
        if (place >= s->count || seen[place] || fabs(hit->similarity - best[place]) > 1e-5 ||
            fabs(hit->similarity - sorted[i]) > 1e-5)
            fail_msg("hit %zu of %zu is chunk %zu with %f; it has %f, and the right one %f", i, result->count, place,
                     hit->similarity, best[place], sorted[i]);
        seen[place] = true;
    }
    free(best);
    free(seen);
    free(sorted);
}

static void use(const char *strategy)
{
    ok(vdb_index_use(pool, strategy, &failure));
}

static void empty_tables(void)
{
    sql("TRUNCATE v_voice_documents CASCADE");
}

/* ---- right answers
 * --------------------------------------------------------------------------------------------------- */

/* The nearest ones may be missed, but what comes is the tenant's, has its true similarity, once, best first. */
static void assert_honest(const vdb_search_result *result, const set *s, const float *question)
{
    bool *seen = calloc(s->count, sizeof *seen);
    for (size_t i = 0; i < result->count; i++) {
        const vdb_search_hit *hit = &result->hits[i];
        size_t place = strtoul(hit->content + strlen(s->name), NULL, 10);
        assert_string_equal(hit->document_name, s->name);
        assert_true(place < s->count && !seen[place]);
        assert_true(fabs(hit->similarity - cosine(question, vector_of(s, place), s->dimensions)) < 1e-5);
        if (i > 0 && hit->similarity > hit[-1].similarity)
            fail_msg("hit %zu has %f, the one before %f", i, hit->similarity, hit[-1].similarity);
        seen[place] = true;
    }
    free(seen);
}

static void compare_with_brute_force(const char *strategy, size_t count, int dimensions, const int *tops,
                                     size_t top_count)
{
    empty_tables();
    set s = make_set("page", count, dimensions, count);
    set neighbour = make_set("neighbour", 50, dimensions, count + 1);
    float question[WIDTH];
    store(clinic, s.name, NULL, NULL, s.vectors, s.count, dimensions);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        random_vectors(question, (size_t)dimensions, seed + 100);
        memcpy(vector_of(&neighbour, seed), question, (size_t)dimensions * sizeof question[0]);
    }
    store(hotel, neighbour.name, NULL, NULL, neighbour.vectors, neighbour.count, dimensions);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        for (size_t i = 0; i < top_count; i++) {
            random_vectors(question, (size_t)dimensions, seed + 100);
            vdb_search_result *result = search(clinic, question, dimensions, tops[i]);
            assert_string_equal(result->strategy, strategy);
            assert_right(result, &s, question, tops[i]);
            vdb_search_free(result);
        }
    }
    free(s.vectors);
    free(neighbour.vectors);
}

static void exact_search_equals_brute_force(void **state)
{
    (void)state;
    static const int tops[] = { 1, 5, 50, 1000 };
    use("none");
    compare_with_brute_force("exact", 1, 8, tops, COUNT(tops));
    compare_with_brute_force("exact", 150, 3, tops, COUNT(tops));
    compare_with_brute_force("exact", 1300, 16, tops, COUNT(tops));
    compare_with_brute_force("exact", 200, WIDTH, tops, COUNT(tops));
}

/* Where all of the tenant's chunks are candidates, the answer of two stages is exact: 200 at least, 20 for each result.
 */
static void two_stages_equal_brute_force_where_all_are_candidates(void **state)
{
    (void)state;
    static const int tops[] = { 1, 5, 1000 }, large[] = { 65, 1000 };
    use("two-stage");
    compare_with_brute_force("two-stage", 1, 8, tops, COUNT(tops));
    compare_with_brute_force("two-stage", 200, 3, tops, COUNT(tops));
    compare_with_brute_force("two-stage", 1300, 16, large, COUNT(large));
}

/* A search by a process of its own, which hands in its statistics when it ends, has used the index. */
static void assert_index_used(const char *conninfo, const char *index)
{
    const char *scans = text("SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = '%s'", index);
    int64_t before = number("%s", scans);
    vdb_pool *own = pool_to(conninfo);
    vdb_tenant *t;
    ok(vdb_tenant_open(own, CLINIC_UUID, &t, &failure));
    float question[WIDTH];
    random_vectors(question, WIDTH, 101);
    vdb_search_free(search(t, question, WIDTH, 5));
    vdb_tenant_close(t);
    vdb_pool_close(own);
    for (int tries = 0; tries < 600; tries++) {
        if (number("%s", scans) > before)
            return;
        usleep(100000);
    }
    fail_msg("no search has used the index");
}

/* Tenants with some of the clinic's chunks each, so that the planner expects as few of any tenant. */
static void add_neighbours(void)
{
    sql("INSERT INTO v_domains (domain_uuid, domain_name) SELECT md5('many' || i)::uuid, 'many' || i "
        "FROM generate_series(1, 40) i; "
        "INSERT INTO v_voice_documents (domain_uuid, document_uuid, document_name) SELECT md5('many' || i)::uuid, "
        "md5('document' || i)::uuid, 'x' FROM generate_series(1, 40) i; "
        "INSERT INTO v_voice_document_chunks (domain_uuid, document_uuid, chunk_index, content, embedding, "
        "embedding_model) SELECT md5('many' || i)::uuid, md5('document' || i)::uuid, c.chunk_index, 'x', c.embedding, "
        "c.embedding_model FROM generate_series(1, 40) i, v_voice_document_chunks c WHERE c.domain_uuid = '%s' AND "
        "c.chunk_index < 40; ANALYZE v_voice_document_chunks",
        CLINIC_UUID);
}

/* The planner takes the b-tree for the small ones; from some hundred rows on it is the index that answers, also by the
 * plan that a connection keeps for any question. */
static void tenantvec_equals_brute_force(void **state)
{
    (void)state;
    static const int tops[] = { 1, 5, 50, 1000 };
    use("tenantvec");
    compare_with_brute_force("tenantvec", 1, 8, tops, COUNT(tops));
    compare_with_brute_force("tenantvec", 200, 3, tops, COUNT(tops));
    compare_with_brute_force("tenantvec", 1300, 16, tops, COUNT(tops));
    compare_with_brute_force("tenantvec", 700, WIDTH, tops, COUNT(tops));
    add_neighbours();
    assert_index_used("options='-c plan_cache_mode=force_custom_plan'", "idx_chunks_embedding_tenantvec");
    assert_index_used("options='-c plan_cache_mode=force_generic_plan'", "idx_chunks_embedding_tenantvec");
    sql("DELETE FROM v_domains WHERE domain_name LIKE 'many%%'");
}

/* Among far more chunks than candidates, those that are near are found: 20 at 0.95 to 0.5, the others at 0 ± 0.1. */
static void two_stages_find_the_near_ones_among_many(void **state)
{
    (void)state;
    static const int tops[] = { 1, 5, 20 };
    empty_tables();
    use("two-stage");
    set s = make_set("page", 3000, WIDTH, 42);
    float question[WIDTH];
    random_vectors(question, WIDTH, 43);
    for (size_t i = 0; i < 20; i++) {
        double wanted = 0.95 - 0.45 * (double)i / 19;
        float *v = vector_of(&s, 140 * i + 7);
        for (int j = 0; j < WIDTH; j++)
            v[j] = (float)(wanted * question[j] + sqrt(1 - wanted * wanted) * v[j]);
    }
    store(clinic, s.name, NULL, NULL, s.vectors, s.count, WIDTH);
    for (int analyzed = 0; analyzed < 2; analyzed++) {
        for (size_t i = 0; i < COUNT(tops); i++) {
            vdb_search_result *result = search(clinic, question, WIDTH, tops[i]);
            assert_string_equal(result->strategy, "two-stage");
            assert_right(result, &s, question, tops[i]);
            vdb_search_free(result);
        }
        sql("VACUUM ANALYZE v_voice_document_chunks");
    }
    free(s.vectors);
}

static void assert_in_use(const char *strategy)
{
    const vdb_index *rows;
    size_t count;
    ok(vdb_index_show(pool, &rows, &count, &failure));
    for (size_t i = 0; i < count; i++) {
        const vdb_index *row = &rows[i];
        assert_int_equal(row->in_use, strcmp(row->strategy, strategy) == 0);
        assert_non_null(row->reason);
        assert_int_equal(row->size_bytes > 0, row->in_use && row->index_name != NULL);
        assert_true(!row->in_use || (row->valid && row->available));
    }
    vdb_rows_free(rows);
}

static void every_strategy_is_right_for_a_small_tenant(void **state)
{
    (void)state;
    static const struct {
        const char *use, *named;
    } strategies[] = {
        { "hnsw", "hnsw" }, { "none", "exact" }, { "tenantvec", "tenantvec" }, { "two-stage", "two-stage" }
    };
    static const int tops[] = { 1, 5, 100 };
    for (size_t i = 0; i < COUNT(strategies); i++) {
        use(strategies[i].use);
        assert_in_use(strategies[i].use);
        compare_with_brute_force(strategies[i].named, 60, 32, tops, COUNT(tops));
        use(strategies[i].use); /* again, which changes nothing */
        assert_in_use(strategies[i].use);
    }
    refused(VDB_USAGE, vdb_index_use(pool, "magic", &failure));
    assert_in_use("two-stage");
}

static void what_an_interrupted_build_left_is_built_anew(void **state)
{
    (void)state;
    use("none");
    PGconn *writer = connect_to(""), *builder = connect_to("");
    sql_on(writer, "BEGIN; LOCK TABLE v_voice_document_chunks IN ROW EXCLUSIVE MODE");
    sql_on(builder, "SET lock_timeout = '100ms'");
    assert_string_equal(sqlstate_on(builder, NULL,
                                    "CREATE INDEX CONCURRENTLY idx_chunks_embedding_bits ON v_voice_document_chunks "
                                    "(domain_uuid)"),
                        "55P03");
    PQfinish(writer);
    PQfinish(builder);
    use("two-stage");
    assert_in_use("two-stage");
}

/* The specification's index looks into one list of a hundred: what it misses is the price, which `index show` tells. */
static void ivfflat_is_honest(void **state)
{
    (void)state;
    empty_tables();
    set s = make_set("page", 400, 32, 3), neighbour = make_set("neighbour", 400, 32, 4);
    store(clinic, s.name, NULL, NULL, s.vectors, s.count, 32);
    store(hotel, neighbour.name, NULL, NULL, neighbour.vectors, neighbour.count, 32);
    use("ivfflat");
    assert_in_use("ivfflat");
    sql("ALTER DATABASE %s SET enable_seqscan = off; ALTER DATABASE %s SET enable_bitmapscan = off; ALTER DATABASE %s "
        "SET enable_sort = off",
        PQdb(admin), PQdb(admin), PQdb(admin));
    vdb_pool *forced = pool_to(NULL);
    vdb_tenant *t;
    ok(vdb_tenant_open(forced, CLINIC_UUID, &t, &failure));
    size_t hits = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        float question[32];
        random_vectors(question, COUNT(question), seed);
        vdb_search_result *result = search(t, question, 32, 50);
        assert_string_equal(result->strategy, "ivfflat");
        assert_honest(result, &s, question);
        hits += result->count;
        vdb_search_free(result);
    }
    assert_true(hits > 0);
    vdb_tenant_close(t);
    vdb_pool_close(forced);
    sql("ALTER DATABASE %s RESET ALL", PQdb(admin));
    use("two-stage");
    free(s.vectors);
    free(neighbour.vectors);
}

static void equal_ones_come_by_uuid(void **state)
{
    (void)state;
    static const char *const strategies[] = { "none", "tenantvec", "two-stage" };
    empty_tables();
    set s = make_set("page", 700, 16, 5);
    for (size_t i = 50; i < 650; i++)
        memcpy(vector_of(&s, i), vector_of(&s, 0), 16 * sizeof(float));
    store(clinic, s.name, NULL, NULL, s.vectors, s.count, 16);
    const char *wanted = rows_on(
        admin, "SELECT chunk_uuid FROM v_voice_document_chunks WHERE chunk_index = 0 OR chunk_index BETWEEN 50 AND 649 "
               "ORDER BY chunk_uuid LIMIT 7");
    for (size_t i = 0; i < COUNT(strategies); i++) {
        use(strategies[i]);
        for (int round = 0; round < 2; round++) {
            vdb_search_result *result = search(clinic, vector_of(&s, 0), 16, 7);
            const char *got = "";
            for (size_t j = 0; j < result->count; j++)
                got = text("%s%s%s", got, j > 0 ? "\n" : "", result->hits[j].chunk_uuid);
            vdb_search_free(result);
            assert_string_equal(got, wanted);
            sql("UPDATE v_voice_document_chunks SET token_count = 1 WHERE chunk_index %% 3 = %d",
                round); /* moves rows */
        }
    }
    free(s.vectors);
}

/* ---- what the specification says ------------------------------------------------------------------------------------
 */

static const char *vector_text(const float *v, int dimensions)
{
    char *made;
    size_t size;
    FILE *out = open_memstream(&made, &size);
    for (int i = 0; i < WIDTH; i++)
        fprintf(out, "%c%.9g", i == 0 ? '[' : ',', i < dimensions ? (double)v[i] : 0);
    fprintf(out, "]");
    fclose(out);
    const char *copy = text("%s", made);
    free(made);
    return copy;
}

static const char *listed(const vdb_search_result *result)
{
    const char *list = "";
    for (size_t i = 0; i < result->count; i++)
        list = text("%s%s%s|%s|%.12f", list, i > 0 ? "\n" : "", result->hits[i].chunk_uuid, result->hits[i].content,
                    result->hits[i].similarity);
    return list;
}

static const char *rows_listed(const PGresult *result)
{
    const char *list = "";
    for (int i = 0; i < PQntuples(result); i++)
        list = text("%s%s%s|%s|%.12f", list, i > 0 ? "\n" : "", PQgetvalue(result, i, 0), PQgetvalue(result, i, 1),
                    strtod(PQgetvalue(result, i, 2), NULL));
    return list;
}

static const char *psql(const char *script)
{
    char path[] = "/tmp/voicedb-test-XXXXXX", line[8192];
    int file = mkstemp(path);
    assert_true(file >= 0 && write(file, script, strlen(script)) == (ssize_t)strlen(script));
    close(file);
    FILE *out = popen(text("psql -XAtq -v ON_ERROR_STOP=1 -f %s", path), "r");
    const char *said = "";
    while (fgets(line, sizeof line, out) != NULL)
        said = text("%s%s", said, line);
    int status = pclose(out);
    unlink(path);
    assert_int_equal(status, 0);
    return said;
}

static void the_specs_search_gives_the_same(void **state)
{
    (void)state;
    static const char *const strategies[] = { "none", "tenantvec", "two-stage" };
    empty_tables();
    set s = make_set("page", 150, 24, 9), neighbour = make_set("neighbour", 150, 24, 10);
    store(clinic, s.name, NULL, NULL, s.vectors, s.count, 24);
    store(hotel, neighbour.name, NULL, NULL, neighbour.vectors, neighbour.count, 24);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        float question[24];
        random_vectors(question, COUNT(question), seed);
        const char *vector = vector_text(question, 24);
        const char *const params[] = { CLINIC_UUID, vector };
        PGresult *rows = PQexecParams(admin, SPEC_SEARCH, 2, NULL, params, NULL, NULL, 0);
        assert_int_equal(PQresultStatus(rows), PGRES_TUPLES_OK);
        assert_int_equal(PQntuples(rows), 5);
        const char *wanted = rows_listed(rows);
        PQclear(rows);
        for (size_t i = 0; i < COUNT(strategies); i++) {
            use(strategies[i]);
            vdb_search_result *result = search(clinic, question, 24, 0);
            assert_string_equal(listed(result), wanted);
            vdb_search_free(result);
        }
        const char *by_psql = psql(
            text("PREPARE rag (uuid, text) AS\n%s\nEXECUTE rag ('%s', '%s');\n", SPEC_SEARCH, CLINIC_UUID, vector));
        for (const char *line = wanted; line != NULL;
             line = strchr(line, '\n') == NULL ? NULL : strchr(line, '\n') + 1) {
            const char *uuid = text("%.36s", line);
            assert_contains(by_psql, uuid);
        }
    }
    free(s.vectors);
    free(neighbour.vectors);
}

static void the_specs_secretary_is_the_same(void **state)
{
    (void)state;
    ids made = fill(hotel, "spec");
    const vdb_secretary *s;
    /* The specification knows no sealed secrets: as if somebody had written plain ones. */
    sql("UPDATE v_voice_ai_providers SET config = '{\"api_key\": \"plain\"}' WHERE domain_uuid = '%s'", HOTEL_UUID);
    ok(vdb_secretary_get(hotel, made.secretary, &s, &failure));
    const struct {
        const char *column, *member;
    } same[] = {
        { "voice_secretary_uuid", s->voice_secretary_uuid },
        { "name", s->name },
        { "description", s->description },
        { "stt_provider_uuid", s->stt_provider_uuid },
        { "tts_provider_uuid", s->tts_provider_uuid },
        { "llm_provider_uuid", s->llm_provider_uuid },
        { "embeddings_provider_uuid", s->embeddings_provider_uuid },
        { "system_prompt", s->system_prompt },
        { "language", s->language },
        { "rag_enabled", s->rag_enabled ? "t" : "f" },
        { "rag_similarity_threshold", text("%.2f", s->rag_similarity_threshold) },
        { "max_conversation_turns", text("%d", (int)s->max_conversation_turns) },
        { "webhook_enabled", s->webhook_enabled ? "t" : "f" },
        { "stt_config", s->stt_config },
        { "stt_provider", s->stt_provider },
        { "tts_config", s->tts_config },
        { "tts_provider", s->tts_provider },
        { "llm_config", s->llm_config },
        { "llm_provider", s->llm_provider },
    };
    const char *const params[] = { HOTEL_UUID, made.secretary };
    PGresult *rows = PQexecParams(admin, SPEC_SECRETARY, 2, NULL, params, NULL, NULL, 0);
    assert_int_equal(PQresultStatus(rows), PGRES_TUPLES_OK);
    assert_int_equal(PQntuples(rows), 1);
    for (size_t i = 0; i < COUNT(same); i++) {
        int column = PQfnumber(rows, same[i].column);
        assert_true(column >= 0);
        if (PQgetisnull(rows, 0, column))
            assert_null(same[i].member);
        else
            assert_string_equal(PQgetvalue(rows, 0, column), same[i].member);
    }
    PQclear(rows);
    vdb_rows_free(s);
    const char *by_psql = psql(text("PREPARE secretary (uuid, uuid) AS\n%s\nEXECUTE secretary ('%s', '%s');\n",
                                    SPEC_SECRETARY, HOTEL_UUID, made.secretary));
    assert_contains(by_psql, "stt-spec");
    assert_contains(by_psql, "plain");
    sql("DELETE FROM v_voice_messages; DELETE FROM v_voice_conversations; DELETE FROM v_voice_documents; "
        "DELETE FROM v_voice_secretaries; DELETE FROM v_voice_ai_providers");
}

/* ---- what is left out
 * ------------------------------------------------------------------------------------------------ */

static char ana[37], bia[37];

/* Five documents of one chunk each, all as near as can be: for all, Ana's, Bia's, a disabled one, one of another model.
 */
static void make_scene(void)
{
    float v[4] = { 1, 0, 0, 0 };
    sql("DELETE FROM v_voice_documents; DELETE FROM v_voice_secretaries; DELETE FROM v_voice_ai_providers");
    ok(vdb_secretary_add(clinic, &(vdb_secretary_input){ .name = "Ana", .extension = "2001" }, ana, &failure));
    ok(vdb_secretary_add(clinic, &(vdb_secretary_input){ .name = "Bia" }, bia, &failure));
    store(clinic, "for all", NULL, NULL, v, 1, 4);
    store(clinic, "of Ana", ana, NULL, v, 1, 4);
    store(clinic, "of Bia", bia, NULL, v, 1, 4);
    ok(vdb_document_enable(clinic, store(clinic, "disabled", NULL, NULL, v, 1, 4), false, &failure));
    store(clinic, "of another model", NULL, "other", v, 1, 4);
    sql("UPDATE v_voice_documents SET processing_status = 'failed' WHERE document_uuid = '%s'",
        store(clinic, "failed", NULL, NULL, v, 1, 4));
    sql("UPDATE v_voice_document_chunks SET embedding = NULL WHERE document_uuid = '%s'",
        store(clinic, "nowhere", NULL, NULL, v, 1, 4));
    sql("UPDATE v_voice_document_chunks SET embedding = array_fill(0::real, '{1536}')::vector WHERE document_uuid = "
        "'%s'",
        store(clinic, "zeros", NULL, NULL, v, 1, 4));
}

/* Names of the documents that are hit, in alphabetical order. */
static const char *found(const vdb_search_request *request)
{
    vdb_search_result *result;
    ok(vdb_search(clinic, request, &result, &failure));
    static const char *const names[] = { "disabled", "failed", "for all",          "nowhere",
                                         "of Ana",   "of Bia", "of another model", "zeros" };
    const char *list = "";
    for (size_t i = 0; i < COUNT(names); i++) {
        for (size_t j = 0; j < result->count; j++) {
            if (strcmp(result->hits[j].document_name, names[i]) == 0)
                list = text("%s%s,", list, names[i]);
        }
    }
    assert_int_equal(result->below_threshold, 0);
    vdb_search_free(result);
    return list;
}

static const float straight[4] = { 1, 0, 0, 0 };
#define REQUEST_OF(...)                                                                                                \
    (&(vdb_search_request){                                                                                            \
        .embedding = straight, .dimensions = 4, .embedding_model = "test", .top = 100, __VA_ARGS__ })

static void only_what_may_answer_does(void **state)
{
    (void)state;
    static const char *const strategies[] = { "none", "tenantvec", "two-stage" };
    make_scene();
    for (size_t i = 0; i < COUNT(strategies); i++) {
        use(strategies[i]);
        assert_string_equal(found(REQUEST_OF(.secretary = NULL)), "for all,of Ana,of Bia,");
        assert_string_equal(found(REQUEST_OF(.secretary = ana)), "for all,of Ana,");
        assert_string_equal(found(REQUEST_OF(.secretary = "2001")), "for all,of Ana,");
        assert_string_equal(found(REQUEST_OF(.secretary = "Bia")), "for all,of Bia,");
        assert_string_equal(
            found(&(vdb_search_request){ .embedding = straight, .dimensions = 4, .embedding_model = "other" }),
            "of another model,");
        assert_string_equal(
            found(&(vdb_search_request){ .embedding = straight, .dimensions = 4, .embedding_model = "none such" }), "");
        vdb_search_result *result;
        refused(VDB_NOT_FOUND, vdb_search(clinic, REQUEST_OF(.secretary = "Carla"), &result, &failure));
        refused(VDB_NOT_FOUND, vdb_search(clinic, REQUEST_OF(.secretary = NOBODY_UUID), &result, &failure));
    }
}

/* Chunks at 1, 0.8, 0.6 and 0 by construction. */
static void the_threshold_cuts_and_tells(void **state)
{
    (void)state;
    static const float v[] = { 1, 0, 0, 0, 0.8F, 0.6F, 0, 0, 0.6F, 0.8F, 0, 0, 0, 0, 1, 0 };
    static const struct {
        const char *secretary;
        double threshold; /* -1: none given */
        size_t hits, below;
        double best_below;
    } cases[] = {
        { NULL, -1, 4, 0, 0 },     { NULL, 0, 4, 0, 0 },    { NULL, 0.5, 3, 1, 0 },    { NULL, 0.7, 2, 2, 0.6 },
        { NULL, 0.95, 1, 3, 0.8 }, { "Ana", -1, 3, 1, 0 },  { "Ana", 0.7, 2, 2, 0.6 }, { "Ana", 0, 4, 0, 0 },
        { "Bia", -1, 2, 2, 0.6 },  { "Bia", 0.5, 3, 1, 0 },
    };
    sql("DELETE FROM v_voice_documents");
    store(clinic, "steps", NULL, NULL, v, 4, 4);
    ok(vdb_secretary_update(clinic, bia, &(vdb_secretary_input){ .rag_similarity_threshold = &(double){ 0.75 } },
                            &failure));
    for (size_t i = 0; i < COUNT(cases); i++) {
        vdb_search_result *result;
        const vdb_search_request *request =
            REQUEST_OF(.secretary = cases[i].secretary,
                       .threshold = cases[i].threshold < 0 ? NULL : &cases[i].threshold);
        ok(vdb_search(clinic, request, &result, &failure));
        assert_int_equal(result->count, cases[i].hits);
        assert_int_equal(result->below_threshold, cases[i].below);
        assert_true(fabs(result->best_below_threshold - cases[i].best_below) < 1e-6);
        assert_true(result->search_ms > 0);
        assert_string_equal(result->embedding_model, "test");
        vdb_search_free(result);
    }
}

static void rag_off_answers_nothing(void **state)
{
    (void)state;
    vdb_search_result *result;
    ok(vdb_secretary_update(clinic, ana, &(vdb_secretary_input){ .rag_enabled = &(bool){ false } }, &failure));
    ok(vdb_search(clinic, REQUEST_OF(.secretary = ana), &result, &failure));
    assert_int_equal(result->count, 0);
    assert_string_equal(result->strategy, "off");
    vdb_search_free(result);
    ok(vdb_secretary_update(clinic, ana, &(vdb_secretary_input){ .rag_enabled = &(bool){ true } }, &failure));
    ok(vdb_search(clinic, REQUEST_OF(.secretary = ana), &result, &failure));
    assert_int_equal(result->count, 3);
    vdb_search_free(result);
}

static void an_empty_tenant_answers_nothing(void **state)
{
    (void)state;
    sql("DELETE FROM v_voice_documents");
    vdb_search_result *result = search(clinic, straight, 4, 1000);
    assert_int_equal(result->count, 0);
    assert_int_equal(result->below_threshold, 0);
    vdb_search_free(result);
}

/* ---- what is refused
 * -------------------------------------------------------------------------------------------------- */

static void bad_requests_are_refused(void **state)
{
    (void)state;
    static const float zeros[4], not_a_number[4] = { 1, NAN }, infinite[4] = { 1, -INFINITY };
    static float long_vector[WIDTH + 1] = { 1 };
    const struct {
        vdb_status status;
        vdb_search_request request;
    } cases[] = {
        { VDB_BAD_INPUT, { .embedding = zeros, .dimensions = 4, .embedding_model = "test" } },
        { VDB_BAD_INPUT, { .embedding = not_a_number, .dimensions = 4, .embedding_model = "test" } },
        { VDB_BAD_INPUT, { .embedding = infinite, .dimensions = 4, .embedding_model = "test" } },
        { VDB_BAD_INPUT, { .embedding = long_vector, .dimensions = WIDTH + 1, .embedding_model = "test" } },
        { VDB_BAD_INPUT, { .embedding = straight, .dimensions = 0, .embedding_model = "test" } },
        { VDB_BAD_INPUT, { .embedding = straight, .dimensions = -4, .embedding_model = "test" } },
        { VDB_USAGE, { .embedding = straight, .dimensions = 4 } },
        { VDB_USAGE, { .embedding = straight, .dimensions = 4, .embedding_model = "test", .top = -1 } },
        { VDB_USAGE, { .embedding = straight, .dimensions = 4, .embedding_model = "test", .top = 1001 } },
        { VDB_USAGE,
          { .embedding = straight, .dimensions = 4, .embedding_model = "test", .threshold = &(double){ 1.01 } } },
        { VDB_USAGE,
          { .embedding = straight, .dimensions = 4, .embedding_model = "test", .threshold = &(double){ -0.01 } } },
        { VDB_USAGE,
          { .embedding = straight, .dimensions = 4, .embedding_model = "test", .threshold = &(double){ NAN } } },
        { VDB_BAD_INPUT, { .question = NULL } },
        { VDB_BAD_INPUT, { .question = "" } },
        { VDB_BAD_INPUT, { .question = "caf\xE9" } },
    };
    vdb_search_result *result = (vdb_search_result *)&result;
    for (size_t i = 0; i < COUNT(cases); i++)
        refused(cases[i].status, vdb_search(clinic, &cases[i].request, &result, &failure));
    assert_ptr_equal(result, &result);
}

static void a_question_needs_a_provider(void **state)
{
    (void)state;
    char builtin[37];
    vdb_search_result *result;
    const vdb_search_request request = { .question = "Qual o horário?" };
    refused(VDB_NOT_FOUND, vdb_search(clinic, &request, &result, &failure));
    const vdb_provider_input input = { .provider_type = "embeddings", .provider_name = "builtin" };
    ok(vdb_provider_add(clinic, &input, builtin, &failure));
    refused(VDB_NOT_FOUND, vdb_search(clinic, &request, &result, &failure)); /* it is nobody's default */
    ok(vdb_provider_update(clinic, builtin, &(vdb_provider_input){ .is_default = &(bool){ true } }, &failure));
    ok(vdb_search(clinic, &request, &result, &failure));
    assert_true(result->embed_ms > 0);
    vdb_search_free(result);
    ok(vdb_provider_update(clinic, builtin, &(vdb_provider_input){ .enabled = &(bool){ false } }, &failure));
    refused(VDB_CONFLICT, vdb_search(clinic, &request, &result, &failure));
    ok(vdb_provider_remove(clinic, builtin, &failure));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_search_equals_brute_force),
        cmocka_unit_test(two_stages_equal_brute_force_where_all_are_candidates),
        cmocka_unit_test(two_stages_find_the_near_ones_among_many),
        cmocka_unit_test(tenantvec_equals_brute_force),
        cmocka_unit_test(every_strategy_is_right_for_a_small_tenant),
        cmocka_unit_test(what_an_interrupted_build_left_is_built_anew),
        cmocka_unit_test(ivfflat_is_honest),
        cmocka_unit_test(equal_ones_come_by_uuid),
        cmocka_unit_test(the_specs_search_gives_the_same),
        cmocka_unit_test(the_specs_secretary_is_the_same),
        cmocka_unit_test(only_what_may_answer_does),
        cmocka_unit_test(the_threshold_cuts_and_tells),
        cmocka_unit_test(rag_off_answers_nothing),
        cmocka_unit_test(an_empty_tenant_answers_nothing),
        cmocka_unit_test(bad_requests_are_refused),
        cmocka_unit_test(a_question_needs_a_provider),
    };
    return run_with_database(tests);
}
