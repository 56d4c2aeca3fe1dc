/*
 * Storing documents. Memory and time of `voicedb document add` for a large text, embedded by the builtin provider, and
 * for a smaller one by a service that takes 50 ms for a batch; then
 * ready embeddings through a document writer, in turns with psql's \copy of the same rows into the same emptied table.
 *
 * usage: bench-ingest VOICEDB PSQL...
 */
#include "data.h"
#include "provider.h"

#include <string.h>
#include <unistd.h>

enum {
    TEXT_BYTES = 100 * 1000 * 1000,
    QUICK_TEXT_BYTES = 2 * 1000 * 1000,
    SERVED_BYTES = 8 * 1000 * 1000,
    ROUNDS = 3,
    BATCH = 1000
};

static const char domain[] = "aaaaaaaa-0000-4000-8000-000000000001",
                  document_uuid[] = "aaaaaaaa-0000-4000-8000-000000000002";

static void make_tenant(PGconn *pg)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled) VALUES ('%s', 'ingest.example', true) "
             "ON CONFLICT DO NOTHING;"
             "INSERT INTO v_voice_ai_providers (domain_uuid, provider_type, provider_name, is_default) "
             "VALUES ('%s', 'embeddings', 'builtin', true) ON CONFLICT DO NOTHING",
             domain, domain);
    run_sql(pg, sql);
}

static void empty_tables(PGconn *pg)
{
    run_sql(pg, "TRUNCATE v_voice_documents CASCADE");
    run_sql(pg, "CHECKPOINT");
}

static void write_text(const char *path, long bytes)
{
    FILE *file = fopen(path, "w");
    if (file == NULL)
        die("%s cannot be written", path);
    random_stream r = { 21 };
    for (long written = 0, line = 0; written < bytes; line++) {
        char text[256];
        sentence(&r, (int)(line / 30), text, sizeof text);
        written += fprintf(file, "%s%s", text, line % 6 == 5 ? "\n\n" : " ");
    }
    if (fclose(file) != 0)
        die("%s cannot be written", path);
}

/* Adds a text of about so many bytes as a document; milliseconds. */
static double add_text(char *voicedb, long bytes, long *peak_kb)
{
    char path[] = "/tmp/voicedb-bench-text-XXXXXX";
    int file = mkstemp(path);
    if (file < 0)
        die("%s cannot be made", path);
    close(file);
    write_text(path, bytes);
    char *arguments[] = { voicedb, "--domain", "ingest.example", "document", "add", path, NULL };
    double took = run_program(arguments, peak_kb);
    unlink(path);
    return took;
}

/* How much of what the service can do is used. */
static double measure_service(PGconn *pg, char *voicedb, long bytes)
{
    char sql[512];
    empty_tables(pg);
    snprintf(sql, sizeof sql,
             "UPDATE v_voice_ai_providers SET provider_name = 'service', config = '{\"model\": \"service\", "
             "\"base_url\": \"http://127.0.0.1:%d/v1\", \"batch_size\": %d}' WHERE domain_uuid = '%s'",
             provider_start(), PROVIDER_BATCH, domain);
    run_sql(pg, sql);
    double took = add_text(voicedb, bytes, NULL), ceiling = (double)provider_batches() * PROVIDER_BATCH_MS;
    printf("%s passages by a service that takes %d ms for a batch of %d, one batch at a time: %.1f s, of which the "
           "service worked %.1f s.\n\n",
           query_value(pg, "SELECT count(*) FROM v_voice_document_chunks"), PROVIDER_BATCH_MS, PROVIDER_BATCH,
           took / 1000, ceiling / 1000);
    fflush(stdout);
    return ceiling / took;
}

/* Returns the peak in MB. */
static double measure_memory(PGconn *pg, char *voicedb, long bytes)
{
    empty_tables(pg);
    long peak_kb;
    double took = add_text(voicedb, bytes, &peak_kb);
    printf("A text of %ld MB, split and embedded by the builtin provider: %s passages in %.0f s, peak memory of the "
           "process %ld MB.\n\n",
           bytes / 1000000, query_value(pg, "SELECT count(*) FROM v_voice_document_chunks"), took / 1000,
           peak_kb / 1024);
    fflush(stdout);
    return (double)peak_kb / 1024;
}

typedef struct rows {
    int count;
    float (*vectors)[VDB_DIMENSIONS];
    char (*contents)[CONTENT_ROOM];
} rows;

static rows make_rows(int count)
{
    dataset d;
    rows r = { .count = count,
               .vectors = allocate((size_t)count, sizeof *r.vectors),
               .contents = allocate((size_t)count, sizeof *r.contents) };
    dataset_init(&d, 1, count);
    for (int i = 0; i < count; i++) {
        chunk_vector(&d, 0, i, r.vectors[i]);
        chunk_content(i, r.contents[i]);
    }
    dataset_free(&d);
    return r;
}

static void uuid_bytes(const char *text, uint8_t uuid[16])
{
    for (int i = 0; i < 16; text++) {
        unsigned byte;
        if (*text == '-')
            continue;
        if (sscanf(text++, "%2x", &byte) != 1)
            die("not a UUID");
        uuid[i++] = (uint8_t)byte;
    }
}

static void write_copy_file(const char *path, const rows *r)
{
    copy_stream c;
    uint8_t in_domain[16], in_document[16];
    uuid_bytes(domain, in_domain);
    uuid_bytes(document_uuid, in_document);
    copy_begin_file(&c, path);
    for (int i = 0; i < r->count; i++) {
        char wire[WIRE_VECTOR_BYTES];
        wire_vector(r->vectors[i], wire);
        copy_row(&c, 9);
        copy_bytes(&c, in_domain, sizeof in_domain);
        copy_bytes(&c, in_document, sizeof in_document);
        copy_int(&c, i);
        copy_text(&c, r->contents[i]);
        copy_bytes(&c, wire, sizeof wire);
        copy_text(&c, BENCH_MODEL);
        copy_int(&c, VDB_DIMENSIONS);
        copy_int(&c, (int32_t)strlen(r->contents[i]) / 4);
        copy_bytes(&c, "\1{}", 3); /* jsonb, version 1 */
    }
    copy_end(&c);
}

static double measure_copy(PGconn *pg, char **psql, const char *path)
{
    char sql[512], command[512];
    snprintf(sql, sizeof sql,
             "INSERT INTO v_voice_documents (document_uuid, domain_uuid, document_name) VALUES ('%s', '%s', 'copied')",
             document_uuid, domain);
    run_sql(pg, sql);
    snprintf(
        command, sizeof command,
        "\\copy v_voice_document_chunks (domain_uuid, document_uuid, chunk_index, content, embedding, embedding_model, "
        "embedding_dimensions, token_count, metadata) from '%s' with (format binary)",
        path);
    char *arguments[16] = { NULL };
    size_t count = 0;
    while (psql[count] != NULL && count < 10) {
        arguments[count] = psql[count];
        count++;
    }
    arguments[count++] = "-Xq";
    arguments[count++] = "-c";
    arguments[count] = command;
    return run_program(arguments, NULL);
}

static double measure_writer(const rows *r)
{
    vdb_error error;
    vdb_pool *pool;
    vdb_tenant *tenant;
    vdb_document_writer *writer;
    vdb_chunk_input *batch = allocate(BATCH, sizeof *batch);
    const vdb_document document = { .document_name = "written",
                                    .content_sha256 =
                                        "0000000000000000000000000000000000000000000000000000000000000000" };
    double started = stopwatch_ms();
    must(vdb_pool_open(NULL, &pool, &error), &error);
    must(vdb_tenant_open(pool, domain, &tenant, &error), &error);
    must(vdb_document_writer_open(tenant, &document, BENCH_MODEL, VDB_DIMENSIONS, &writer, &error), &error);
    for (int i = 0; i < r->count; i += BATCH) {
        int count = r->count - i < BATCH ? r->count - i : BATCH;
        for (int j = 0; j < count; j++)
            batch[j] = (vdb_chunk_input){ .content = r->contents[i + j],
                                          .embedding = r->vectors[i + j],
                                          .token_count = (int64_t)strlen(r->contents[i + j]) / 4 };
        must(vdb_document_writer_append(writer, batch, (size_t)count, &error), &error);
    }
    must(vdb_document_writer_commit(writer, NULL, &error), &error);
    double took = stopwatch_ms() - started;
    vdb_tenant_close(tenant);
    vdb_pool_close(pool);
    free(batch);
    return took;
}

static void check_count(PGconn *pg, int count)
{
    long there = strtol(query_value(pg, "SELECT count(*) FROM v_voice_document_chunks"), NULL, 10);
    if (there != count)
        die("%ld chunks were stored, not %d", there, count);
}

static double measure_rows(PGconn *pg, char **psql, const rows *r)
{
    char path[] = "/tmp/voicedb-bench-copy-XXXXXX";
    int file = mkstemp(path);
    if (file < 0)
        die("%s cannot be made", path);
    close(file);
    write_copy_file(path, r);
    samples copied = { 0 }, written = { 0 };
    for (int round = 0; round < ROUNDS; round++) {
        fprintf(stderr, "storing %d chunks, round %d of %d\n", r->count, round + 1, ROUNDS);
        empty_tables(pg);
        samples_add(&copied, measure_copy(pg, psql, path));
        check_count(pg, r->count);
        empty_tables(pg);
        samples_add(&written, measure_writer(r));
        check_count(pg, r->count);
    }
    unlink(path);
    double copy_ms = samples_percentile(&copied, 0.5), writer_ms = samples_percentile(&written, 0.5);
    printf("%d chunks with ready embeddings, one transaction; %d rounds in turns, medians.\n\n"
           "| way | s | chunks a second |\n|---|---:|---:|\n"
           "| psql, \\copy, binary | %.1f | %.0f |\n| vdb_document_writer | %.1f | %.0f |\n",
           r->count, ROUNDS, copy_ms / 1000, r->count / copy_ms * 1000, writer_ms / 1000, r->count / writer_ms * 1000);
    samples_free(&copied);
    samples_free(&written);
    return copy_ms / writer_ms;
}

int main(int argc, char **argv)
{
    bool quick = option(&argc, argv, "--quick");
    if (argc < 3)
        die("usage: bench-ingest [--quick] VOICEDB PSQL...");
    PGconn *pg = bench_connect(NULL);
    make_tenant(pg);
    double peak = measure_memory(pg, argv[1], quick ? QUICK_TEXT_BYTES : TEXT_BYTES);
    double service = measure_service(pg, argv[1], quick ? QUICK_TEXT_BYTES : SERVED_BYTES);
    rows r = make_rows(quick ? 2000 : 50000);
    double rate = measure_rows(pg, argv + 2, &r);
    target_header();
    target_line("chunks a second, writer / \\copy", rate, false, 0.7, 2, "×");
    target_line("by a service of 50 ms a batch / its own ceiling", service, false, 0.9, 2, "×");
    target_line("peak memory for the text", peak, true, 128, 0, " MB");
    free(r.vectors);
    free(r.contents);
    PQfinish(pg);
    return 0;
}
