/*
 * Search by words and by both beside search by vector alone, through the library, under row-level security: the same
 * questions in turns, so that the machine's moods meet all ways. A question has six words of one of the tenant's
 * chunks; every third one is misspelt in one of them. The data are kept; --prepare makes them and measures nothing.
 */
#include "data.h"
#include "sets.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { UUID_ROOM = 37, QUESTION_ROOM = 128, ASKED_WORDS = 6, WAYS = 4, ROUNDS = 2, MISSPELT_EVERY = 3 };
enum { HURRIES = 40, DEADLINE_MS = 100, IN_TIME_MS = 120 };

typedef struct question {
    int tenant;
    char text[QUESTION_ROOM];
    float vector[VDB_DIMENSIONS];
} question;

static dataset data;
static question *questions;
static size_t question_count;

/* Hybrid search runs its halves at the same time where there is a second connection. */
static const struct {
    const char *name;
    vdb_search_mode mode;
    bool alone; /* on the pool's only connection */
} ways[WAYS] = { { "vector", VDB_SEARCH_VECTOR, false },
                 { "lexical", VDB_SEARCH_LEXICAL, false },
                 { "hybrid", VDB_SEARCH_HYBRID, false },
                 { "hybrid, one connection", VDB_SEARCH_HYBRID, true } };
enum { VECTOR_WAY = 0, HYBRID_WAY = 2 };

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
        q->tenant =
            i < (size_t)data.tenants ? (int)i : dataset_tenant_of(&data, (int)random_below(&r, (uint64_t)data.chunks));
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
    double started = stopwatch_ms();
    must(vdb_search(tenant, &asked, &result, &error), &error);
    double took = stopwatch_ms() - started;
    if (result->count == 0)
        die("nothing was found for \"%s\"", q->text);
    vdb_search_free(result);
    return took;
}

static vdb_tenant *open_tenant(vdb_pool *pool, int number)
{
    char domain[UUID_ROOM];
    uint8_t uuid[16];
    vdb_error error;
    vdb_tenant *tenant;
    tenant_uuid_of(number, uuid);
    uuid_text(uuid, domain);
    must(vdb_tenant_open(pool, domain, &tenant, &error), &error);
    return tenant;
}

/* The first round brings what is asked for into memory, and does not count. */
static void ask_all(vdb_pool *pool, samples times[WAYS])
{
    vdb_error error;
    vdb_pool *single;
    must(vdb_pool_open(&(vdb_options){ .max_connections = 1 }, &single, &error), &error);
    for (int round = 0; round <= ROUNDS; round++) {
        for (size_t i = 0; i < question_count; i++) {
            const question *q = &questions[(i * 577 + 11) % question_count]; /* neighbours in time differ in size */
            vdb_tenant *tenant = open_tenant(pool, q->tenant), *alone = open_tenant(single, q->tenant);
            for (int w = 0; w < WAYS; w++) {
                int turn = (int)((size_t)w + i) % WAYS;
                double took = ask(ways[turn].alone ? alone : tenant, q, ways[turn].mode);
                if (round > 0)
                    samples_add(&times[turn], took);
            }
            vdb_tenant_close(tenant);
            vdb_tenant_close(alone);
        }
    }
    vdb_pool_close(single);
}

/* Makes the terms of a tenant's chunks that have none, as after an upgrade. */
static int64_t make_terms(vdb_pool *pool, int number)
{
    vdb_error error;
    int64_t chunks;
    vdb_tenant *tenant = open_tenant(pool, number);
    must(vdb_document_index(tenant, NULL, NULL, &chunks, &error), &error);
    vdb_tenant_close(tenant);
    return chunks;
}

/* Fills the database unless that is done; what was stored by an older version gets its terms anew. */
static void prepare(PGconn *pg, vdb_pool *pool)
{
    bool ready = set_is_ready(pg);
    if (!ready) {
        run_sql(pg, "TRUNCATE v_domains CASCADE");
        run_sql(pg, "BEGIN");
        load_dataset(pg, &data);
        run_sql(pg, "COMMIT");
    }
    int64_t made = 0;
    for (int i = 0; i < data.tenants; i++)
        made += make_terms(pool, i);
    if (!ready || made > 0) {
        run_sql(pg, "VACUUM ANALYZE");
        run_sql(pg, "CHECKPOINT");
    }
    set_mark(pg, true);
}

/* Chunks a second whose terms are made anew, those of the tenant of this number. */
static double measure_terms(PGconn *pg, vdb_pool *pool, int number)
{
    char sql[256], domain[UUID_ROOM];
    uint8_t uuid[16];
    tenant_uuid_of(number, uuid);
    uuid_text(uuid, domain);
    snprintf(sql, sizeof sql, "UPDATE v_voice_documents SET terms_version = NULL WHERE domain_uuid = '%s'", domain);
    run_sql(pg, sql);
    double started = stopwatch_ms();
    int64_t chunks = make_terms(pool, number);
    double took = stopwatch_ms() - started;
    run_sql(pg, "VACUUM ANALYZE");
    return (double)chunks / took * 1000;
}

/* ---- in a hurry -------------------------------------------------------------------------------------------------- */

/* Connects callers, and never says a word. Returns its descriptor. */
static int hanging_provider(int *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listening < 0 || bind(listening, (struct sockaddr *)&address, length) != 0 ||
        listen(listening, 2 * HURRIES) != 0 || getsockname(listening, (struct sockaddr *)&address, &length) != 0)
        die("the provider cannot start");
    *port = ntohs(address.sin_port);
    return listening;
}

static double ask_in_a_hurry(vdb_tenant *tenant, const char *text, int deadline_ms)
{
    vdb_error error;
    vdb_search_result *result;
    const vdb_search_request asked = { .question = text,
                                       .deadline_ms = deadline_ms,
                                       .mode = deadline_ms == 0 ? VDB_SEARCH_LEXICAL : VDB_SEARCH_AUTO };
    double started = stopwatch_ms();
    must(vdb_search(tenant, &asked, &result, &error), &error);
    double took = stopwatch_ms() - started;
    if (result->count == 0 || strcmp(result->mode, "lexical") != 0)
        die("\"%s\" was not answered by its words", text);
    vdb_search_free(result);
    return took;
}

/* The largest tenant's questions, each on a connection of its own that is there already; nothing is learned between
 * them. */
static double measure_hurry(PGconn *pg)
{
    char sql[512], domain[UUID_ROOM];
    uint8_t uuid[16];
    int port, listening = hanging_provider(&port);
    samples times = { 0 };
    tenant_uuid_of(0, uuid);
    uuid_text(uuid, domain);
    snprintf(sql, sizeof sql,
             "INSERT INTO v_voice_ai_providers (domain_uuid, provider_type, provider_name, is_default, config) VALUES "
             "('%s', 'embeddings', 'hangs', true, '{\"model\": \"m\", \"base_url\": \"http://127.0.0.1:%d/v1\", "
             "\"timeout_ms\": 60000}')",
             domain, port);
    run_sql(pg, sql);
    for (size_t i = 0; times.count < HURRIES; i++) {
        vdb_error error;
        vdb_pool *pool;
        if (questions[i % question_count].tenant != 0)
            continue;
        must(vdb_pool_open(NULL, &pool, &error), &error);
        vdb_tenant *tenant = open_tenant(pool, 0);
        ask_in_a_hurry(tenant, questions[i % question_count].text, 0);
        samples_add(&times, ask_in_a_hurry(tenant, questions[i % question_count].text, DEADLINE_MS));
        vdb_tenant_close(tenant);
        vdb_pool_close(pool);
    }
    close(listening);
    snprintf(sql, sizeof sql, "DELETE FROM v_voice_ai_providers WHERE domain_uuid = '%s'", domain);
    run_sql(pg, sql);
    printf(
        "\nWhile the embeddings provider hangs, %d searches of the largest tenant with a deadline of %d ms took from "
        "%.0f to %.0f ms.\n",
        HURRIES, DEADLINE_MS, samples_percentile(&times, 0), samples_percentile(&times, 1));
    return samples_percentile(&times, 1);
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static void print_ways(samples times[WAYS])
{
    printf(
        "%d chunks of %d tenants, the largest with %d chunks; %zu questions of six words, every third one with a word "
        "misspelt, asked %d times in each way.\n\n",
        data.chunks, data.tenants, dataset_size(&data, 0), question_count, ROUNDS);
    puts("| way | p50 ms | p99 ms | max ms |\n|---|---:|---:|---:|");
    for (int w = 0; w < WAYS; w++)
        printf("| %s | %s | %s | %s |\n", ways[w].name, ms_text(samples_percentile(&times[w], 0.5)),
               ms_text(samples_percentile(&times[w], 0.99)), ms_text(samples_percentile(&times[w], 1)));
}

static void measure(PGconn *pg, vdb_pool *pool)
{
    enum { LARGE = 9 }; /* the tenth largest tenant */
    samples times[WAYS] = { 0 };
    make_questions();
    ask_all(pool, times);
    print_ways(times);
    printf("\nThe table of terms has %s MB.",
           query_value(pg, "SELECT pg_total_relation_size('v_voice_document_terms') / 1048576"));
    printf(" Those of a tenant of %d chunks are made anew at %.0f chunks a second.\n", dataset_size(&data, LARGE),
           measure_terms(pg, pool, LARGE));
    double longest = measure_hurry(pg);
    target_header();
    target_line("p99 of hybrid / vector alone",
                samples_percentile(&times[HYBRID_WAY], 0.99) / samples_percentile(&times[VECTOR_WAY], 0.99), true, 2, 2,
                "×");
    target_line("answer by a deadline of 100 ms while the provider hangs", longest, true, IN_TIME_MS, 0, " ms");
}

int main(int argc, char **argv)
{
    vdb_error error;
    vdb_pool *pool;
    dataset_init_sized(&data, option(&argc, argv, "--quick"));
    content_of_many_words();
    PGconn *pg = bench_connect(NULL);
    must(vdb_pool_open(NULL, &pool, &error), &error);
    prepare(pg, pool);
    if (!option(&argc, argv, "--prepare"))
        measure(pg, pool);
    vdb_pool_close(pool);
    PQfinish(pg);
    return 0;
}
