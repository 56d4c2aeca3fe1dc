/*
 * tenantvec beside the other ways to find a tenant's nearest chunks. The data are in databases of their own, which
 * bench-tenantvec-load fills once; indexes that are measured are built anew.
 */
#include "tenantvec.h"

#include <string.h>

enum { GOALS = 32, ROUNDS = 3, CLIENTS = 8, CLIENT_ROUNDS = 3 };

static const double recall_wanted = 0.995;

bool quick;
const char create_tenantvec[] = "CREATE INDEX " TENANTVEC_INDEX " ON v_voice_document_chunks "
                                "USING tenantvec (domain_uuid, embedding vector_cosine_ops)";
const char create_hnsw[] = "CREATE INDEX " HNSW_INDEX " ON v_voice_document_chunks "
                           "USING hnsw (embedding vector_cosine_ops) WHERE " HNSW_PREDICATE;

static struct {
    char what[112];
    double measured, target;
    bool at_most;
    int decimals;
    const char *unit;
} goals[GOALS];
static int goal_count;

void goal(const char *what, double measured, bool at_most, double target, int decimals, const char *unit)
{
    if (goal_count == GOALS)
        die("there is no room for another target");
    goals[goal_count].measured = measured;
    goals[goal_count].target = target;
    goals[goal_count].at_most = at_most;
    goals[goal_count].decimals = decimals;
    goals[goal_count].unit = unit;
    snprintf(goals[goal_count].what, sizeof goals[goal_count].what, "%s", what);
    goal_count++;
}

static void print_goals(void)
{
    target_header();
    for (int i = 0; i < goal_count; i++)
        target_line(goals[i].what, goals[i].measured, goals[i].at_most, goals[i].target, goals[i].decimals,
                    goals[i].unit);
}

void drop_index(PGconn *pg, const char *name)
{
    char sql[128];
    snprintf(sql, sizeof sql, "DROP INDEX IF EXISTS %s", name);
    run_sql(pg, sql);
}

double build_index(PGconn *pg, const char *name, const char *create)
{
    drop_index(pg, name);
    run_sql(pg, "CHECKPOINT");
    fprintf(stderr, "%s\n", create);
    double started = stopwatch_ms();
    run_sql(pg, create);
    return (stopwatch_ms() - started) / 1000;
}

double index_mb(PGconn *pg, const char *name)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT pg_relation_size('%s') / 1048576.0", name);
    return strtod(query_value(pg, sql), NULL);
}

void prewarm(PGconn *pg, const char *table)
{
    char sql[256];
    run_sql(pg, "CREATE EXTENSION IF NOT EXISTS pg_prewarm");
    snprintf(
        sql, sizeof sql,
        "SELECT pg_prewarm('%s'), (SELECT sum(pg_prewarm(indexrelid)) FROM pg_index WHERE indrelid = '%s'::regclass)",
        table, table);
    run_sql(pg, sql);
}

#define TENANTVEC_WAY .kind = WAY_TENANT, .sql = spec_sql, .plan = TENANTVEC_INDEX, .index = TENANTVEC_INDEX
#define EXACT_WAY .kind = WAY_TENANT, .sql = exact_sql, .plan = "Index Cond: (domain_uuid", .not_plan = TENANTVEC_INDEX
#define TWO_STAGE_WAY .kind = WAY_TWO_STAGE, .plan = "idx_chunks_embedding_bits", .not_plan = TENANTVEC_INDEX

/* The fewest candidates, of 10 doubled and so on, with which plain arrays give the recall that is asked of the index.
 */
static void calibrate(way *arrays, question *questions, size_t count)
{
    for (arrays->candidates = 10; arrays->candidates < 5000; arrays->candidates *= 2) {
        way_reset(arrays);
        way_run(arrays, questions, count, 0);
        if (way_recall(arrays) >= recall_wanted)
            break;
    }
    way_reset(arrays);
}

static void compare_ways(const dataset *d, question *questions, size_t count)
{
    struct limit *plain = limit_new(d);
    way exact = { .name = "exact, b-tree on domain_uuid", EXACT_WAY };
    way two_stage = { .name = "two-stage, 400 candidates", TWO_STAGE_WAY, .candidates = CANDIDATES };
    way narrow = { .name = "two-stage, 100 candidates", TWO_STAGE_WAY, .candidates = FEW_CANDIDATES };
    way tenantvec = { .name = "tenantvec", TENANTVEC_WAY };
    way arrays = { .name = "the limit: plain arrays, no server", .kind = WAY_PLAIN, .in = plain };
    way *const ways[] = { &exact, &two_stage, &narrow, &tenantvec, &arrays };
    way_run_truth(&exact, questions, count);
    calibrate(&arrays, questions, count);
    way_reset(&exact);
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
            way_run(ways[i], questions, count, 0);
    }
    ways_header();
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        way_print(ways[i]);
    printf("\nThe limit ranks %d candidates exactly.\n", arrays.candidates);
    goal("recall@5", way_recall(&tenantvec), false, recall_wanted, 4, "");
    goal("short answers", (double)tenantvec.short_answers, true, 0, 0, "");
    goal("p99 / exact", way_p99(&tenantvec) / way_p99(&exact), true, 1.0 / 20, 3, "");
    goal("p99 / two-stage", way_p99(&tenantvec) / way_p99(&two_stage), true, 1.0 / 4, 3, "");
    goal("p99 / limit", way_p99(&tenantvec) / way_p99(&arrays), true, 8, 1, "×");
    goal("p50 / exact", way_p50(&tenantvec) / way_p50(&exact), true, 1, 2, "×");
    limit_free(plain);
}

static double middle(const double rates[CLIENT_ROUNDS])
{
    samples s = { 0 };
    for (int i = 0; i < CLIENT_ROUNDS; i++)
        samples_add(&s, rates[i]);
    double rate = samples_percentile(&s, 0.5);
    samples_free(&s);
    return rate;
}

static void compare_clients(question *questions, size_t count)
{
    way ways[] = { { .name = "exact, b-tree on domain_uuid", EXACT_WAY },
                   { .name = "two-stage, 400 candidates", TWO_STAGE_WAY, .candidates = CANDIDATES },
                   { .name = "tenantvec", TENANTVEC_WAY } };
    enum { WAYS = sizeof ways / sizeof ways[0] };
    double rates[WAYS][CLIENT_ROUNDS];
    for (int round = 0; round < CLIENT_ROUNDS; round++) {
        for (int i = 0; i < WAYS; i++)
            rates[i][round] = way_run_clients(&ways[i], questions, count, CLIENTS);
    }
    printf(
        "\n%d clients, the same questions; %d rounds in turns, medians.\n\n| way | searches a second |\n|---|---:|\n",
        CLIENTS, CLIENT_ROUNDS);
    for (int i = 0; i < WAYS; i++)
        printf("| %s | %.0f |\n", ways[i].name, middle(rates[i]));
    goal("searches a second of 8 clients / two-stage", middle(rates[2]) / middle(rates[1]), false, 3, 1, "×");
}

static void compare_builds(PGconn *pg)
{
    run_sql(pg, "SET maintenance_work_mem = '6GB'");
    double seconds = build_index(pg, TENANTVEC_INDEX, create_tenantvec);
    double hnsw_seconds = build_index(pg, HNSW_INDEX, create_hnsw);
    double mb = index_mb(pg, TENANTVEC_INDEX), hnsw_mb = index_mb(pg, HNSW_INDEX);
    printf("| index | build s | MB |\n|---|---:|---:|\n| two-stage | | %.1f |\n| tenantvec | %.1f | %.1f |\n"
           "| HNSW | %.1f | %.1f |\n\n",
           index_mb(pg, "idx_chunks_embedding_bits"), seconds, mb, hnsw_seconds, hnsw_mb);
    fflush(stdout);
    goal("index size / HNSW", mb / hnsw_mb, true, 1.0 / 6, 3, "");
    goal("build time / HNSW", seconds / hnsw_seconds, true, 1.0 / 5, 3, "");
}

void measure_ordered(void)
{
    dataset d;
    size_t count;
    set_init(SET_ORDERED, quick, &d);
    set_use(SET_ORDERED, quick);
    PGconn *pg = bench_connect(NULL);
    question *questions = questions_make(&d, &count);
    printf(
        "%d chunks of %d dimensions, %d tenants, the largest with %d chunks; rows ordered by tenant. One connection, "
        "%zu questions, %d times, the ways in turns.\n\n",
        d.chunks, VDB_DIMENSIONS, d.tenants, dataset_size(&d, 0), count, ROUNDS);
    prewarm(pg, "v_voice_document_chunks");
    compare_builds(pg);
    run_sql(pg, "CHECKPOINT");
    prewarm(pg, "v_voice_document_chunks");
    compare_ways(&d, questions, count);
    compare_clients(questions, count);
    measure_inserts(pg, &d);
    free(questions);
    PQfinish(pg);
    dataset_free(&d);
}

/* The set's own part of a comparison: its questions with their truth, the index built. */
typedef struct side {
    set_name set;
    way exact, tenantvec;
    question *questions;
    size_t count;
    dataset d;
} side;

static void side_open(side *s, set_name set, const char *name)
{
    *s = (side){ .set = set, .exact = { .name = "exact", EXACT_WAY }, .tenantvec = { .name = name, TENANTVEC_WAY } };
    set_init(set, quick, &s->d);
    set_use(set, quick);
    s->questions = questions_make(&s->d, &s->count);
    PGconn *pg = bench_connect("SET maintenance_work_mem = '3GB'");
    build_index(pg, TENANTVEC_INDEX, create_tenantvec);
    run_sql(pg, "CHECKPOINT");
    prewarm(pg, "v_voice_document_chunks");
    PQfinish(pg);
    if (dataset_size(&s->d, 0) < 1000)
        s->tenantvec.plan = ""; /* the planner may find the rows of such small tenants by another index */
    way_run_truth(&s->exact, s->questions, s->count);
}

static void side_close(side *s)
{
    free(s->questions);
    dataset_free(&s->d);
}

/* `b` may have more questions than `a`, which is asked its own as often as makes up for that. */
static void compare_sides(side *a, side *b)
{
    for (int round = 0; round < ROUNDS; round++) {
        set_use(a->set, quick);
        for (size_t asked = 0; asked < b->count; asked += a->count)
            way_run(&a->tenantvec, a->questions, a->count, 0);
        set_use(b->set, quick);
        way_run(&b->tenantvec, b->questions, b->count, 0);
    }
    ways_header();
    way_print(&a->tenantvec);
    way_print(&b->tenantvec);
    side_close(a);
    side_close(b);
}

void measure_shuffled(void)
{
    side ordered, shuffled;
    side_open(&ordered, SET_ORDERED, "tenantvec, rows ordered by tenant");
    side_open(&shuffled, SET_SHUFFLED, "tenantvec, rows of all tenants mixed");
    puts("\nThe order of the rows in the table.\n");
    compare_sides(&ordered, &shuffled);
    goal("p99 with mixed rows / ordered", way_p99(&shuffled.tenantvec) / way_p99(&ordered.tenantvec), true, 1.5, 2,
         "×");
    goal("short answers with mixed rows", (double)shuffled.tenantvec.short_answers, true, 0, 0, "");
}

void measure_tenants(void)
{
    side few, many;
    char names[2][64] = { "tenantvec", "tenantvec" };
    side_open(&few, SET_FEW, names[0]);
    side_open(&many, SET_MANY, names[1]);
    snprintf(names[0], sizeof names[0], "tenantvec, %d tenants", few.d.tenants);
    snprintf(names[1], sizeof names[1], "tenantvec, %d tenants", many.d.tenants);
    printf("\nMore tenants of the same sizes, from %d to %d chunks.\n\n", dataset_size(&few.d, few.d.tenants - 1),
           dataset_size(&few.d, 0));
    compare_sides(&few, &many);
    goal("p50 of ten times as many tenants", way_p50(&many.tenantvec) / way_p50(&few.tenantvec), true, 1.2, 2, "×");
    goal("p99 of ten times as many tenants", way_p99(&many.tenantvec) / way_p99(&few.tenantvec), true, 1.2, 2, "×");
}

static const struct part {
    const char *name;
    void (*measure)(void);
} parts[] = { { "ordered", measure_ordered },
              { "shuffled", measure_shuffled },
              { "tenants", measure_tenants },
              { "sizes", measure_sizes },
              { "kinds", measure_kinds } };

int main(int argc, char **argv)
{
    quick = option(&argc, argv, "--quick");
    if (option(&argc, argv, "--prepare")) {
        prepare_sizes();
        return 0;
    }
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (argc < 2 || strcmp(argv[1], parts[i].name) == 0)
            parts[i].measure();
    }
    print_goals();
    return 0;
}
