/*
 * Fills the database of one of the measurements' sets, unless it is there already. `--list` prints the sets' words.
 *
 * usage: bench-tenantvec-load [--quick] SET | --list
 */
#include "kinds.h"
#include "sets.h"

#include <string.h>

enum { CHUNKS = 20000, QUICK_CHUNKS = 2000, PROVIDER_CHUNKS = 5000, QUESTIONS = 300, QUICK_QUESTIONS = 60 };

static bool quick;

static void copy_vectors(PGconn *pg, const char *sql, int kind, const float (*vectors)[VDB_DIMENSIONS], int count,
                         int dimensions)
{
    copy_stream c;
    char wire[WIRE_VECTOR_BYTES];
    copy_begin(&c, pg, sql);
    for (int i = 0; i < count; i++) {
        copy_row(&c, 3);
        copy_int(&c, kind * 1000000 + i);
        copy_int(&c, kind);
        copy_bytes(&c, wire, (size_t)wire_floats(vectors[i], dimensions, wire));
    }
    copy_end(&c);
}

static void load_kind(PGconn *pg, vector_kind kind)
{
    vector_set s;
    fprintf(stderr, "loading vectors of kind %s\n", kind_name(kind));
    vector_set_init(&s,
                    quick                   ? QUICK_CHUNKS
                    : kind == KIND_PROVIDER ? PROVIDER_CHUNKS
                                            : CHUNKS,
                    quick ? QUICK_QUESTIONS : QUESTIONS);
    vector_set_make(&s, kind);
    run_sql(pg, "BEGIN");
    copy_vectors(pg, "COPY kinds FROM STDIN (FORMAT binary)", (int)kind, (const float(*)[VDB_DIMENSIONS])s.vectors,
                 s.chunks, s.dimensions);
    copy_vectors(pg, "COPY kind_questions FROM STDIN (FORMAT binary)", (int)kind,
                 (const float(*)[VDB_DIMENSIONS])s.asked, s.questions, s.dimensions);
    run_sql(pg, "COMMIT");
    vector_set_free(&s);
}

/* Real embeddings may be configured later than the rest was loaded. */
static void load_kinds(PGconn *pg)
{
    char sql[128];
    bool loaded = false;
    if (!set_is_ready(pg))
        run_sql(pg,
                "DROP TABLE IF EXISTS kinds, kind_questions;"
                "CREATE TABLE kinds (chunk integer PRIMARY KEY, tenant integer NOT NULL, embedding vector NOT NULL);"
                "CREATE TABLE kind_questions (LIKE kinds);"
                "ALTER TABLE kinds ALTER embedding SET STORAGE PLAIN;"
                "CREATE INDEX kinds_tenant ON kinds (tenant)");
    for (vector_kind kind = 0; kind < KINDS; kind++) {
        snprintf(sql, sizeof sql, "SELECT count(*) FROM kind_questions WHERE tenant = %d", (int)kind);
        if (!kind_available(kind) || strcmp(query_value(pg, sql), "0") != 0)
            continue;
        load_kind(pg, kind);
        loaded = true;
    }
    if (loaded)
        run_sql(pg, "VACUUM ANALYZE");
}

static set_name set_named(const char *word)
{
    for (set_name set = 0; set < SETS; set++) {
        if (strcmp(set_word(set), word) == 0)
            return set;
    }
    die("there is no set `%s`", word);
}

static void load_set(PGconn *pg, set_name set)
{
    dataset d;
    if (set_is_ready(pg))
        return;
    set_init(set, quick, &d);
    run_sql(pg, "DROP INDEX IF EXISTS idx_bench_hnsw");
    run_sql(pg, "TRUNCATE v_domains CASCADE");
    run_sql(pg, "BEGIN");
    (set == SET_SHUFFLED ? load_dataset : load_dataset_ordered)(pg, &d);
    run_sql(pg, "COMMIT");
    run_sql(pg, "VACUUM ANALYZE");
    dataset_free(&d);
}

int main(int argc, char **argv)
{
    quick = option(&argc, argv, "--quick");
    if (option(&argc, argv, "--list")) {
        for (set_name set = 0; set < SETS; set++)
            puts(set_word(set));
        return 0;
    }
    if (argc != 2)
        die("usage: bench-tenantvec-load [--quick] SET | --list");
    set_name set = set_named(argv[1]);
    PGconn *pg = bench_connect(NULL);
    run_sql(pg, "DROP EXTENSION IF EXISTS tenantvec CASCADE"); /* it may have been built anew */
    run_sql(pg, "CREATE EXTENSION tenantvec CASCADE");
    if (set == SET_KINDS)
        load_kinds(pg);
    else
        load_set(pg, set);
    set_mark(pg, true);
    PQfinish(pg);
    return 0;
}
