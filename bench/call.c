/*
 * What call scripts write: conversations of 20 messages, from 8 connections at once, through the library, through its
 * log, and by pgbench, which inserts the same rows by plain statements, each a transaction of its own, without
 * row-level security. All give the turns' numbers. In turns; conversations a second. Then how long a turn takes that is
 * handed to the log while every insertion waits for 100 ms.
 */
#include "lib.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum { CLIENTS = 8, MESSAGES = 20, ROUNDS = 3, HISTORY = 500, CONVERSATIONS = 200, QUICK_CONVERSATIONS = 10 };

/* Turns handed over while the database is slow: of each client, one a millisecond. */
enum { SLOW_TURNS = 4000, QUICK_SLOW_TURNS = 200, PAUSE_US = 1000, FLUSH_MS = 600000 };

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
    double started = stopwatch_ms();
    must(vdb_pool_open(&(vdb_options){ .max_connections = CLIENTS }, &j.pool, &error), &error);
    for (int i = 0; i < CLIENTS; i++) {
        if (pthread_create(&threads[i], NULL, hold_conversations, &j) != 0)
            die("a thread cannot be started");
    }
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    double took = stopwatch_ms() - started;
    vdb_pool_close(j.pool);
    return CLIENTS * conversations / took * 1000;
}

/* ---- the log ----------------------------------------------------------------------------------------------------- */

typedef struct log_job {
    vdb_log *log;
    int conversations;
    int turns; /* instead: of one conversation, timed */
    samples took;
} log_job;

static void log_conversation(vdb_log *log)
{
    vdb_error error;
    char conversation[37];
    const vdb_conversation_start_input start = { .secretary = secretary, .caller_id = "+5511987654321" };
    must(vdb_log_start(log, domain, &start, conversation, &error), &error);
    for (int i = 0; i < MESSAGES; i++) {
        vdb_message message = message_of(i);
        must(vdb_log_say(log, domain, conversation, &message, NULL, &error), &error);
    }
    const vdb_conversation_end_input end = { .final_action = "hangup",
                                             .summary = "Consulta marcada para quinta-feira." };
    must(vdb_log_end(log, domain, conversation, &end, &error), &error);
}

static void time_turns(log_job *j)
{
    vdb_error error;
    char conversation[37];
    const vdb_conversation_start_input start = { .secretary = secretary };
    must(vdb_log_start(j->log, domain, &start, conversation, &error), &error);
    for (int i = 0; i < j->turns; i++) {
        vdb_message message = message_of(i);
        double began = stopwatch_ms();
        must(vdb_log_say(j->log, domain, conversation, &message, NULL, &error), &error);
        samples_add(&j->took, stopwatch_ms() - began);
        usleep(PAUSE_US);
    }
}

static void *use_log(void *context)
{
    log_job *j = context;
    for (int i = 0; i < j->conversations; i++)
        log_conversation(j->log);
    if (j->turns > 0)
        time_turns(j);
    return NULL;
}

static void run_jobs(log_job *jobs)
{
    pthread_t threads[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        if (pthread_create(&threads[i], NULL, use_log, &jobs[i]) != 0)
            die("a thread cannot be started");
    }
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
}

static vdb_log *open_log(char directory[32])
{
    vdb_error error;
    vdb_log *log;
    snprintf(directory, 32, "/tmp/voicedb-bench-log-XXXXXX");
    if (mkdtemp(directory) == NULL)
        die("%s cannot be made", directory);
    const vdb_log_options options = { .spool_directory = directory, .senders = CLIENTS };
    must(vdb_log_open(NULL, &options, &log, &error), &error);
    return log;
}

/* All of it is in the database then, and nothing is left in the directory. */
static void close_log(vdb_log *log, const char *directory)
{
    vdb_error error;
    vdb_log_state state;
    must(vdb_log_flush(log, FLUSH_MS, &error), &error);
    vdb_log_status(log, &state);
    vdb_log_close(log);
    if (state.refused > 0 || state.damaged > 0 || rmdir(directory) != 0)
        die("the log left something in %s", directory);
}

/* Conversations a second, until all of them are in the database. */
static double measure_log(int conversations)
{
    char directory[32];
    log_job jobs[CLIENTS];
    double started = stopwatch_ms();
    vdb_log *log = open_log(directory);
    for (int i = 0; i < CLIENTS; i++)
        jobs[i] = (log_job){ .log = log, .conversations = conversations };
    run_jobs(jobs);
    close_log(log, directory);
    return CLIENTS * conversations / (stopwatch_ms() - started) * 1000;
}

static void print_slow(PGconn *pg, int turns)
{
    char directory[32];
    log_job jobs[CLIENTS];
    samples all = { 0 };
    run_sql(pg, "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN PERFORM pg_sleep(0.1); RETURN NULL; END';"
                "CREATE TRIGGER slow BEFORE INSERT ON v_voice_messages EXECUTE FUNCTION slow()");
    vdb_log *log = open_log(directory);
    for (int i = 0; i < CLIENTS; i++)
        jobs[i] = (log_job){ .log = log, .turns = turns };
    run_jobs(jobs);
    close_log(log, directory);
    for (int i = 0; i < CLIENTS; i++) {
        for (size_t n = 0; n < jobs[i].took.count; n++)
            samples_add(&all, jobs[i].took.ms[n] * 1000);
        samples_free(&jobs[i].took);
    }
    printf("\nA turn handed to the log while every transaction that stores messages takes 100 ms more: of %zu turns "
           "from %d threads, one a millisecond each, µs.\n\n"
           "| p50 | p90 | p99 | p99.9 | max |\n|---:|---:|---:|---:|---:|\n"
           "| %.1f | %.1f | %.1f | %.1f | %.1f |\n",
           all.count, CLIENTS, samples_percentile(&all, 0.5), samples_percentile(&all, 0.9),
           samples_percentile(&all, 0.99), samples_percentile(&all, 0.999), samples_percentile(&all, 1));
    target_header();
    target_line("a turn handed to the log, the database slow, p99", samples_percentile(&all, 0.99), true, 50, 1, "µs");
    samples_free(&all);
}

/* ---- pgbench ----------------------------------------------------------------------------------------------------- */

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
    bool quick = option(&argc, argv, "--quick");
    int conversations = quick ? QUICK_CONVERSATIONS : CONVERSATIONS;
    PGconn *pg = bench_connect(NULL);
    make_history(pg);
    char path[] = "/tmp/voicedb-bench-call-XXXXXX";
    int file = mkstemp(path);
    FILE *script = file < 0 ? NULL : fdopen(file, "w");
    if (script == NULL)
        die("%s cannot be made", path);
    write_script(script);
    fclose(script);
    samples library = { 0 }, logged = { 0 }, pgbench = { 0 };
    for (int round = 0; round < ROUNDS; round++) {
        samples_add(&pgbench, measure_pgbench(path, conversations));
        check_rows(pg, (long)CLIENTS * conversations);
        samples_add(&library, measure_library(conversations));
        check_rows(pg, (long)CLIENTS * conversations);
        samples_add(&logged, measure_log(conversations));
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
    print_line("library's log, until all is stored", &logged);
    print_slow(pg, quick ? QUICK_SLOW_TURNS : SLOW_TURNS);
    target_line("conversations a second, library / pgbench",
                samples_percentile(&library, 0.5) / samples_percentile(&pgbench, 0.5), false, 0.8, 2, "×");
    target_line("conversations a second, log / pgbench",
                samples_percentile(&logged, 0.5) / samples_percentile(&pgbench, 0.5), false, 1.5, 2, "×");
    samples_free(&library);
    samples_free(&logged);
    samples_free(&pgbench);
    PQfinish(pg);
    return 0;
}
