/*
 * What call scripts write: conversations of 20 messages, from 8 connections at once, through the library and by
 * pgbench, which inserts the same rows by plain statements, each a transaction of its own, without row-level security.
 * Both give the turns' numbers. In turns; conversations a second.
 */
#include "lib.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum { CLIENTS = 8, MESSAGES = 20, ROUNDS = 3, HISTORY = 500, CONVERSATIONS = 200, QUICK_CONVERSATIONS = 10 };

static const char domain[] = "cccccccc-0000-4000-8000-000000000001";
static const char secretary[] = "cccccccc-0000-4000-8000-000000000002";
static const char from_caller[] =
    "Bom dia, eu gostaria de saber se vocês atendem pelo meu convênio e se há horário na quinta-feira à tarde.";
static const char from_secretary[] =
    "Bom dia! Atendemos, sim. Na quinta-feira tenho horários às 14h30 e às 16h. Qual deles fica "
    "melhor para o senhor? Se preferir, posso passar a ligação para a recepção.";

/* The tenant, among others, with some history: plans made for empty tables are nobody's plans. */
static void make_history(PGconn *pg)
{
    char sql[2048];
    snprintf(
        sql, sizeof sql,
        "INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled) SELECT gen_random_uuid(), n || '.example', "
        "true "
        "FROM generate_series(1, 19) n;"
        "INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled) VALUES ('%s', 'call.example', true);"
        "INSERT INTO v_voice_secretaries (voice_secretary_uuid, domain_uuid, name) VALUES ('%s', '%s', 'Ana');"
        "INSERT INTO v_voice_conversations (domain_uuid, caller_id, started_at, ended_at) "
        "SELECT domain_uuid, '+55' || n, now() - n * interval '10 min', now() FROM v_domains, generate_series(1, %d) n;"
        "INSERT INTO v_voice_messages (domain_uuid, conversation_uuid, turn_number, role, content) "
        "SELECT domain_uuid, conversation_uuid, (n + 1) / 2, CASE n %% 2 WHEN 1 THEN 'user' ELSE 'assistant' END, '%s' "
        "FROM v_voice_conversations, generate_series(1, %d) n",
        domain, secretary, domain, HISTORY, from_caller, MESSAGES);
    run_sql(pg, sql);
    run_sql(pg, "VACUUM ANALYZE");
}

static vdb_message message_of(int number)
{
    if (number % 2 == 0)
        return (vdb_message){ .turn_number = number / 2 + 1,
                              .role = "user",
                              .content = from_caller,
                              .audio_duration_ms = 4200,
                              .stt_provider = "whisper",
                              .stt_latency_ms = 310,
                              .detected_intent = "agendamento",
                              .intent_confidence = 0.9 };
    return (vdb_message){ .turn_number = number / 2 + 1,
                          .role = "assistant",
                          .content = from_secretary,
                          .llm_provider = "openai",
                          .llm_latency_ms = 640,
                          .tts_provider = "piper",
                          .tts_latency_ms = 120,
                          .tokens_used = 480 };
}

typedef struct job {
    vdb_pool *pool;
    int conversations;
} job;

static void hold_conversation(vdb_tenant *tenant)
{
    vdb_error error;
    char conversation[37];
    const vdb_conversation_start_input start = { .secretary = secretary, .caller_id = "+5511987654321" };
    must(vdb_conversation_start(tenant, &start, conversation, &error), &error);
    for (int i = 0; i < MESSAGES; i++) {
        vdb_message message = message_of(i);
        must(vdb_conversation_say(tenant, conversation, &message, NULL, &error), &error);
    }
    const vdb_conversation_end_input end = { .final_action = "hangup",
                                             .summary = "Consulta marcada para quinta-feira." };
    must(vdb_conversation_end(tenant, conversation, &end, &error), &error);
}

static void *hold_conversations(void *context)
{
    const job *j = context;
    vdb_error error;
    vdb_tenant *tenant;
    must(vdb_tenant_open(j->pool, domain, &tenant, &error), &error);
    for (int i = 0; i < j->conversations; i++)
        hold_conversation(tenant);
    vdb_tenant_close(tenant);
    return NULL;
}

/* Conversations a second. Connecting is in the time here and in pgbench's, as in a process that has just started. */
static double measure_library(int conversations)
{
    vdb_error error;
    pthread_t threads[CLIENTS];
    job j = { .conversations = conversations };
    double started = now_ms();
    must(vdb_pool_open(&(vdb_options){ .max_connections = CLIENTS }, &j.pool, &error), &error);
    for (int i = 0; i < CLIENTS; i++) {
        if (pthread_create(&threads[i], NULL, hold_conversations, &j) != 0)
            die("a thread cannot be started");
    }
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    double took = now_ms() - started;
    vdb_pool_close(j.pool);
    return CLIENTS * conversations / took * 1000;
}

static void write_script(FILE *script)
{
    fprintf(script,
            "INSERT INTO v_voice_conversations (domain_uuid, voice_secretary_uuid, caller_id) VALUES ('%s', '%s', "
            "'+5511987654321') RETURNING conversation_uuid \\gset\n",
            domain, secretary);
    for (int i = 0; i < MESSAGES; i++) {
        if (i % 2 == 0)
            fprintf(script,
                    "INSERT INTO v_voice_messages (domain_uuid, conversation_uuid, turn_number, role, content, "
                    "audio_duration_ms, "
                    "stt_provider, stt_latency_ms, detected_intent, intent_confidence) VALUES ('%s', "
                    ":conversation_uuid, %d, "
                    "'user', '%s', 4200, 'whisper', 310, 'agendamento', 0.9);\n",
                    domain, i / 2 + 1, from_caller);
        else
            fprintf(script,
                    "INSERT INTO v_voice_messages (domain_uuid, conversation_uuid, turn_number, role, content, "
                    "llm_provider, "
                    "llm_latency_ms, tts_provider, tts_latency_ms, tokens_used) VALUES ('%s', :conversation_uuid, %d, "
                    "'assistant', '%s', 'openai', 640, 'piper', 120, 480);\n",
                    domain, i / 2 + 1, from_secretary);
    }
    fprintf(script,
            "UPDATE v_voice_conversations SET ended_at = clock_timestamp(), final_action = 'hangup', "
            "summary = 'Consulta marcada para quinta-feira.' WHERE domain_uuid = '%s' AND conversation_uuid = "
            ":conversation_uuid;\n",
            domain);
}

static double measure_pgbench(const char *script, int conversations)
{
    char command[512], line[256];
    snprintf(command, sizeof command, "pgbench -n -M prepared -c %d -j %d -t %d -f %s", CLIENTS, CLIENTS, conversations,
             script);
    FILE *output = popen(command, "r");
    if (output == NULL)
        die("pgbench cannot be run");
    double rate = 0, connecting_ms = 0;
    while (fgets(line, sizeof line, output) != NULL) {
        sscanf(line, "initial connection time = %lf", &connecting_ms);
        sscanf(line, "tps = %lf", &rate);
    }
    if (pclose(output) != 0 || rate <= 0 || connecting_ms <= 0)
        die("pgbench failed");
    double all = (double)CLIENTS * conversations;
    return all / (all / rate + connecting_ms / 1000);
}

/* Every round must have left so many more of each. */
static void check_rows(PGconn *pg, long conversations)
{
    static long before = 20 * HISTORY;
    before += conversations;
    long ended =
        strtol(query_value(pg, "SELECT count(*) FROM v_voice_conversations WHERE ended_at IS NOT NULL"), NULL, 10);
    long messages = strtol(query_value(pg, "SELECT count(*) FROM v_voice_messages WHERE turn_number <= 10"), NULL, 10);
    if (ended != before || messages != before * MESSAGES)
        die("%ld conversations and %ld messages were stored", ended, messages);
    run_sql(pg, "CHECKPOINT");
}

static void print_line(const char *name, const samples *rates)
{
    printf("| %s | %.1f | %.0f |\n", name, samples_percentile(rates, 0.5),
           samples_percentile(rates, 0.5) * (MESSAGES + 2));
}

int main(int argc, char **argv)
{
    int conversations = option(&argc, argv, "--quick") ? QUICK_CONVERSATIONS : CONVERSATIONS;
    PGconn *pg = bench_connect(NULL);
    make_history(pg);
    char path[] = "/tmp/voicedb-bench-call-XXXXXX";
    int file = mkstemp(path);
    FILE *script = file < 0 ? NULL : fdopen(file, "w");
    if (script == NULL)
        die("%s cannot be made", path);
    write_script(script);
    fclose(script);
    samples library = { 0 }, pgbench = { 0 };
    for (int round = 0; round < ROUNDS; round++) {
        samples_add(&pgbench, measure_pgbench(path, conversations));
        check_rows(pg, (long)CLIENTS * conversations);
        samples_add(&library, measure_library(conversations));
        check_rows(pg, (long)CLIENTS * conversations);
    }
    unlink(path);
    printf("%d connections, %d conversations each, a conversation being its start, %d messages and its end, every one "
           "of them "
           "committed to disk; %d rounds in turns, medians.\n\n"
           "| way | conversations a second | transactions a second |\n|---|---:|---:|\n",
           CLIENTS, conversations, MESSAGES, ROUNDS);
    print_line("pgbench, plain statements, prepared", &pgbench);
    print_line("library", &library);
    target_header();
    target_line("conversations a second, library / pgbench",
                samples_percentile(&library, 0.5) / samples_percentile(&pgbench, 0.5), false, 0.8, 2, "×");
    samples_free(&library);
    samples_free(&pgbench);
    PQfinish(pg);
    return 0;
}
