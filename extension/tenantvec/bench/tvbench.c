/*
 * tvbench: loads vectors of many tenants into PostgreSQL and measures ways to search them, side by side.
 *
 *   tvbench load  [options]    make the table and fill it
 *   tvbench index [options]    build the indexes, with their times and sizes
 *   tvbench run   [options]    ask the same questions every way
 *
 * The connection is libpq's own (PGHOST, PGDATABASE …).
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>

#include "data.h"
#include "limit.h"

typedef struct options {
    data_set data;
    int queries;
    int k;
    int shuffled;
    int hnsw;
    const char *ways;
    const char *with;
} options;

typedef struct way {
    const char *name;
    const char *settings;
    const char *sql;
} way;

static const way ways[] = {
    { "exact", "", "SELECT id FROM tvbench WHERE tenant = $1 ORDER BY (embedding <=> $2::vector) + 0 LIMIT $3" },
    { "two-stage", "",
      "WITH q AS MATERIALIZED (SELECT binary_quantize($2::vector)::bit varying AS bits) "
      "SELECT id FROM (SELECT id, embedding FROM tvbench, q WHERE tenant = $1 ORDER BY tvbench.bits <~> "
      "q.bits::bit(%d) LIMIT 50) x "
      "ORDER BY embedding <=> $2::vector LIMIT $3" },
    { "tenantvec", "SET enable_sort = off",
      "SELECT id FROM tvbench WHERE tenant = $1 ORDER BY embedding <=> $2::vector LIMIT $3" },
};

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void fail(PGconn *conn, const char *what)
{
    fprintf(stderr, "tvbench: %s: %s", what, conn ? PQerrorMessage(conn) : "out of memory\n");
    exit(1);
}

static PGresult *execute(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);

    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
        fail(conn, sql);
    return result;
}

static void run_sql(PGconn *conn, const char *sql)
{
    PQclear(execute(conn, sql));
}

static void put16(char **p, int value)
{
    *(*p)++ = (char)(value >> 8);
    *(*p)++ = (char)value;
}

static void put32(char **p, uint32_t value)
{
    put16(p, (int)(value >> 16));
    put16(p, (int)(value & 0xffff));
}

static int put_vector(char *out, const float *x, int dim)
{
    char *p = out;

    put16(&p, dim);
    put16(&p, 0);
    for (int i = 0; i < dim; i++) {
        uint32_t bits;

        memcpy(&bits, &x[i], sizeof(bits));
        put32(&p, bits);
    }
    return (int)(p - out);
}

/* A permutation of the rows: as they are, or shuffled. */
static int *row_order(const options *opt)
{
    int n = opt->data.rows;
    int *order = malloc(sizeof(int) * n);
    uint64_t state = opt->data.seed;

    for (int i = 0; i < n; i++)
        order[i] = i;
    for (int i = n - 1; opt->shuffled && i > 0; i--) {
        int j = (int)(data_random(&state) % (i + 1));
        int t = order[i];

        order[i] = order[j];
        order[j] = t;
    }
    return order;
}

static void load(PGconn *conn, const options *opt)
{
    const data_set *data = &opt->data;
    char *row = malloc(64 + 4 * (size_t)data->dim);
    int *order = row_order(opt);
    char sql[512];

    run_sql(conn, "CREATE EXTENSION IF NOT EXISTS tenantvec CASCADE");
    run_sql(conn, "DROP TABLE IF EXISTS tvbench");
    snprintf(sql, sizeof(sql),
             "CREATE TABLE tvbench (id int PRIMARY KEY, tenant int NOT NULL, embedding vector(%d) NOT NULL, "
             "bits bit(%d) GENERATED ALWAYS AS (binary_quantize(embedding)::bit(%d)) STORED)",
             data->dim, data->dim, data->dim);
    run_sql(conn, sql);
    run_sql(conn, "ALTER TABLE tvbench ALTER embedding SET STORAGE EXTERNAL");
    PQclear(PQexec(conn, "COPY tvbench (id, tenant, embedding) FROM STDIN (FORMAT binary)"));
    if (PQputCopyData(conn, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19) != 1)
        fail(conn, "COPY");
    for (int i = 0; i < data->rows; i++) {
        char *p = row;
        int r = order[i];

        put16(&p, 3);
        put32(&p, 4);
        put32(&p, r);
        put32(&p, 4);
        put32(&p, data->tenant[r]);
        put32(&p, 4 + 4 * data->dim);
        p += put_vector(p, data->vectors + (size_t)r * data->dim, data->dim);
        if (PQputCopyData(conn, row, (int)(p - row)) != 1)
            fail(conn, "COPY");
    }
    if (PQputCopyData(conn, "\377\377", 2) != 1 || PQputCopyEnd(conn, NULL) != 1)
        fail(conn, "COPY");
    PQclear(PQgetResult(conn));
    PQclear(PQgetResult(conn));
    run_sql(conn, "VACUUM ANALYZE tvbench");
    free(order);
    free(row);
}

static void build_index(PGconn *conn, const char *name, const char *definition)
{
    char sql[512];
    double start;
    PGresult *result;

    snprintf(sql, sizeof(sql), "DROP INDEX IF EXISTS tvbench_%s", name);
    run_sql(conn, sql);
    start = now_ms();
    snprintf(sql, sizeof(sql), "CREATE INDEX tvbench_%s ON tvbench USING %s", name, definition);
    run_sql(conn, sql);
    start = now_ms() - start;
    snprintf(sql, sizeof(sql), "SELECT pg_relation_size('tvbench_%s')", name);
    result = execute(conn, sql);
    printf("index %-10s %8.1f s %8.1f MB\n", name, start / 1e3, atof(PQgetvalue(result, 0, 0)) / 1048576);
    PQclear(result);
}

static void indexes(PGconn *conn, const options *opt)
{
    char definition[256];

    build_index(conn, "btree", "btree (tenant)");
    snprintf(definition, sizeof(definition), "tenantvec (tenant, embedding vector_cosine_ops) %s%s%s",
             *opt->with ? "WITH (" : "", opt->with, *opt->with ? ")" : "");
    build_index(conn, "tenantvec", definition);
    if (opt->hnsw)
        build_index(conn, "hnsw", "hnsw (embedding vector_cosine_ops)");
    run_sql(conn, "VACUUM ANALYZE tvbench");
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

typedef struct tally {
    double *ms;
    int n;
    int hits;
    int wanted;
    int too_few;
} tally;

static void count(tally *tally, double ms, const int *truth, const int *rows, int n, int k, int size)
{
    int expected = size < k ? size : k;

    tally->ms[tally->n++] = ms;
    tally->wanted += expected;
    tally->too_few += n < expected;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < expected; j++)
            tally->hits += rows[i] == truth[j];
}

static void report(const char *name, tally *tally)
{
    double total = 0;

    qsort(tally->ms, tally->n, sizeof(double), compare_doubles);
    for (int i = 0; i < tally->n; i++)
        total += tally->ms[i];
    printf("%-10s recall %.4f  too few %4d  p50 %7.3f  p99 %7.3f  max %7.3f ms  %8.0f q/s\n", name,
           tally->wanted ? (double)tally->hits / tally->wanted : 1, tally->too_few, tally->ms[tally->n / 2],
           tally->ms[(int)(tally->n * 0.99)], tally->ms[tally->n - 1], tally->n / total * 1e3);
}

/* Tenants by their rows, so that large ones are asked as often as they would be. */
static int query_tenant(const data_set *data, int number)
{
    uint64_t state = data->seed + 77 + number;

    return data->tenant[data_random(&state) % data->rows];
}

static int ask(PGconn *conn, const options *opt, int tenant, const float *query, int *rows)
{
    char vector[4 + 4 * opt->data.dim];
    char tenant_value[4], limit_value[8];
    const char *values[] = { tenant_value, vector, limit_value };
    int lengths[] = { 4, 0, 8 };
    int formats[] = { 1, 1, 1 };
    char *p = tenant_value;
    PGresult *result;
    int n;

    put32(&p, tenant);
    lengths[1] = put_vector(vector, query, opt->data.dim);
    p = limit_value;
    put32(&p, 0);
    put32(&p, opt->k);
    result = PQexecPrepared(conn, "ask", 3, values, lengths, formats, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        fail(conn, "query");
    n = PQntuples(result);
    for (int i = 0; i < n; i++)
        rows[i] = atoi(PQgetvalue(result, i, 0));
    PQclear(result);
    return n;
}

static void run_way(PGconn *conn, const options *opt, const way *way, int *const *truth)
{
    const data_set *data = &opt->data;
    tally tally = { .ms = malloc(sizeof(double) * opt->queries) };
    float *query = malloc(sizeof(float) * data->dim);
    int *rows = malloc(sizeof(int) * opt->k);
    char sql[1024];
    PGresult *result;

    run_sql(conn, "DEALLOCATE ALL");
    run_sql(conn, "RESET ALL");
    if (*way->settings)
        run_sql(conn, way->settings);
    snprintf(sql, sizeof(sql), way->sql, data->dim);
    result = PQprepare(conn, "ask", sql, 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        fail(conn, sql);
    PQclear(result);
    for (int pass = 0; pass < 2; pass++) {
        tally.n = tally.hits = tally.wanted = tally.too_few = 0;
        for (int i = 0; i < opt->queries; i++) {
            int tenant = query_tenant(data, i);
            double start;
            int n;

            data_query(data, tenant, i, query);
            start = now_ms();
            n = ask(conn, opt, tenant, query, rows);
            count(&tally, now_ms() - start, truth[i], rows, n, opt->k, data->size[tenant]);
        }
    }
    report(way->name, &tally);
    free(tally.ms);
    free(query);
    free(rows);
}

static void run_limit(const options *opt, int *const *truth)
{
    const data_set *data = &opt->data;
    limit_index *index = limit_build(data);
    tally tally = { .ms = malloc(sizeof(double) * opt->queries) };
    float *query = malloc(sizeof(float) * data->dim);
    int *rows = malloc(sizeof(int) * opt->k);

    for (int i = 0; i < opt->queries; i++) {
        int tenant = query_tenant(data, i);
        double start;

        data_query(data, tenant, i, query);
        start = now_ms();
        limit_search(index, tenant, query, opt->k, 50, rows);
        count(&tally, now_ms() - start, truth[i], rows, data->size[tenant] < opt->k ? data->size[tenant] : opt->k,
              opt->k, data->size[tenant]);
    }
    report("limit", &tally);
}

static void run(PGconn *conn, const options *opt)
{
    const data_set *data = &opt->data;
    int **truth = malloc(sizeof(int *) * opt->queries);
    float *query = malloc(sizeof(float) * data->dim);

    for (int i = 0; i < opt->queries; i++) {
        int tenant = query_tenant(data, i);

        truth[i] = malloc(sizeof(int) * opt->k);
        data_query(data, tenant, i, query);
        exact_search(data, tenant, query, opt->k, truth[i]);
    }
    if (strstr(opt->ways, "limit"))
        run_limit(opt, truth);
    for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]); w++)
        if (strstr(opt->ways, ways[w].name))
            run_way(conn, opt, &ways[w], truth);
}

static int usage(void)
{
    puts("usage: tvbench load|index|run [--rows N] [--dim N] [--tenants N] [--zipf X] [--seed N] [--data "
         "topics|sift|uniform]\n"
         "       [--queries N] [--k N] [--shuffled] [--hnsw] [--with 'bits = 2'] [--ways "
         "limit,exact,two-stage,tenantvec]");
    return 2;
}

static int parse(int argc, char **argv, options *opt)
{
    static const struct option names[] = {
        { "rows", 1, 0, 'r' },    { "dim", 1, 0, 'd' },  { "tenants", 1, 0, 't' },
        { "zipf", 1, 0, 'z' },    { "seed", 1, 0, 's' }, { "data", 1, 0, 'D' },
        { "queries", 1, 0, 'q' }, { "k", 1, 0, 'k' },    { "shuffled", 0, 0, 'S' },
        { "hnsw", 0, 0, 'H' },    { "ways", 1, 0, 'w' }, { "with", 1, 0, 'W' },
        { 0, 0, 0, 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (c) {
        case 'r':
            opt->data.rows = atoi(optarg);
            break;
        case 'd':
            opt->data.dim = atoi(optarg);
            break;
        case 't':
            opt->data.tenants = atoi(optarg);
            break;
        case 'z':
            opt->data.zipf = atof(optarg);
            break;
        case 's':
            opt->data.seed = strtoull(optarg, NULL, 10);
            break;
        case 'q':
            opt->queries = atoi(optarg);
            break;
        case 'k':
            opt->k = atoi(optarg);
            break;
        case 'S':
            opt->shuffled = 1;
            break;
        case 'H':
            opt->hnsw = 1;
            break;
        case 'w':
            opt->ways = optarg;
            break;
        case 'W':
            opt->with = optarg;
            break;
        case 'D':
            opt->data.kind = *optarg == 's' ? DATA_SIFT : *optarg == 'u' ? DATA_UNIFORM : DATA_TOPICS;
            break;
        default:
            return -1;
        }
    }
    return optind == argc - 1 ? 0 : -1;
}

int main(int argc, char **argv)
{
    options opt = { .data = { .rows = 20000, .dim = 1536, .tenants = 100, .zipf = 1, .seed = 1 },
                    .queries = 500,
                    .k = 5,
                    .ways = "limit,exact,two-stage,tenantvec",
                    .with = "" };
    PGconn *conn;

    if (parse(argc, argv, &opt) != 0)
        return usage();
    conn = PQconnectdb("");
    if (PQstatus(conn) != CONNECTION_OK)
        fail(conn, "connect");
    if (strcmp(argv[optind], "index") == 0)
        indexes(conn, &opt);
    else if (data_make(&opt.data) != 0)
        fail(NULL, "data");
    else if (strcmp(argv[optind], "load") == 0)
        load(conn, &opt);
    else if (strcmp(argv[optind], "run") == 0)
        run(conn, &opt);
    else
        return usage();
    PQfinish(conn);
    return 0;
}
