/*
 * What the library adds to a search: the same questions through vdb_search() and through the same prepared statements
 * on bare libpq, in turns, so that the machine's moods meet both. Both send the tenant's scope and the search as one
 * transaction in one round trip; only the library turns floats into PostgreSQL's format within its time, picks a
 * connection, decodes the rows. The third way tells what row-level security costs: the same statements with the login's
 * own role, a superuser's, in the place of voicedb_app.
 */
#include "bare.h"

enum { QUESTIONS = 500, ROUNDS = 6, UUID_ROOM = 37, WAYS = 3 };

static const char unbound_scope[] =
    "SELECT set_config('role', 'none', true), set_config('voicedb.domain_uuid', $1, true)";

typedef struct question {
    char domain[UUID_ROOM];
    float vector[VDB_DIMENSIONS];
} question;

static double ask_bare(PGconn *pg, const question *q, int *rows)
{
    char wire[WIRE_VECTOR_BYTES];
    PGresult *result;
    wire_vector(q->vector, wire);
    double took = bare_search(pg, q->domain, wire, &result);
    *rows = PQntuples(result);
    PQclear(result);
    return took;
}

static double ask_library(vdb_tenant *tenant, const question *q, int *rows)
{
    vdb_error error;
    vdb_search_result *result;
    const vdb_search_request request = {
        .embedding = q->vector, .dimensions = VDB_DIMENSIONS, .embedding_model = BENCH_MODEL, .keep_duplicates = true
    };
    double started = stopwatch_ms();
    must(vdb_search(tenant, &request, &result, &error), &error);
    double took = stopwatch_ms() - started;
    *rows = (int)result->count;
    vdb_search_free(result);
    return took;
}

static question *make_questions(const dataset *d)
{
    question *all = allocate(QUESTIONS, sizeof *all);
    random_stream r = { 11 };
    for (int i = 0; i < QUESTIONS; i++) {
        int tenant = (int)random_below(&r, (uint64_t)d->tenants);
        uint8_t uuid[16];
        tenant_uuid_of(tenant, uuid);
        uuid_text(uuid, all[i].domain);
        question_vector(d, tenant, i, all[i].vector);
    }
    return all;
}

static void print_line(const char *name, const samples *s)
{
    printf("| %s | %zu | %s | %s | %s |\n", name, s->count, ms_text(samples_percentile(s, 0.5)),
           ms_text(samples_percentile(s, 0.99)), ms_text(samples_percentile(s, 1)));
}

typedef struct ways {
    vdb_pool *pool;
    PGconn *bound, *unbound;
    samples took[WAYS];
} ways;

static double ask(ways *w, int way, const question *q, vdb_tenant *tenant, int *rows)
{
    return way == 0 ? ask_library(tenant, q, rows) : ask_bare(way == 1 ? w->bound : w->unbound, q, rows);
}

/* Each way first as often as any other. */
static void ask_all_ways(ways *w, const question *q, int first)
{
    vdb_error error;
    vdb_tenant *tenant;
    int rows[WAYS];
    must(vdb_tenant_open(w->pool, q->domain, &tenant, &error), &error);
    for (int i = 0; i < WAYS; i++) {
        int way = (first + i) % WAYS;
        samples_add(&w->took[way], ask(w, way, q, tenant, &rows[way]));
    }
    if (rows[0] != rows[1] || rows[1] != rows[2])
        die("the library found %d rows, bare libpq %d, without row-level security %d", rows[0], rows[1], rows[2]);
    vdb_tenant_close(tenant);
}

static void report(const ways *w)
{
    static const char *const names[WAYS] = { "vdb_search()", "bare libpq, prepared, pipelined",
                                             "the same without row-level security" };
    printf("%d questions to tenants of any size, %d times; all ways in turns, each first as often as the others.\n\n"
           "| way | searches | p50 ms | p99 ms | max ms |\n|---|---:|---:|---:|---:|\n",
           QUESTIONS, ROUNDS);
    double p50[WAYS];
    for (int i = 0; i < WAYS; i++) {
        print_line(names[i], &w->took[i]);
        p50[i] = samples_percentile(&w->took[i], 0.5);
    }
    target_header();
    target_line("p50 of the library / bare libpq", p50[0] / p50[1], true, 1.3, 2, "×");
    target_line("p50 with row-level security / without", p50[1] / p50[2], true, 1.1, 2, "×");
}

int main(int argc, char **argv)
{
    dataset d;
    dataset_init_sized(&d, option(&argc, argv, "--quick"));
    question *questions = make_questions(&d);
    vdb_error error;
    ways w = { .bound = bare_connect("SET jit = off", NULL), .unbound = bare_connect("SET jit = off", unbound_scope) };
    must(vdb_pool_open(&(vdb_options){ .max_connections = 1 }, &w.pool, &error), &error);
    for (int i = 0; i < QUESTIONS * ROUNDS; i++)
        ask_all_ways(&w, &questions[i % QUESTIONS], (i + i / QUESTIONS) % WAYS);
    report(&w);
    for (int i = 0; i < WAYS; i++)
        samples_free(&w.took[i]);
    PQfinish(w.bound);
    PQfinish(w.unbound);
    vdb_pool_close(w.pool);
    free(questions);
    dataset_free(&d);
    return 0;
}
