/*
 * Ways to find a tenant's nearest chunks, side by side on one load of data: time, recall against the exact answer, and
 * how many answers are short of rows that the tenant has.
 *
 * Questions: one to every tenant, and half as many again to tenants drawn by their number of chunks, as large tenants
 * get more calls. The exact answer is that of the specification's query on a database without a vector index.
 */
#include "bare.h"

#include "store/search.h"

#include <string.h>

enum { TOP = 5, UUID_ROOM = 37 };

static const char spec_query[] = "SELECT chunk_uuid, content, 1 - (embedding <=> $2::vector) AS similarity "
                                 "FROM v_voice_document_chunks WHERE domain_uuid = $1 "
                                 "ORDER BY embedding <=> $2::vector LIMIT 5";

typedef struct answer {
    char chunks[TOP][UUID_ROOM];
    int count;
} answer;

typedef struct question {
    int tenant;
    char domain[UUID_ROOM];
    float vector[VDB_DIMENSIONS];
    answer truth;
} question;

typedef struct way {
    const char *name;
    const char *settings; /* of its connection */
    const char *index;    /* whose scans are counted; NULL: none */
    bool two_stage;       /* the registry's query in the tenant's scope; else the specification's */
    bool library;
    samples times;
    size_t asked, hits, wanted, short_answers;
    long scans;
} way;

static dataset data;
static question *questions;
static size_t question_count;

static void make_questions(void)
{
    question_count = (size_t)data.tenants + (size_t)data.tenants / 2;
    questions = allocate(question_count, sizeof *questions);
    random_stream r = { 5 };
    for (size_t i = 0; i < question_count; i++) {
        question *q = &questions[i];
        q->tenant =
            i < (size_t)data.tenants ? (int)i : dataset_tenant_of(&data, (int)random_below(&r, (uint64_t)data.chunks));
        uint8_t uuid[16];
        tenant_uuid_of(q->tenant, uuid);
        uuid_text(uuid, q->domain);
        question_vector(&data, q->tenant, (int)i, q->vector);
    }
    for (size_t i = question_count - 1; i > 0; i--) { /* so that neighbours in time are not neighbours in size */
        size_t j = random_below(&r, i + 1);
        question swapped = questions[i];
        questions[i] = questions[j];
        questions[j] = swapped;
    }
}

static void add_row(answer *a, const char *chunk_uuid)
{
    if (a->count < TOP)
        snprintf(a->chunks[a->count++], UUID_ROOM, "%s", chunk_uuid);
}

static void take_rows(answer *a, PGconn *pg, const PGresult *result)
{
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        die("%s", PQerrorMessage(pg));
    for (int i = 0; i < PQntuples(result); i++)
        add_row(a, PQgetvalue(result, i, 0));
}

static double ask_spec(PGconn *pg, const question *q, const char *wire, answer *a)
{
    const char *values[] = { q->domain, wire };
    double started = stopwatch_ms();
    PGresult *result = PQexecPrepared(pg, "spec", 2, values, (int[]){ 0, WIRE_VECTOR_BYTES }, (int[]){ 0, 1 }, 0);
    double took = stopwatch_ms() - started;
    take_rows(a, pg, result);
    PQclear(result);
    return took;
}

static double ask_two_stage(PGconn *pg, const question *q, const char *wire, answer *a)
{
    PGresult *result;
    double took = bare_search(pg, q->domain, wire, &result);
    take_rows(a, pg, result);
    PQclear(result);
    return took;
}

static double ask_library(vdb_pool *pool, const question *q, answer *a)
{
    vdb_error error;
    vdb_tenant *tenant;
    vdb_search_result *result;
    must(vdb_tenant_open(pool, q->domain, &tenant, &error), &error);
    const vdb_search_request asked = {
        .embedding = q->vector, .dimensions = VDB_DIMENSIONS, .embedding_model = BENCH_MODEL, .top = TOP
    };
    double started = stopwatch_ms();
    must(vdb_search(tenant, &asked, &result, &error), &error);
    double took = stopwatch_ms() - started;
    for (size_t i = 0; i < result->count; i++)
        add_row(a, result->hits[i].chunk_uuid);
    vdb_search_free(result);
    vdb_tenant_close(tenant);
    return took;
}

static void judge(way *w, const question *q, const answer *found)
{
    int size = dataset_size(&data, q->tenant), possible = size < TOP ? size : TOP;
    w->asked++;
    w->wanted += (size_t)q->truth.count;
    w->short_answers += found->count < possible;
    for (int i = 0; i < q->truth.count; i++) {
        for (int j = 0; j < found->count; j++)
            w->hits += strcmp(q->truth.chunks[i], found->chunks[j]) == 0;
    }
}

static long index_scans(const char *index)
{
    char sql[256];
    if (index == NULL)
        return 0;
    PGconn *pg = bench_connect(NULL);
    snprintf(sql, sizeof sql, "SELECT coalesce(sum(idx_scan), 0) FROM pg_stat_user_indexes WHERE indexrelname = '%s'",
             index);
    long scans = strtol(query_value(pg, sql), NULL, 10);
    PQfinish(pg);
    return scans;
}

/* What a backend has counted is known when it has ended. */
static void finish(PGconn *pg)
{
    char sql[128];
    PGconn *other = bench_connect(NULL);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM pg_stat_activity WHERE pid = %d", PQbackendPID(pg));
    PQfinish(pg);
    while (strcmp(query_value(other, sql), "0") != 0)
        ;
    PQfinish(other);
}

/* `answers_are_truth`: what this way finds is what the others are held against. */
static void run_way(way *w, bool answers_are_truth)
{
    fprintf(stderr, "%s\n", w->name);
    long scans_before = index_scans(w->index);
    vdb_error error;
    vdb_pool *pool = NULL;
    PGconn *pg = w->two_stage ? bare_connect(w->settings, NULL) : bench_connect(w->settings);
    if (w->library)
        must(vdb_pool_open(&(vdb_options){ .max_connections = 1 }, &pool, &error), &error);
    else if (!w->two_stage)
        bare_prepare(pg, "spec", spec_query);
    for (size_t i = 0; i < question_count; i++) {
        question *q = &questions[i];
        answer found = { .count = 0 };
        char wire[WIRE_VECTOR_BYTES];
        wire_vector(q->vector, wire);
        samples_add(&w->times, w->library     ? ask_library(pool, q, &found)
                               : w->two_stage ? ask_two_stage(pg, q, wire, &found)
                                              : ask_spec(pg, q, wire, &found));
        if (answers_are_truth)
            q->truth = found;
        judge(w, q, &found);
    }
    vdb_pool_close(pool);
    finish(pg);
    w->scans += index_scans(w->index) - scans_before;
}

static void print_way(const way *w)
{
    char used[32] = "";
    if (w->index != NULL)
        snprintf(used, sizeof used, "%ld of %zu", w->scans, w->asked);
    printf("| %s | %.4f | %zu of %zu | %s | %s | %s | %s |\n", w->name, (double)w->hits / (double)w->wanted,
           w->short_answers, w->asked, ms_text(samples_percentile(&w->times, 0.5)),
           ms_text(samples_percentile(&w->times, 0.99)), ms_text(samples_percentile(&w->times, 1)), used);
    fflush(stdout);
}

static void measure(way *w, bool answers_are_truth)
{
    run_way(w, answers_are_truth);
    print_way(w);
}

static double timed(PGconn *pg, const char *sql)
{
    fprintf(stderr, "%s\n", sql);
    double started = stopwatch_ms();
    run_sql(pg, sql);
    return (stopwatch_ms() - started) / 1000;
}

static void index_size(PGconn *pg, const char *name, char size[32])
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT pg_relation_size('%s') / 1048576", name);
    snprintf(size, 32, "%s MB", query_value(pg, sql));
}

/* The median by size of the tenant, in ms. */
static void print_sizes(const way *a, const way *b)
{
    static const int limits[] = { 0, 100, 1000, 10000, 1 << 30 };
    printf("\n| chunks of the tenant | questions | %s p50 ms | %s p50 ms |\n|---|---:|---:|---:|\n", a->name, b->name);
    for (int i = 0; i + 1 < (int)(sizeof limits / sizeof limits[0]); i++) {
        samples of_a = { 0 }, of_b = { 0 };
        for (size_t j = 0; j < question_count; j++) {
            int size = dataset_size(&data, questions[j].tenant);
            if (size < limits[i] || size >= limits[i + 1])
                continue;
            samples_add(&of_a, a->times.ms[j]);
            samples_add(&of_b, b->times.ms[j]);
        }
        if (of_a.count > 0)
            printf("| from %d | %zu | %s | %s |\n", limits[i], of_a.count, ms_text(samples_percentile(&of_a, 0.5)),
                   ms_text(samples_percentile(&of_b, 0.5)));
        samples_free(&of_a);
        samples_free(&of_b);
    }
}

static const char force_index[] = "SET enable_sort = off; SET enable_seqscan = off; SET enable_bitmapscan = off";
static const char ivfflat[] = "idx_chunks_embedding_ivfflat", hnsw[] = "idx_chunks_embedding_hnsw",
                  tenantvec[] = "idx_chunks_embedding_tenantvec";

static way exact = { .name = "exact, b-tree on domain_uuid" };
static way library = { .name = "voicedb, two-stage", .library = true };
static way generic = { .name = "two-stage SQL, generic plan",
                       .settings = "SET plan_cache_mode = force_generic_plan; SET jit = off",
                       .two_stage = true };
static way custom = { .name = "two-stage SQL, custom plans",
                      .settings = "SET plan_cache_mode = force_custom_plan; SET jit = off",
                      .two_stage = true };
static way exact_ordered = { .name = "exact, rows ordered by tenant" };
static way library_ordered = { .name = "voicedb, rows ordered by tenant", .library = true };
static way library_unvacuumed = { .name = "voicedb, before the first vacuum", .library = true };

static way with_ivfflat[] = {
    { .name = "ivfflat, lists = 100, as planned", .index = ivfflat },
    { .name = "ivfflat, made to be used", .index = ivfflat, .settings = force_index },
};
static way with_hnsw[] = {
    { .name = "HNSW, ef_search = 40, as planned", .index = hnsw },
    { .name = "HNSW, made to be used", .index = hnsw, .settings = force_index },
    { .name = "HNSW, iterative relaxed_order",
      .index = hnsw,
      .settings = "SET hnsw.iterative_scan = relaxed_order; SET enable_sort = off; SET enable_seqscan = off; "
                  "SET enable_bitmapscan = off" },
};

static way with_tenantvec[] = {
    { .name = "voicedb, tenantvec", .index = tenantvec, .library = true },
};

/* Two rounds of each, so that a bad moment of the machine meets all of them. */
static void measure_main(PGconn *pg)
{
    run_way(&exact, true);
    library_unvacuumed.asked = 0;
    run_way(&library_unvacuumed, false);
    timed(pg, "VACUUM ANALYZE");
    exact = (way){ .name = exact.name };
    way *const ways[] = { &exact, &library, &generic, &custom };
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
            run_way(ways[i], ways[i] == &exact);
    }
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        print_way(ways[i]);
    print_way(&library_unvacuumed);
}

typedef struct build {
    double seconds;
    char size[32];
} build;

static build measure_index(PGconn *pg, const char *name, const char *sql, way *ways, size_t count)
{
    build b = { .seconds = timed(pg, sql) };
    char drop[128];
    index_size(pg, name, b.size);
    for (size_t i = 0; i < count; i++)
        measure(&ways[i], false);
    snprintf(drop, sizeof drop, "DROP INDEX %s", name);
    run_sql(pg, drop);
    return b;
}

static void measure_ordered(PGconn *pg)
{
    timed(pg, "CLUSTER v_voice_document_chunks USING v_voice_document_chunks_domain_uuid_document_uuid_chunk_ind_key");
    timed(pg, "VACUUM ANALYZE");
    measure(&exact_ordered, false);
    measure(&library_ordered, false);
}

static double p99(const way *w)
{
    return samples_percentile(&w->times, 0.99);
}

static void print_targets(void)
{
    target_header();
    target_line("recall@5 of voicedb", (double)library.hits / (double)library.wanted, false, 0.999, 4, "");
    target_line("short answers",
                (double)(library.short_answers + generic.short_answers + library_ordered.short_answers), true, 0, 0,
                "");
    target_line("p99 of voicedb / exact", p99(&library) / p99(&exact), true, 0.2, 3, "");
    target_line("p99 of two-stage SQL, generic plan / exact", p99(&generic) / p99(&exact), true, 0.2, 3, "");
    target_line("p99 of voicedb / exact, rows ordered by tenant", p99(&library_ordered) / p99(&exact_ordered), true,
                0.2, 3, "");
}

int main(int argc, char **argv)
{
    dataset_init_sized(&data, option(&argc, argv, "--quick"));
    make_questions();
    PGconn *pg = bench_connect(NULL);
    run_sql(pg, "BEGIN");
    load_dataset(pg, &data);
    run_sql(pg, "COMMIT");
    printf("%d chunks of %d dimensions, %d tenants, the largest with %d chunks; rows in random order, %zu questions, "
           "%d candidates.\n\n",
           data.chunks, VDB_DIMENSIONS, data.tenants, dataset_size(&data, 0), question_count, search_candidates(TOP));
    puts("| way | recall@5 | short answers | p50 ms | p99 ms | max ms | vector index used "
         "|\n|---|---:|---:|---:|---:|---:|---:|");
    measure_main(pg);
    build of_ivfflat = measure_index(pg, ivfflat,
                                     "CREATE INDEX idx_chunks_embedding_ivfflat ON v_voice_document_chunks "
                                     "USING ivfflat (embedding vector_cosine_ops) WITH (lists = 100)",
                                     with_ivfflat, sizeof with_ivfflat / sizeof with_ivfflat[0]);
    build of_hnsw = measure_index(pg, hnsw,
                                  "CREATE INDEX idx_chunks_embedding_hnsw ON v_voice_document_chunks "
                                  "USING hnsw (embedding vector_cosine_ops)",
                                  with_hnsw, sizeof with_hnsw / sizeof with_hnsw[0]);
    run_sql(pg, "CREATE EXTENSION tenantvec");
    build of_tenantvec = measure_index(pg, tenantvec,
                                       "CREATE INDEX idx_chunks_embedding_tenantvec ON v_voice_document_chunks "
                                       "USING tenantvec (domain_uuid, embedding vector_cosine_ops)",
                                       with_tenantvec, sizeof with_tenantvec / sizeof with_tenantvec[0]);
    measure_ordered(pg);
    print_sizes(&exact, &library);
    char bits[32];
    double bits_seconds = timed(pg, "REINDEX INDEX idx_chunks_embedding_bits");
    index_size(pg, "idx_chunks_embedding_bits", bits);
    printf("\n| index | build s | size |\n|---|---:|---:|\n| two-stage | %.0f | %s |\n| ivfflat | %.0f | %s |\n| HNSW "
           "| %.0f | %s |\n| tenantvec | %.0f | %s |\n",
           bits_seconds, bits, of_ivfflat.seconds, of_ivfflat.size, of_hnsw.seconds, of_hnsw.size, of_tenantvec.seconds,
           of_tenantvec.size);
    print_targets();
    PQfinish(pg);
    return 0;
}
