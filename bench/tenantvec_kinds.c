/*
 * Vectors of several kinds, a tenant of each in a table of its own with whole numbers for tenants and vectors of any
 * length: what the codes can tell apart and what not.
 */
#include "kinds.h"
#include "tenantvec.h"

#include <string.h>

#define INDEX "kinds_tenantvec"
#define COLUMNS "SELECT chunk, 1 - (embedding <=> $2::vector) AS similarity FROM kinds WHERE tenant = $1 "

static const struct {
    const char *name, *create;
} indexes[] = {
    { "1 bit", "CREATE INDEX " INDEX " ON kinds USING tenantvec (tenant, embedding vector_cosine_ops)" },
    { "4 bits",
      "CREATE INDEX " INDEX " ON kinds USING tenantvec (tenant, embedding vector_cosine_ops) WITH (bits = 4)" },
};
enum { INDEXES = sizeof indexes / sizeof indexes[0] };

static void read_question(const char *text, int kind, question *q)
{
    char *end;
    *q = (question){ .possible = TOP };
    snprintf(q->domain, sizeof q->domain, "%d", kind);
    for (const char *at = text; *at != ']'; at = end)
        q->vector[q->dimensions++] = strtof(at + 1, &end);
}

static long count_rows(PGconn *pg, int kind)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM kinds WHERE tenant = %d", kind);
    return strtol(query_value(pg, sql), NULL, 10);
}

static question *read_questions(PGconn *pg, int kind, size_t *count)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT embedding FROM kind_questions WHERE tenant = %d ORDER BY chunk", kind);
    PGresult *result = query_sql(pg, sql);
    *count = (size_t)PQntuples(result);
    question *questions = *count == 0 ? NULL : allocate(*count, sizeof *questions);
    for (size_t i = 0; i < *count; i++)
        read_question(PQgetvalue(result, (int)i, 0), kind, &questions[i]);
    PQclear(result);
    return questions;
}

typedef struct asked {
    question *questions;
    size_t count;
    long rows;
    way exact, by[INDEXES];
} asked;

static void print_kind(vector_kind kind, const asked *a)
{
    printf("| %s | %d | %ld | %s |", kind_name(kind), a->questions[0].dimensions, a->rows, ms_text(way_p50(&a->exact)));
    for (int i = 0; i < INDEXES; i++)
        printf(" %.4f | %s | %s |", way_recall(&a->by[i]), ms_text(way_p50(&a->by[i])), ms_text(way_p99(&a->by[i])));
    putchar('\n');
}

static void print_kinds(const asked *all)
{
    fputs("\nVectors of other kinds; the real ones of a provider are there when one is configured.\n\n"
          "| vectors | dimensions | rows | exact p50 ms |",
          stdout);
    for (int i = 0; i < INDEXES; i++)
        printf(" %s: recall@5 | p50 ms | p99 ms |", indexes[i].name);
    puts("\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for (vector_kind kind = 0; kind < KINDS; kind++) {
        if (all[kind].count > 0)
            print_kind(kind, &all[kind]);
    }
    fflush(stdout);
}

void measure_kinds(void)
{
    asked all[KINDS] = { { .count = 0 } };
    set_use(SET_KINDS, quick);
    PGconn *pg = bench_connect("SET maintenance_work_mem = '3GB'");
    drop_index(pg, INDEX);
    prewarm(pg, "kinds");
    for (vector_kind kind = 0; kind < KINDS; kind++) {
        asked *a = &all[kind];
        a->questions = read_questions(pg, (int)kind, &a->count);
        a->rows = count_rows(pg, (int)kind);
        a->exact = (way){ .name = "exact", .sql = COLUMNS "ORDER BY (embedding <=> $2::vector) + 0 LIMIT 5" };
        a->exact.plan = "tenant";
        if (a->count > 0)
            way_run_truth(&a->exact, a->questions, a->count);
    }
    for (int i = 0; i < INDEXES; i++) {
        build_index(pg, INDEX, indexes[i].create);
        for (vector_kind kind = 0; kind < KINDS; kind++) {
            way *w = &all[kind].by[i];
            *w = (way){ .name = kind_name(kind),
                        .sql = COLUMNS "ORDER BY embedding <=> $2::vector LIMIT 5",
                        .plan = INDEX };
            if (all[kind].count > 0)
                way_run(w, all[kind].questions, all[kind].count, 0);
        }
    }
    print_kinds(all);
    for (vector_kind kind = 0; kind < KINDS; kind++)
        free(all[kind].questions);
    PQfinish(pg);
}
