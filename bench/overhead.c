/*
 * What the library adds to a search: the same questions through vdb_search() and through the same prepared statements
 * on bare libpq, in turns, so that the machine's moods meet both. Both send the tenant's scope and the search as one
 * transaction in one round trip; only the library turns floats into PostgreSQL's format within its time, picks a
 * connection, decodes the rows.
 */
#include "bare.h"

enum { QUESTIONS = 500, ROUNDS = 4, UUID_ROOM = 37 };

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
    const vdb_search_request request = { .embedding = q->vector,
                                         .dimensions = VDB_DIMENSIONS,
                                         .embedding_model = BENCH_MODEL };
    double started = now_ms();
    must(vdb_search(tenant, &request, &result, &error), &error);
    double took = now_ms() - started;
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

int main(int argc, char **argv)
{
    dataset d;
    dataset_init_sized(&d, option(&argc, argv, "--quick"));
    question *questions = make_questions(&d);
    vdb_error error;
    vdb_pool *pool;
    must(vdb_pool_open(&(vdb_options){ .max_connections = 1 }, &pool, &error), &error);
    PGconn *pg = bare_connect("SET jit = off");
    samples library = { 0 }, bare = { 0 };
    for (int i = 0; i < QUESTIONS * ROUNDS; i++) {
        const question *q = &questions[i % QUESTIONS];
        vdb_tenant *tenant;
        int rows[2];
        must(vdb_tenant_open(pool, q->domain, &tenant, &error), &error);
        if (i % 2 == 0)
            samples_add(&bare, ask_bare(pg, q, &rows[0]));
        samples_add(&library, ask_library(tenant, q, &rows[1]));
        if (i % 2 == 1)
            samples_add(&bare, ask_bare(pg, q, &rows[0]));
        if (rows[0] != rows[1])
            die("bare libpq found %d rows, the library %d", rows[0], rows[1]);
        vdb_tenant_close(tenant);
    }
    printf("%d questions to tenants of any size, %d times; both ways in turns, either one first every other time.\n\n"
           "| way | searches | p50 ms | p99 ms | max ms |\n|---|---:|---:|---:|---:|\n",
           QUESTIONS, ROUNDS);
    print_line("bare libpq, prepared, pipelined", &bare);
    print_line("vdb_search()", &library);
    target_header();
    target_line("p50 of the library / bare libpq", samples_percentile(&library, 0.5) / samples_percentile(&bare, 0.5),
                true, 1.3, 2, "×");
    samples_free(&library);
    samples_free(&bare);
    PQfinish(pg);
    vdb_pool_close(pool);
    free(questions);
    dataset_free(&d);
    return 0;
}
