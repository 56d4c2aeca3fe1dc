/*
 * Search by words and by both beside search by vector alone, through the library, under row-level security: the same
 * questions in turns, so that the machine's moods meet all ways. A question has six words of one of the tenant's
 * chunks; every third one is misspelt in one of them.
 */
#include "data.h"

#include <string.h>

enum { UUID_ROOM = 37, QUESTION_ROOM = 128, ASKED_WORDS = 6, MODES = 3, ROUNDS = 2, MISSPELT_EVERY = 3 };

typedef struct question {
    int tenant;
    char domain[UUID_ROOM];
    char text[QUESTION_ROOM];
    float vector[VDB_DIMENSIONS];
} question;

static dataset data;
static question *questions;
static size_t question_count;

static const struct {
    const char *name;
    vdb_search_mode mode;
} modes[MODES] = { { "vector", VDB_SEARCH_VECTOR },
                   { "lexical", VDB_SEARCH_LEXICAL },
                   { "hybrid", VDB_SEARCH_HYBRID } };

/* Another letter in the middle of the first word. */
static void misspell(char *text)
{
    text[3] = text[3] == 'x' ? 'q' : 'x';
}

static void ask_about(question *q, random_stream *r, bool misspelt)
{
    char content[CONTENT_ROOM];
    int chunk = data.first[q->tenant] + (int)random_below(r, (uint64_t)dataset_size(&data, q->tenant));
    chunk_content(chunk, content);
    size_t skipped = random_below(r, 8), words = 0, length = 0;
    for (char *rest = NULL, *word = strtok_r(content, " .", &rest); word != NULL && words < ASKED_WORDS;
         word = strtok_r(NULL, " .", &rest)) {
        if (strcmp(word, "de") == 0 || skipped-- > 0)
            continue;
        length += (size_t)snprintf(q->text + length, sizeof q->text - length, "%s ", word);
        skipped = random_below(r, 4);
        words++;
    }
    if (misspelt)
        misspell(q->text);
}

/* One to every tenant, and half as many again to tenants drawn by their number of chunks. */
static void make_questions(void)
{
    question_count = (size_t)data.tenants + (size_t)data.tenants / 2;
    questions = allocate(question_count, sizeof *questions);
    random_stream r = { 15 };
    for (size_t i = 0; i < question_count; i++) {
        question *q = &questions[i];
        uint8_t uuid[16];
        q->tenant =
            i < (size_t)data.tenants ? (int)i : dataset_tenant_of(&data, (int)random_below(&r, (uint64_t)data.chunks));
        tenant_uuid_of(q->tenant, uuid);
        uuid_text(uuid, q->domain);
        question_vector(&data, q->tenant, (int)i, q->vector);
        ask_about(q, &r, i % MISSPELT_EVERY == 0);
    }
}

static double ask(vdb_tenant *tenant, const question *q, vdb_search_mode mode)
{
    vdb_error error;
    vdb_search_result *result;
    const vdb_search_request asked = { .question = q->text,
                                       .embedding = q->vector,
                                       .dimensions = VDB_DIMENSIONS,
                                       .embedding_model = BENCH_MODEL,
                                       .mode = mode };
    double started = now_ms();
    must(vdb_search(tenant, &asked, &result, &error), &error);
    double took = now_ms() - started;
    if (result->count == 0)
        die("nothing was found for \"%s\"", q->text);
    vdb_search_free(result);
    return took;
}

static void ask_all(vdb_pool *pool, samples times[MODES])
{
    vdb_error error;
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < question_count; i++) {
            const question *q = &questions[(i * 577 + 11) % question_count]; /* neighbours in time differ in size */
            vdb_tenant *tenant;
            must(vdb_tenant_open(pool, q->domain, &tenant, &error), &error);
            for (int m = 0; m < MODES; m++) {
                int turn = (int)((size_t)m + i) % MODES;
                samples_add(&times[turn], ask(tenant, q, modes[turn].mode));
            }
            vdb_tenant_close(tenant);
        }
    }
}

/* Makes the terms of all chunks, as after an upgrade; returns the seconds it takes. */
static double make_terms(vdb_pool *pool)
{
    vdb_error error;
    double started = now_ms();
    for (int i = 0; i < data.tenants; i++) {
        char domain[UUID_ROOM];
        uint8_t uuid[16];
        vdb_tenant *tenant;
        tenant_uuid_of(i, uuid);
        uuid_text(uuid, domain);
        must(vdb_tenant_open(pool, domain, &tenant, &error), &error);
        must(vdb_document_index(tenant, NULL, NULL, NULL, &error), &error);
        vdb_tenant_close(tenant);
    }
    return (now_ms() - started) / 1000;
}

int main(int argc, char **argv)
{
    vdb_error error;
    vdb_pool *pool;
    samples times[MODES] = { 0 };
    dataset_init_sized(&data, option(&argc, argv, "--quick"));
    content_of_many_words();
    make_questions();
    PGconn *pg = bench_connect(NULL);
    run_sql(pg, "BEGIN");
    load_dataset(pg, &data);
    run_sql(pg, "COMMIT");
    must(vdb_pool_open(NULL, &pool, &error), &error);
    double seconds = make_terms(pool);
    run_sql(pg, "VACUUM ANALYZE");
    ask_all(pool, times);
    printf(
        "%d chunks of %d tenants, the largest with %d chunks; %zu questions of six words, every third one with a word "
        "misspelt, asked %d times in each way.\n\n",
        data.chunks, data.tenants, dataset_size(&data, 0), question_count, ROUNDS);
    puts("| way | p50 ms | p99 ms | max ms |\n|---|---:|---:|---:|");
    for (int m = 0; m < MODES; m++)
        printf("| %s | %s | %s | %s |\n", modes[m].name, ms_text(samples_percentile(&times[m], 0.5)),
               ms_text(samples_percentile(&times[m], 0.99)), ms_text(samples_percentile(&times[m], 1)));
    printf("\nTerms of %d chunks were made in %.0f s, %.0f a second; their table has %s MB.\n", data.chunks, seconds,
           data.chunks / seconds, query_value(pg, "SELECT pg_total_relation_size('v_voice_document_terms') / 1048576"));
    target_header();
    target_line("p99 of hybrid / vector alone",
                samples_percentile(&times[2], 0.99) / samples_percentile(&times[0], 0.99), true, 2, 2, "×");
    vdb_pool_close(pool);
    PQfinish(pg);
    return 0;
}
