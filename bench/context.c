/*
 * The beginning of a call: all that it needs in one round trip, beside the secretary's row alone, by its primary key,
 * on bare libpq. In turns, either one first every other time, all on one processor.
 */
#include "lib.h"

#include <string.h>
#include <unistd.h>

enum { CALLS = 4000, QUICK_CALLS = 200, TENANTS = 20, RULES = 10, DOCUMENTS = 20, CALLS_A_CHANGE = 20 };

static const char domain[] = "cccccccc-0000-4000-8000-000000000011";
static const char prompt[] =
    "Você é a Ana, recepcionista da Clínica Sorriso. Atenda com cordialidade, em frases curtas, e responda apenas com "
    "o que está "
    "nos documentos. Confirme nome e telefone antes de marcar. Se não souber, ofereça falar com uma pessoa.";

/* Tenants with rules and documents; the measured one's secretary is given providers by the library. */
static void make_tenants(PGconn *pg)
{
    char sql[2048];
    snprintf(sql, sizeof sql,
             "INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled) "
             "SELECT gen_random_uuid(), n || '.example', true FROM generate_series(1, %d) n;"
             "INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled) VALUES ('%s', 'c.example', true);"
             "INSERT INTO v_voice_transfer_rules (domain_uuid, department_name, intent_keywords, transfer_extension) "
             "SELECT domain_uuid, 'Setor ' || n, ARRAY['setor ' || n, 'assunto ' || n], (200 + n)::text "
             "FROM v_domains, generate_series(1, %d) n;"
             "INSERT INTO v_voice_documents (domain_uuid, document_name, processing_status, chunk_count, processed_at) "
             "SELECT domain_uuid, 'Documento ' || n, 'ready', 1, now() - n * interval '1 day' "
             "FROM v_domains, generate_series(1, %d) n;"
             "INSERT INTO v_voice_document_chunks (domain_uuid, document_uuid, chunk_index, content, embedding_model) "
             "SELECT domain_uuid, document_uuid, 0, document_name, 'm' FROM v_voice_documents",
             TENANTS - 1, domain, RULES, DOCUMENTS);
    run_sql(pg, sql);
}

static void add_provider(vdb_tenant *tenant, const char *type, char uuid[37])
{
    vdb_error error;
    const vdb_provider_input input = {
        .provider_type = type,
        .provider_name = "um",
        .config =
            "{\"api_key\": \"sk-proj-0123456789abcdef0123456789abcdef0123456789abcdef\", \"model\": \"um-modelo\", "
            "\"base_url\": \"https://api.example/v1\", \"temperature\": 0.2, \"timeout_ms\": 8000}",
        .is_default = &(bool){ true },
    };
    must(vdb_provider_add(tenant, &input, uuid, &error), &error);
}

static void add_secretary(vdb_tenant *tenant, char uuid[37])
{
    vdb_error error;
    char stt[37], tts[37], llm[37], embeddings[37];
    add_provider(tenant, "stt", stt);
    add_provider(tenant, "tts", tts);
    add_provider(tenant, "llm", llm);
    add_provider(tenant, "embeddings", embeddings);
    const vdb_secretary_input input = {
        .name = "Ana",
        .extension = "800",
        .stt_provider_uuid = stt,
        .tts_provider_uuid = tts,
        .llm_provider_uuid = llm,
        .embeddings_provider_uuid = embeddings,
        .system_prompt = prompt,
        .greeting_message = "Clínica Sorriso, bom dia! Em que posso ajudar?",
        .goodbye_message = "Obrigada pela ligação. Até logo!",
    };
    must(vdb_secretary_add(tenant, &input, uuid, &error), &error);
}

static double ask_bare(PGconn *pg, const char *uuid)
{
    double started = stopwatch_ms();
    PGresult *result = PQexecPrepared(pg, "secretary", 1, &uuid, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1)
        die("%s", PQerrorMessage(pg));
    PQclear(result);
    return stopwatch_ms() - started;
}

static double ask_library(vdb_tenant *tenant, const char *secretary)
{
    vdb_error error;
    const vdb_call_context *context;
    double started = stopwatch_ms();
    must(vdb_call_context_get(tenant, secretary, &context, &error), &error);
    if (context->rule_count != RULES || strstr(context->providers[2].config, "sk-proj-") == NULL ||
        strcmp(context->embedding_model, "m") != 0)
        die("the context is not whole");
    vdb_rows_free(context);
    return stopwatch_ms() - started;
}

static void print_line(const char *name, const samples *s)
{
    printf("| %s | %zu | %s | %s |\n", name, s->count, ms_text(samples_percentile(s, 0.5)),
           ms_text(samples_percentile(s, 0.99)));
}

static void measure(PGconn *pg, vdb_tenant *tenant, const char *uuid, int calls)
{
    bool held = hold_to_one_processor(pg);
    samples bare = { 0 }, by_uuid = { 0 }, by_extension = { 0 }, changed = { 0 };
    for (int i = 0; i < calls; i++) {
        if (i % 2 == 0)
            samples_add(&bare, ask_bare(pg, uuid));
        samples_add(&by_uuid, ask_library(tenant, uuid));
        if (i % 2 == 1)
            samples_add(&bare, ask_bare(pg, uuid));
        samples_add(&by_extension, ask_library(tenant, "800"));
        if (i % CALLS_A_CHANGE == 0) {
            run_sql(pg, "UPDATE v_voice_secretaries SET description = clock_timestamp()::text");
            samples_add(&changed, ask_library(tenant, uuid));
        }
    }
    printf("A secretary with 4 providers whose keys are sealed, %d transfer rules, %d documents; this program and both "
           "servers%s on one processor.\n\n"
           "| way | calls | p50 ms | p99 ms |\n|---|---:|---:|---:|\n",
           RULES, DOCUMENTS, held ? "" : " not");
    print_line("bare libpq, prepared: the secretary's row by primary key", &bare);
    print_line("vdb_call_context_get() by UUID", &by_uuid);
    print_line("vdb_call_context_get() by extension", &by_extension);
    print_line("vdb_call_context_get() after a change", &changed);
    target_header();
    target_line("p50 of the context by UUID / the bare row",
                samples_percentile(&by_uuid, 0.5) / samples_percentile(&bare, 0.5), true, 1.5, 2, "×");
    samples_free(&bare);
    samples_free(&by_uuid);
    samples_free(&by_extension);
    samples_free(&changed);
}

int main(int argc, char **argv)
{
    int calls = option(&argc, argv, "--quick") ? QUICK_CALLS : CALLS;
    vdb_error error;
    vdb_pool *pool;
    vdb_tenant *tenant;
    char uuid[37], key[] = "/tmp/voicedb-bench-key-XXXXXX";
    if (mkdtemp(key) == NULL)
        die("%s cannot be made", key);
    char file[64];
    snprintf(file, sizeof file, "%s/key", key);
    PGconn *pg = bench_connect(NULL);
    make_tenants(pg);
    must(vdb_key_init(file, NULL, NULL, &error), &error);
    must(vdb_pool_open(&(vdb_options){ .max_connections = 1, .master_key_file = file }, &pool, &error), &error);
    must(vdb_tenant_open(pool, domain, &tenant, &error), &error);
    add_secretary(tenant, uuid);
    unlink(file);
    rmdir(key);
    run_sql(pg, "VACUUM ANALYZE");
    PGresult *prepared =
        PQprepare(pg, "secretary", "SELECT * FROM v_voice_secretaries WHERE voice_secretary_uuid = $1", 0, NULL);
    if (PQresultStatus(prepared) != PGRES_COMMAND_OK)
        die("%s", PQerrorMessage(pg));
    PQclear(prepared);
    measure(pg, tenant, uuid, calls);
    vdb_tenant_close(tenant);
    vdb_pool_close(pool);
    PQfinish(pg);
    return 0;
}
