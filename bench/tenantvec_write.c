/* Storing rows in the indexed table, one a transaction and many in one, by each index beside the same table without. */
#include "tenantvec.h"

#include <string.h>

enum { COLUMNS = 9 };

typedef struct load {
    const char *name;
    int rows;                   /* in bulk; three tenths of them one by one */
    double singles, lazy, bulk; /* rows a second */
} load;

static const dataset *data;
static int next_chunk;

static chunk_row *rows_make(int count)
{
    chunk_row *rows = allocate((size_t)count, sizeof *rows);
    random_stream r = { seed_of(77, (uint64_t)next_chunk, 0) };
    for (int i = 0; i < count; i++) {
        int tenant = dataset_tenant_of(data, (int)random_below(&r, (uint64_t)data->chunks));
        chunk_row_make(data, tenant, data->chunks + next_chunk++, &rows[i]);
    }
    return rows;
}

static void prepare_insert(PGconn *pg)
{
    PGresult *result = PQprepare(pg, "insert",
                                 "INSERT INTO v_voice_document_chunks (" CHUNK_COLUMNS ") VALUES ($1, $2, $3, $4, $5, "
                                 "$6, '" BENCH_MODEL "', 1536, $7)",
                                 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        die("%s", PQerrorMessage(pg));
    PQclear(result);
}

static void insert_row(PGconn *pg, const chunk_row *row)
{
    static const int formats[] = { 1, 1, 1, 0, 0, 1, 0 };
    const int lengths[] = { 16, 16, 16, 0, 0, WIRE_VECTOR_BYTES, 0 };
    char place[16], tokens[24];
    snprintf(place, sizeof place, "%d", row->index);
    snprintf(tokens, sizeof tokens, "%zu", strlen(row->content) / 4);
    const char *values[] = { (const char *)row->chunk,
                             (const char *)row->domain,
                             (const char *)row->document,
                             place,
                             row->content,
                             row->wire,
                             tokens };
    PGresult *result = PQexecPrepared(pg, "insert", 7, values, lengths, formats, 0);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        die("%s", PQerrorMessage(pg));
    PQclear(result);
}

static double measure_singles(const char *settings, int count)
{
    chunk_row *rows = rows_make(count);
    PGconn *pg = bench_connect(settings);
    prepare_insert(pg);
    run_sql(pg, "CHECKPOINT");
    double started = stopwatch_ms();
    for (int i = 0; i < count; i++)
        insert_row(pg, &rows[i]);
    double took = stopwatch_ms() - started;
    PQfinish(pg);
    free(rows);
    return count / took * 1000;
}

static double measure_bulk(PGconn *pg, int count)
{
    chunk_row *rows = rows_make(count);
    copy_stream c;
    run_sql(pg, "CHECKPOINT");
    double started = stopwatch_ms();
    copy_begin(&c, pg, "COPY v_voice_document_chunks (" CHUNK_COLUMNS ") FROM STDIN (FORMAT binary)");
    for (int i = 0; i < count; i++)
        copy_chunk(&c, &rows[i]);
    copy_end(&c);
    double took = stopwatch_ms() - started;
    free(rows);
    return count / took * 1000;
}

static void measure_load(PGconn *pg, load *l)
{
    int rows = quick ? l->rows / 10 : l->rows;
    fprintf(stderr, "inserting, %s\n", l->name);
    l->lazy = measure_singles("SET synchronous_commit = off", rows * 3 / 10);
    l->singles = measure_singles(NULL, rows * 3 / 10);
    l->bulk = measure_bulk(pg, rows);
}

/* The rows are at the end of the table, and a vacuum gives their pages back. */
static void restore(PGconn *pg)
{
    char sql[128];
    snprintf(sql, sizeof sql, "DELETE FROM v_voice_document_chunks WHERE chunk_index >= %d", data->chunks);
    run_sql(pg, sql);
    run_sql(pg, "CREATE INDEX idx_chunks_embedding_bits ON v_voice_document_chunks (domain_uuid, embedding_model) "
                "INCLUDE (document_uuid, chunk_uuid, embedding_bits)");
    run_sql(pg, "VACUUM ANALYZE v_voice_document_chunks");
    set_mark(pg, true);
}

void measure_inserts(PGconn *pg, const dataset *d)
{
    load hnsw = { .name = "HNSW", .rows = 3000 }, none = { .name = "no vector index", .rows = 10000 },
         tenantvec = { .name = "tenantvec", .rows = 10000 };
    const load *const all[] = { &none, &tenantvec, &hnsw };
    data = d;
    set_mark(pg, false);
    drop_index(pg, TENANTVEC_INDEX);
    drop_index(pg, "idx_chunks_embedding_bits");
    measure_load(pg, &hnsw);
    drop_index(pg, HNSW_INDEX);
    measure_load(pg, &none);
    build_index(pg, TENANTVEC_INDEX, create_tenantvec);
    measure_load(pg, &tenantvec);
    puts("\nRows stored a second in the same table, tenants drawn by their chunks; no index but the named one for "
         "vectors.\n\n| index | one a transaction, on disk | one a transaction, not awaited | COPY, one transaction |\n"
         "|---|---:|---:|---:|");
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        printf("| %s | %.0f | %.0f | %.0f |\n", all[i]->name, all[i]->singles, all[i]->lazy, all[i]->bulk);
    fflush(stdout);
    goal("rows stored, one a transaction / HNSW", tenantvec.lazy / hnsw.lazy, false, 5, 1, "×");
    goal("rows stored in bulk / HNSW", tenantvec.bulk / hnsw.bulk, false, 5, 1, "×");
    goal("rows stored, one a transaction / no vector index", tenantvec.lazy / none.lazy, false, 0.5, 2, "×");
    goal("rows stored in bulk / no vector index", tenantvec.bulk / none.bulk, false, 0.5, 2, "×");
    drop_index(pg, TENANTVEC_INDEX);
    restore(pg);
}
