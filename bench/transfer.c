/*
 * Where a call goes, among 200 rules: what the caller said is held against all of them, and one round trip asks for the
 * time, the numbers and whether the rules are still these. Beside it that round trip with nothing to ask, in a
 * transaction of the tenant's, on bare libpq. In turns.
 */
#include "lib.h"

#include <string.h>

enum { CALLS = 4000, QUICK_CALLS = 200, RULES = 200, CALLS_A_CHANGE = 20 };

static const char domain[] = "cccccccc-0000-4000-8000-000000000021";
static const char hours[] =
    "{\"timezone\": \"America/Sao_Paulo\", \"mon-sun\": [\"00:00-12:00\", \"12:00-24:00\"], \"holidays\": {}}";

/* What callers say; the number of the rule that is meant, 0 for none. */
static const struct wish {
    const char *said;
    int rule;
} wishes[] = {
    { "Bom dia, eu queria falar com alguém sobre o assunto 150 da minha conta, por favor", 150 },
    { "Preciso de ajuda com os pedidos 37 que fiz na semana passada e não chegaram", 37 },
    { "Queria saber quanto custa a consulta e se vocês atendem no sábado de manhã", 0 },
};
enum { WISHES = sizeof wishes / sizeof wishes[0] };

/* Each rule has three keywords, hours and a number that is there; every other one a pattern. */
static void make_rules(PGconn *pg)
{
    char sql[2048];
    snprintf(sql, sizeof sql,
             "INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled) VALUES ('%s', 'transfer.example', true);"
             "INSERT INTO v_extensions (extension_uuid, domain_uuid, extension, enabled) "
             "SELECT gen_random_uuid(), '%s', (1000 + n)::text, true FROM generate_series(1, %d) n;"
             "INSERT INTO v_voice_transfer_rules (domain_uuid, department_name, intent_keywords, intent_patterns, "
             "transfer_extension, working_hours, priority) "
             "SELECT '%s', 'Setor ' || n, ARRAY['assunto ' || n, 'setor ' || n, 'pedido ' || n], "
             "CASE n %% 2 WHEN 0 THEN ARRAY['segunda via d[aeo] (nota|conta) ' || n] ELSE ARRAY[]::text[] END, "
             "(1000 + n)::text, '%s', n FROM generate_series(1, %d) n",
             domain, domain, RULES, domain, hours, RULES);
    run_sql(pg, sql);
    run_sql(pg, "VACUUM ANALYZE");
}

static double ask_bare(PGconn *pg)
{
    double started = stopwatch_ms();
    bool sent = PQsendQueryParams(pg, "BEGIN", 0, NULL, NULL, NULL, NULL, 0) == 1 &&
                PQsendQueryPrepared(pg, "scope", 0, NULL, NULL, NULL, 0) == 1 &&
                PQsendQueryPrepared(pg, "nothing", 0, NULL, NULL, NULL, 0) == 1 &&
                PQsendQueryParams(pg, "COMMIT", 0, NULL, NULL, NULL, NULL, 0) == 1 && PQpipelineSync(pg) == 1;
    int synced = 0;
    for (int left = 64; sent && !synced && left > 0; left--) {
        PGresult *result = PQgetResult(pg);
        ExecStatusType status = result == NULL ? PGRES_EMPTY_QUERY : PQresultStatus(result);
        synced = status == PGRES_PIPELINE_SYNC;
        if (status == PGRES_FATAL_ERROR || status == PGRES_PIPELINE_ABORTED)
            die("%s", PQerrorMessage(pg));
        PQclear(result);
    }
    if (!synced)
        die("%s", PQerrorMessage(pg));
    return stopwatch_ms() - started;
}

static double ask_library(vdb_tenant *tenant, const struct wish *w)
{
    vdb_error error;
    const vdb_transfer_decision *d;
    double started = stopwatch_ms();
    must(vdb_transfer_resolve(tenant, NULL, w->said, NULL, &d, &error), &error);
    double took = stopwatch_ms() - started;
    int64_t found = d->rule == NULL ? 0 : d->rule->priority;
    if (found != w->rule || d->step_count != RULES)
        die("\"%s\" leads to rule %lld: %s", w->said, (long long)found, d->why);
    vdb_rows_free(d);
    return took;
}

static void print_line(const char *name, const samples *s)
{
    printf("| %s | %zu | %s | %s |\n", name, s->count, ms_text(samples_percentile(s, 0.5)),
           ms_text(samples_percentile(s, 0.99)));
}

static void measure(PGconn *pg, vdb_tenant *tenant, int calls)
{
    samples bare = { 0 }, resolved = { 0 }, changed = { 0 };
    for (int i = 0; i < calls; i++) {
        samples_add(&bare, ask_bare(pg));
        samples_add(&resolved, ask_library(tenant, &wishes[i % WISHES]));
        if (i % CALLS_A_CHANGE == 0) {
            PQexitPipelineMode(pg);
            run_sql(pg,
                    "UPDATE v_voice_transfer_rules SET transfer_message = clock_timestamp()::text WHERE priority = 1");
            PQenterPipelineMode(pg);
            samples_add(&changed, ask_library(tenant, &wishes[i % WISHES]));
        }
    }
    printf("Three utterances in turn among %d rules, each with three keywords, working hours and an extension, every "
           "other one with a pattern.\n\n"
           "| way | calls | p50 ms | p99 ms |\n|---|---:|---:|---:|\n",
           RULES);
    print_line("bare libpq: an empty query in a transaction of the tenant's", &bare);
    print_line("vdb_transfer_resolve()", &resolved);
    print_line("vdb_transfer_resolve() after a change", &changed);
    target_header();
    target_line("p50 of a transfer resolved among 200 rules", samples_percentile(&resolved, 0.5), true, 0.2, 3, " ms");
    samples_free(&bare);
    samples_free(&resolved);
    samples_free(&changed);
}

static void prepare(PGconn *pg, const char *name, const char *sql)
{
    PGresult *result = PQprepare(pg, name, sql, 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        die("%s", PQerrorMessage(pg));
    PQclear(result);
}

int main(int argc, char **argv)
{
    int calls = option(&argc, argv, "--quick") ? QUICK_CALLS : CALLS;
    vdb_error error;
    vdb_pool *pool;
    vdb_tenant *tenant;
    PGconn *pg = bench_connect(NULL);
    make_rules(pg);
    must(vdb_pool_open(&(vdb_options){ .max_connections = 1 }, &pool, &error), &error);
    must(vdb_tenant_open(pool, domain, &tenant, &error), &error);
    prepare(pg, "scope", "SELECT set_config('voicedb.domain_uuid', 'cccccccc-0000-4000-8000-000000000021', true)");
    prepare(pg, "nothing", "SELECT 1");
    if (PQenterPipelineMode(pg) != 1)
        die("%s", PQerrorMessage(pg));
    measure(pg, tenant, calls);
    vdb_tenant_close(tenant);
    vdb_pool_close(pool);
    PQfinish(pg);
    return 0;
}
