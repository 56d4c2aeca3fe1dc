/*
 * Notices about calls, sent to a receiver in this process: of one tenant, and of many, signed, each with a conversation
 * of ten messages. What is measured is `webhook run --once` with its four workers: taking the notices, making their
 * texts, sending them, and keeping what came of it. In notices a second.
 */
#include "lib.h"
#include "receiver.h"

#include <string.h>

enum { NOTICES = 10000, QUICK_NOTICES = 300, MANY_TENANTS = 50, ROUNDS = 3, MESSAGES = 10, WORKERS = 4 };

static void make_tenants(PGconn *pg, int port)
{
    char sql[2048];
    snprintf(sql, sizeof sql,
             "INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled) "
             "SELECT gen_random_uuid(), n || '.example', true FROM generate_series(1, %d) n;"
             "INSERT INTO v_voice_tenant_settings (domain_uuid, webhook_config) SELECT domain_uuid, "
             "'{\"secret\": \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"}' FROM v_domains;"
             "INSERT INTO v_voice_secretaries (domain_uuid, name, webhook_url, webhook_enabled) "
             "SELECT domain_uuid, 'Ana', 'http://127.0.0.1:%d/' || domain_name, true FROM v_domains",
             MANY_TENANTS, port);
    run_sql(pg, sql);
}

/* Calls of the first `tenants` that have ended: as many as there are to be notices. */
static void end_calls(PGconn *pg, int tenants, int notices)
{
    char sql[2048];
    snprintf(
        sql, sizeof sql,
        "DELETE FROM v_voice_conversations;"
        "INSERT INTO v_voice_conversations (domain_uuid, voice_secretary_uuid, caller_id, started_at) "
        "SELECT domain_uuid, voice_secretary_uuid, '+55' || n, now() - interval '2 min' "
        "FROM (SELECT * FROM v_voice_secretaries ORDER BY domain_uuid LIMIT %d) s, generate_series(1, %d) n;"
        "INSERT INTO v_voice_messages (domain_uuid, conversation_uuid, turn_number, role, content) "
        "SELECT domain_uuid, conversation_uuid, n, 'user', 'Bom dia! Na quinta-feira tenho horários às 14h30 e às "
        "16h.' "
        "FROM v_voice_conversations, generate_series(1, %d) n;"
        "UPDATE v_voice_conversations SET ended_at = now(), final_action = 'hangup', summary = 'Consulta marcada.'",
        tenants, notices / tenants, MESSAGES);
    run_sql(pg, sql);
    run_sql(pg, "VACUUM ANALYZE");
}

/* Notices a second. */
static double send_all(vdb_pool *pool, const receiver *r, int notices)
{
    static const char *const loopback[] = { "127.0.0.1", NULL };
    const vdb_webhook_options options = { .workers = WORKERS, .once = true, .allow = loopback };
    vdb_webhook_summary summary;
    vdb_error error;
    long before = receiver_count(r);
    double started = stopwatch_ms();
    must(vdb_webhook_run(pool, &options, &summary, &error), &error);
    double took = stopwatch_ms() - started;
    if (summary.delivered != notices || receiver_count(r) - before != notices)
        die("%d notices were to be sent, %lld were, and %ld arrived", notices, (long long)summary.delivered,
            receiver_count(r) - before);
    return notices / took * 1000;
}

int main(int argc, char **argv)
{
    static const int tenants[] = { 1, MANY_TENANTS };
    int notices = option(&argc, argv, "--quick") ? QUICK_NOTICES : NOTICES, port;
    PGconn *pg = bench_connect(NULL);
    receiver *r = receiver_start(&port);
    vdb_pool *pool;
    vdb_error error;
    must(vdb_pool_open(NULL, &pool, &error), &error);
    make_tenants(pg, port);
    samples rates[2] = { 0 };
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 2; i++) {
            end_calls(pg, tenants[i], notices);
            samples_add(&rates[i], send_all(pool, r, notices));
        }
    }
    printf("%d notices a round, %d workers, %d rounds in turns, medians; the receiver answers at once.\n\n"
           "| tenants | notices a second |\n|---:|---:|\n",
           notices, WORKERS, ROUNDS);
    for (int i = 0; i < 2; i++)
        printf("| %d | %.0f |\n", tenants[i], samples_percentile(&rates[i], 0.5));
    target_header();
    target_line("notices a second, many tenants", samples_percentile(&rates[1], 0.5), false, 1000, 0, "");
    target_line("notices a second, one tenant", samples_percentile(&rates[0], 0.5), false, 1000, 0, "");
    for (int i = 0; i < 2; i++)
        samples_free(&rates[i]);
    vdb_pool_close(pool);
    receiver_stop(r);
    PQfinish(pg);
    return 0;
}
