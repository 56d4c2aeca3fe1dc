#include "limit.h"

#include "queries.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { WARM_UP = 20, LEAST_QUESTIONS = 30, PARAMETERS = 8 };

#define SPEC_COLUMNS                                                                                                   \
    "SELECT chunk_uuid, content, 1 - (embedding <=> $2::vector) AS similarity FROM v_voice_document_chunks "

const char spec_sql[] = SPEC_COLUMNS "WHERE domain_uuid = $1 ORDER BY embedding <=> $2::vector LIMIT 5";
const char exact_sql[] = SPEC_COLUMNS "WHERE domain_uuid = $1 ORDER BY (embedding <=> $2::vector) + 0 LIMIT 5";
const char hnsw_sql[] =
    SPEC_COLUMNS "WHERE domain_uuid = $1 AND " HNSW_PREDICATE " ORDER BY embedding <=> $2::vector LIMIT 5";
const char everywhere_sql[] =
    "SELECT chunk_uuid, content, 1 - (embedding <=> $1::vector) AS similarity "
    "FROM v_voice_document_chunks WHERE " HNSW_PREDICATE " ORDER BY embedding <=> $1::vector LIMIT 5";

void question_make(const dataset *d, int tenant, int number, question *q)
{
    uint8_t uuid[16];
    int size = dataset_size(d, tenant);
    *q = (question){ .tenant = tenant, .possible = size < TOP ? size : TOP, .dimensions = VDB_DIMENSIONS };
    tenant_uuid_of(tenant, uuid);
    uuid_text(uuid, q->domain);
    question_vector(d, tenant, number, q->vector);
}

question *questions_make(const dataset *d, size_t *count)
{
    *count = (size_t)d->tenants + (size_t)d->tenants / 2;
    question *questions = allocate(*count, sizeof *questions);
    random_stream r = { 5 };
    for (size_t i = 0; i < *count; i++) {
        int drawn = dataset_tenant_of(d, (int)random_below(&r, (uint64_t)d->chunks));
        question_make(d, i < (size_t)d->tenants ? (int)i : drawn, (int)i, &questions[i]);
    }
    for (size_t i = *count - 1; i > 0; i--) { /* so that neighbours in time are not neighbours in size */
        size_t j = random_below(&r, i + 1);
        question swapped = questions[i];
        questions[i] = questions[j];
        questions[j] = swapped;
    }
    return questions;
}

typedef struct bound {
    char wire[WIRE_VECTOR_BYTES], candidates[16];
    const char *values[PARAMETERS];
    int lengths[PARAMETERS], formats[PARAMETERS], count;
} bound;

static void bind(const way *w, const question *q, bound *b)
{
    int vector = w->kind == WAY_ALL ? 0 : 1;
    *b = (bound){ .count = w->kind == WAY_TWO_STAGE ? PARAMETERS : vector + 1 };
    snprintf(b->candidates, sizeof b->candidates, "%d", w->candidates);
    const char *const all[] = { q->domain, b->wire, NULL, NULL, NULL, BENCH_MODEL, b->candidates, "5" };
    memcpy(b->values, all, sizeof all);
    b->values[vector] = b->wire;
    b->lengths[vector] = wire_floats(q->vector, q->dimensions, b->wire);
    b->formats[vector] = 1;
}

static void take_rows(answer *a, PGconn *pg, const PGresult *result)
{
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        die("%s", PQerrorMessage(pg));
    int similarity = PQfnumber(result, "similarity");
    a->count = PQntuples(result);
    for (int i = 0; i < a->count; i++) {
        snprintf(a->chunks[i], UUID_ROOM, "%s", PQgetvalue(result, i, 0));
        a->similarity[i] = strtod(PQgetvalue(result, i, similarity), NULL);
        for (int j = 0; j < i; j++) {
            if (strcmp(a->chunks[i], a->chunks[j]) == 0)
                die("chunk %s was found twice", a->chunks[i]);
        }
    }
}

static double ask_server(PGconn *pg, const way *w, const question *q, answer *a)
{
    bound b;
    bind(w, q, &b);
    double started = stopwatch_ms();
    PGresult *result = PQexecPrepared(pg, "asked", b.count, b.values, b.lengths, b.formats, 0);
    double took = stopwatch_ms() - started;
    take_rows(a, pg, result);
    PQclear(result);
    return took;
}

static double ask_plain(const way *w, const question *q, answer *a)
{
    int found[TOP];
    double started = stopwatch_ms();
    a->count = limit_search(w->in, q->tenant, q->vector, w->candidates, found);
    double took = stopwatch_ms() - started;
    for (int i = 0; i < a->count; i++) {
        uint8_t uuid[16];
        chunk_uuid_of(found[i], uuid);
        uuid_text(uuid, a->chunks[i]);
        a->similarity[i] = -2; /* in other sums than the server's: only the chunk itself counts */
    }
    return took;
}

static double ask(PGconn *pg, const way *w, const question *q, answer *a)
{
    return w->kind == WAY_PLAIN ? ask_plain(w, q, a) : ask_server(pg, w, q, a);
}

/* A chunk as near as the last of the true ones is as good. */
static void judge(way *w, const question *q, const answer *found)
{
    w->asked++;
    w->wanted += (size_t)q->truth.count;
    w->short_answers += found->count < q->possible;
    for (int i = 0; i < found->count; i++) {
        bool hit = q->truth.count > 0 && found->similarity[i] >= q->truth.similarity[q->truth.count - 1];
        for (int j = 0; j < q->truth.count && !hit; j++)
            hit = strcmp(q->truth.chunks[j], found->chunks[i]) == 0;
        w->hits += hit;
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

static PGconn *prepare(const way *w)
{
    PGconn *pg = bench_connect("SET jit = off");
    if (w->settings != NULL)
        run_sql(pg, w->settings);
    PGresult *result =
        PQprepare(pg, "asked", w->kind == WAY_TWO_STAGE ? queries[QUERY_SEARCH_TWO_STAGE].text : w->sql, 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        die("%s", PQerrorMessage(pg));
    PQclear(result);
    return pg;
}

/* "EXECUTE asked (…)" with the question's values as literals. */
static void write_execute(FILE *to, const way *w, const question *q)
{
    fputs("EXPLAIN EXECUTE asked (", to);
    if (w->kind != WAY_ALL)
        fprintf(to, "'%s', ", q->domain);
    for (int i = 0; i < q->dimensions; i++)
        fprintf(to, "%s%.9g", i == 0 ? "'[" : ",", (double)q->vector[i]);
    fputs("]'", to);
    if (w->kind == WAY_TWO_STAGE)
        fprintf(to, ", NULL, NULL, NULL, '" BENCH_MODEL "', %d, 5", w->candidates);
    fputc(')', to);
}

static char *explain(PGconn *pg, const way *w, const question *q)
{
    char *sql = NULL, *plan = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&sql, &length);
    if (to == NULL)
        die("memory ran out");
    write_execute(to, w, q);
    fclose(to);
    PGresult *result = query_sql(pg, sql);
    free(sql);
    to = open_memstream(&plan, &length);
    if (to == NULL)
        die("memory ran out");
    for (int i = 0; i < PQntuples(result); i++)
        fprintf(to, "%.160s\n", PQgetvalue(result, i, 0));
    fclose(to);
    PQclear(result);
    return plan;
}

/* The plan that the prepared statement has for the tenant that most depends on it. */
static void check_plan(PGconn *pg, const way *w, const question *questions, size_t count)
{
    const question *largest = &questions[0];
    for (size_t i = 0; i < count; i++) {
        if (questions[i].tenant < largest->tenant)
            largest = &questions[i];
    }
    char *plan = explain(pg, w, largest);
    if (strstr(plan, w->plan) == NULL || (w->not_plan != NULL && strstr(plan, w->not_plan) != NULL))
        die("%s: this is not the plan that was to be measured (%s)\n%s", w->name, w->plan, plan);
    free(plan);
}

static void warm_up(PGconn *pg, const way *w, const question *questions, size_t count)
{
    for (size_t i = 0; i < WARM_UP; i++) {
        answer ignored = { .count = 0 };
        ask(pg, w, &questions[i % count], &ignored);
    }
}

static void run(way *w, question *questions, size_t count, double limit_ms, bool truth)
{
    fprintf(stderr, "%s\n", w->name);
    long scans_before = index_scans(w->index);
    PGconn *pg = w->kind == WAY_PLAIN ? NULL : prepare(w);
    warm_up(pg, w, questions, count);
    if (pg != NULL)
        check_plan(pg, w, questions, count);
    double started = stopwatch_ms();
    for (size_t i = 0; i < count; i++) {
        if (limit_ms > 0 && i >= LEAST_QUESTIONS && stopwatch_ms() - started > limit_ms)
            break;
        answer found = { .count = 0 };
        samples_add(&w->times, ask(pg, w, &questions[i], &found));
        if (truth)
            questions[i].truth = found;
        judge(w, &questions[i], &found);
    }
    if (pg != NULL)
        finish(pg);
    w->scans += index_scans(w->index) - scans_before;
    w->warm_ups += WARM_UP;
}

void way_run(way *w, question *questions, size_t count, double limit_ms)
{
    run(w, questions, count, limit_ms, false);
}

void way_run_truth(way *w, question *questions, size_t count)
{
    run(w, questions, count, 0, true);
}

typedef struct crowd {
    const way *w;
    const question *questions;
    size_t count;
    atomic_size_t next;
    pthread_barrier_t start;
} crowd;

static void *be_client(void *context)
{
    crowd *c = context;
    PGconn *pg = prepare(c->w);
    warm_up(pg, c->w, c->questions, c->count);
    pthread_barrier_wait(&c->start);
    for (size_t i; (i = atomic_fetch_add(&c->next, 1)) < c->count;) {
        answer found = { .count = 0 };
        ask_server(pg, c->w, &c->questions[i], &found);
        if (found.count < c->questions[i].possible)
            die("%s: a short answer", c->w->name);
    }
    PQfinish(pg);
    return NULL;
}

double way_run_clients(way *w, question *questions, size_t count, int clients)
{
    crowd c = { .w = w, .questions = questions, .count = count };
    pthread_t *threads = allocate((size_t)clients, sizeof *threads);
    fprintf(stderr, "%s, %d clients\n", w->name, clients);
    pthread_barrier_init(&c.start, NULL, (unsigned)clients + 1);
    for (int i = 0; i < clients; i++) {
        if (pthread_create(&threads[i], NULL, be_client, &c) != 0)
            die("a thread cannot be started");
    }
    pthread_barrier_wait(&c.start);
    double started = stopwatch_ms();
    for (int i = 0; i < clients; i++)
        pthread_join(threads[i], NULL);
    double took = stopwatch_ms() - started;
    pthread_barrier_destroy(&c.start);
    free(threads);
    return (double)count / took * 1000;
}

void way_reset(way *w)
{
    samples_free(&w->times);
    w->asked = w->hits = w->wanted = w->short_answers = w->warm_ups = 0;
    w->scans = 0;
}

double way_recall(const way *w)
{
    return (double)w->hits / (double)w->wanted;
}

double way_p50(const way *w)
{
    return samples_percentile(&w->times, 0.5);
}

double way_p99(const way *w)
{
    return samples_percentile(&w->times, 0.99);
}

double way_rate(const way *w)
{
    return (double)w->times.count / samples_sum(&w->times) * 1000;
}

void ways_header(void)
{
    puts("| way | recall@5 | short answers | p50 ms | p99 ms | max ms | searches a second | index used |\n"
         "|---|---:|---:|---:|---:|---:|---:|---:|");
}

void way_print(const way *w)
{
    char used[32] = "";
    if (w->index != NULL)
        snprintf(used, sizeof used, "%.0f %%", 100 * (double)w->scans / (double)(w->asked + w->warm_ups));
    printf("| %s | %.4f | %zu of %zu | %s | %s | %s | %.0f | %s |\n", w->name, way_recall(w), w->short_answers,
           w->asked, ms_text(way_p50(w)), ms_text(way_p99(w)), ms_text(samples_percentile(&w->times, 1)), way_rate(w),
           used);
    fflush(stdout);
}
