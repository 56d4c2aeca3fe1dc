/* The conversation log: what is acknowledged is stored, once and in order, whatever becomes of process and server. */
#include "logging.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char ana[37];

static int begin(void **state)
{
    begin_logging(state);
    ok(vdb_secretary_add(clinic, &(vdb_secretary_input){ .name = "Ana", .extension = "2000" }, ana, &failure));
    return 0;
}

/* ---- what calls say ---------------------------------------------------------------------------------------------- */

static void a_call_is_stored(void **state)
{
    (void)state;
    vdb_log *log = open_log(NULL);
    char c[37];
    const vdb_conversation_start_input start = { .secretary = "2000",
                                                 .call_uuid = NOBODY_UUID,
                                                 .caller_id = "+5511987654321",
                                                 .caller_name = "João",
                                                 .metadata = "{\"linha\": 2}" };
    ok(vdb_log_start(log, CLINIC_UUID, &start, c, &failure));
    assert_int_equal(say(log, c, "assistant", "Bom dia!"), 1);
    assert_int_equal(say(log, c, "user", "Bom dia, quero marcar uma consulta."), 1);
    assert_int_equal(say(log, c, "user", "Amanhã."), 2);
    const vdb_message full = {
        .role = "assistant",
        .content = "Abrimos às 8h. ☎",
        .audio_duration_ms = 1500,
        .audio_file_path = "/a/b.wav",
        .stt_provider = "whisper",
        .stt_latency_ms = 11,
        .rag_latency_ms = 5,
        .llm_provider = "openai",
        .llm_latency_ms = 22,
        .tts_provider = "azure",
        .tts_latency_ms = 33,
        .tokens_used = 44,
        .rag_chunk_uuids = (const char *const[]){ NOBODY_UUID, CLINIC_UUID, NULL },
        .rag_similarities = (const double[]){ 0.75, -0.5 },
        .detected_intent = "hours",
        .intent_confidence = 0.25,
    };
    ok(vdb_log_say(log, CLINIC_UUID, c, &full, NULL, &failure));
    const vdb_conversation_end_input input = {
        .final_action = "transfer", .transfer_target = "4000", .summary = "Quer saber o horário.", .ticket_id = "T-1"
    };
    ok(vdb_log_end(log, CLINIC_UUID, c, &input, &failure));
    flush(log);
    assert_int_equal(state_of(log).stored, 6);
    assert_int_equal(state_of(log).waiting, 0);
    vdb_log_close(log);
    assert_string_equal(transcript(c), "1 assistant Bom dia!|1 user Bom dia, quero marcar uma consulta.|2 user "
                                       "Amanhã.|2 assistant Abrimos às 8h. ☎");
    assert_string_equal(
        rows_on(admin,
                "SELECT domain_uuid, call_uuid, caller_id, caller_name, metadata, ended_at >= started_at, "
                "started_at > now() - interval '1 min', final_action, transfer_target, summary, ticket_id "
                "FROM v_voice_conversations WHERE voice_secretary_uuid = '%s'",
                ana),
        CLINIC_UUID "|" NOBODY_UUID "|+5511987654321|João|{\"linha\": 2}|t|t|transfer|4000|Quer saber o horário.|T-1");
    assert_string_equal(
        rows_on(admin, "SELECT audio_duration_ms, audio_file_path, stt_provider, stt_latency_ms, "
                       "rag_latency_ms, llm_provider, llm_latency_ms, tts_provider, tts_latency_ms, tokens_used, "
                       "rag_chunk_uuids, rag_similarities, detected_intent, intent_confidence FROM v_voice_messages "
                       "WHERE audio_duration_ms IS NOT NULL"),
        "1500|/a/b.wav|whisper|11|5|openai|22|azure|33|44|{" NOBODY_UUID "," CLINIC_UUID "}|{0.75,-0.5}|hours|0.25");
    assert_string_equal(files_left(), "");
}

static void a_start_is_idempotent(void **state)
{
    (void)state;
    vdb_log *one = open_log(NULL), *two = open_log(NULL);
    const char *c = begin_call(one, NOBODY_UUID);
    assert_string_equal(begin_call(one, NOBODY_UUID), c);
    assert_string_equal(begin_call(two, NOBODY_UUID), c);
    assert_int_equal(say(one, c, "user", "a"), 1);
    assert_int_equal(say(one, c, "assistant", "b"), 1);
    flush(one);
    say(two, c, "user", "c");
    say(two, c, "assistant", "d");
    say(two, c, "user", "e");
    flush(two);
    say(one, c, "user", "f");
    say(one, c, "assistant", "g");
    flush(one);
    assert_string_equal(transcript(c), "1 user a|1 assistant b|2 user c|2 assistant d|3 user e|4 user f|4 assistant g");
    end_call(one, c);
    flush(one);
    refused(VDB_CONFLICT, vdb_log_start(one, CLINIC_UUID, &(vdb_conversation_start_input){ .call_uuid = NOBODY_UUID },
                                        (char[37]){ 0 }, &failure));
    vdb_log_close(one);
    vdb_log_close(two);
    assert_int_equal(number("SELECT count(*) FROM v_voice_conversations"), 1);
}

static void calls_without_uuid_are_calls_of_their_own(void **state)
{
    (void)state;
    vdb_log *log = open_log(NULL);
    const char *a = begin_call(log, NULL), *b = begin_call(log, NULL);
    assert_string_not_equal(a, b);
    say(log, a, "user", "a");
    say(log, b, "user", "b");
    flush(log);
    vdb_log_close(log);
    assert_string_equal(transcript(a), "1 user a");
    assert_string_equal(transcript(b), "1 user b");
}

/* What one process says of a call that another one has begun by other means is added to that one's conversation. */
static void a_call_that_is_there_is_taken_up(void **state)
{
    (void)state;
    sql("INSERT INTO v_voice_conversations (domain_uuid, conversation_uuid, call_uuid) VALUES ('" CLINIC_UUID
        "', '" HOTEL_UUID "', '" NOBODY_UUID "'); INSERT INTO v_voice_messages (domain_uuid, conversation_uuid, "
        "turn_number, role, content) VALUES ('" CLINIC_UUID "', '" HOTEL_UUID "', 1, 'user', 'a')");
    vdb_log *log = open_log(NULL);
    const char *c = begin_call(log, NOBODY_UUID);
    say(log, c, "assistant", "b");
    say(log, c, "user", "c");
    end_call(log, c);
    flush(log);
    vdb_log_close(log);
    /* As one batch they begin behind the turn in which the caller has spoken; one by one the answer is still in it. */
    const char *told = transcript(HOTEL_UUID);
    if (strcmp(told, "1 user a|1 assistant b|2 user c") != 0)
        assert_string_equal(told, "1 user a|2 assistant b|2 user c");
    assert_int_equal(number("SELECT count(*) FROM v_voice_conversations WHERE ended_at IS NOT NULL"), 1);
}

static void what_is_out_of_order_is_refused_at_once(void **state)
{
    (void)state;
    vdb_log *log = open_log(NULL);
    const vdb_conversation_end_input hangup = { 0 };
    const vdb_message hello = { .role = "user", .content = "a" };
    refused(VDB_NOT_FOUND, vdb_log_end(log, CLINIC_UUID, NOBODY_UUID, &hangup, &failure));
    refused(VDB_NOT_FOUND, vdb_log_say(log, CLINIC_UUID, NOBODY_UUID, &hello, NULL, &failure));
    const char *c = begin_call(log, NULL);
    refused(VDB_NOT_FOUND, vdb_log_say(log, HOTEL_UUID, c, &hello, NULL, &failure));
    const struct {
        int64_t turn;
        const char *role;
        vdb_status status;
    } turns[] = {
        { 3, "user", VDB_OK }, { 3, "user", VDB_CONFLICT },   { 3, "assistant", VDB_OK }, { 2, "user", VDB_CONFLICT },
        { 5, "tool", VDB_OK }, { 3, "system", VDB_CONFLICT }, { 5, "user", VDB_OK },      { 5, "tool", VDB_CONFLICT },
    };
    for (size_t i = 0; i < COUNT(turns); i++) {
        const vdb_message m = { .turn_number = turns[i].turn, .role = turns[i].role, .content = "x" };
        if (turns[i].status == VDB_OK)
            ok(vdb_log_say(log, CLINIC_UUID, c, &m, NULL, &failure));
        else
            refused(turns[i].status, vdb_log_say(log, CLINIC_UUID, c, &m, NULL, &failure));
    }
    assert_int_equal(say(log, c, "user", "y"), 6);
    end_call(log, c);
    refused(VDB_CONFLICT, vdb_log_say(log, CLINIC_UUID, c, &hello, NULL, &failure));
    refused(VDB_CONFLICT, vdb_log_end(log, CLINIC_UUID, c, &hangup, &failure));
    flush(log);
    vdb_log_close(log);
    assert_string_equal(transcript(c), "3 user x|3 assistant x|5 tool x|5 user x|6 user y");
}

static void bad_input_is_refused_at_once(void **state)
{
    (void)state;
    vdb_log *log = open_log(NULL);
    const char *c = begin_call(log, NULL);
    char *wide = long_text(101, "x"), *wider = long_text(501, "x"), *huge = long_text(5 << 20, "x");
    const struct {
        vdb_status status;
        vdb_message message;
    } cases[] = {
        { VDB_USAGE, { .content = "x" } },
        { VDB_USAGE, { .role = "caller", .content = "x" } },
        { VDB_USAGE, { .role = "user" } },
        { VDB_USAGE, { .role = "user", .content = "" } },
        { VDB_USAGE, { .role = "user", .content = "x", .turn_number = -1 } },
        { VDB_USAGE, { .role = "user", .content = "x", .intent_confidence = 1.1 } },
        { VDB_USAGE, { .role = "user", .content = "x", .rag_chunk_uuids = (const char *const[]){ "x", NULL } } },
        { VDB_USAGE,
          { .role = "user",
            .content = "x",
            .rag_chunk_uuids = (const char *const[]){ NOBODY_UUID, NULL },
            .rag_similarities = (const double[]){ 2 } } },
        { VDB_BAD_INPUT, { .role = "user", .content = "caf\xE9" } },
        { VDB_BAD_INPUT, { .role = "user", .content = "\xED\xA0\x80" } },
        { VDB_BAD_INPUT, { .role = "user", .content = "x", .detected_intent = "\xFF" } },
        { VDB_BAD_INPUT, { .role = "user", .content = "x", .turn_number = INT64_C(1) << 40 } },
        { VDB_BAD_INPUT, { .role = "user", .content = "x", .stt_latency_ms = -1 } },
        { VDB_BAD_INPUT, { .role = "user", .content = "x", .tokens_used = INT64_C(1) << 31 } },
        { VDB_BAD_INPUT, { .role = "user", .content = "x", .stt_provider = wide } },
        { VDB_BAD_INPUT, { .role = "user", .content = "x", .audio_file_path = wider } },
        { VDB_BAD_INPUT, { .role = "user", .content = huge } },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        refused(cases[i].status, vdb_log_say(log, CLINIC_UUID, c, &cases[i].message, NULL, &failure));
    const struct {
        vdb_status status;
        vdb_conversation_start_input start;
    } starts[] = {
        { VDB_USAGE, { .call_uuid = "x" } },
        { VDB_BAD_INPUT, { .caller_id = wide } },
        { VDB_BAD_INPUT, { .caller_name = "\xC0\x80" } },
        { VDB_BAD_INPUT, { .metadata = "[]" } },
        { VDB_BAD_INPUT, { .metadata = "{\"a\": \"\\u0000\"}" } },
        { VDB_BAD_INPUT, { .secretary = "\xFE" } },
    };
    char made[37];
    for (size_t i = 0; i < COUNT(starts); i++)
        refused(starts[i].status, vdb_log_start(log, CLINIC_UUID, &starts[i].start, made, &failure));
    refused(VDB_USAGE, vdb_log_start(log, "clinic.example", &starts[0].start, made, &failure));
    const vdb_conversation_end_input bad_end = { .summary = "\xFF" }, wide_end = { .final_action = wide },
                                     no_rule = { .transfer_rule_uuid = "x" };
    refused(VDB_BAD_INPUT, vdb_log_end(log, CLINIC_UUID, c, &bad_end, &failure));
    refused(VDB_BAD_INPUT, vdb_log_end(log, CLINIC_UUID, c, &wide_end, &failure));
    refused(VDB_USAGE, vdb_log_end(log, CLINIC_UUID, c, &no_rule, &failure));
    flush(log);
    assert_int_equal(state_of(log).stored, 1);
    assert_int_equal(state_of(log).refused, 0);
    vdb_log_close(log);
    free(wide);
    free(wider);
    free(huge);
    assert_int_equal(number("SELECT count(*) FROM v_voice_messages"), 0);
}

static void a_message_may_be_long_and_odd(void **state)
{
    (void)state;
    vdb_log *log = open_log(NULL);
    const char *c = begin_call(log, NULL);
    static const char part[] = "{\"\\,}çã\n☎ NULL '$1' ";
    char *mebibyte = long_text(((1 << 20) / (sizeof part - 1) + 1) * (sizeof part - 1), part);
    say(log, c, "user", mebibyte);
    say(log, c, "assistant", "NULL");
    flush(log);
    vdb_log_close(log);
    assert_string_equal(value("SELECT content FROM v_voice_messages WHERE role = 'user'"), mebibyte);
    assert_string_equal(value("SELECT content FROM v_voice_messages WHERE role = 'assistant'"), "NULL");
    free(mebibyte);
}

/* Of which each end is a notice: the sweep's, and the real one. */
static void a_swept_call_goes_on(void **state)
{
    (void)state;
    sql("UPDATE v_voice_secretaries SET webhook_enabled = true, webhook_url = 'https://hook.example/'");
    vdb_log *log = open_log(NULL);
    char c[37];
    int64_t swept = 0;
    ok(vdb_log_start(log, CLINIC_UUID, &(vdb_conversation_start_input){ .secretary = "2000" }, c, &failure));
    static const char *const words[] = { "a", "b" };
    for (size_t i = 0; i < COUNT(words); i++) {
        say(log, c, "user", words[i]);
        flush(log);
        assert_int_equal(number("SELECT count(*) FROM v_voice_conversations WHERE ended_at IS NULL"), 1);
        sql("UPDATE v_voice_conversations SET started_at = started_at - interval '2 h'");
        sql("UPDATE v_voice_messages SET created_at = created_at - interval '2 h'");
        ok(vdb_conversation_sweep(clinic, 3600, &swept, &failure));
        assert_int_equal(swept, 1);
        assert_string_equal(value("SELECT final_action FROM v_voice_conversations"), "abandoned");
    }
    ok(vdb_log_end(log, CLINIC_UUID, c, &(vdb_conversation_end_input){ .summary = "Desligou." }, &failure));
    flush(log);
    assert_int_equal(state_of(log).refused, 0);
    vdb_log_close(log);
    assert_string_equal(transcript(c), "1 user a|2 user b");
    assert_string_equal(rows_on(admin, "SELECT final_action, summary, ended_at > now() - interval '1 h' FROM "
                                       "v_voice_conversations"),
                        "hangup|Desligou.|t");
    assert_int_equal(
        number("SELECT max(event_number) FROM v_voice_webhook_deliveries WHERE conversation_uuid = '%s'", c), 3);
}

/* ---- what only the database can say ------------------------------------------------------------------------------ */

static void what_is_not_found_is_noted(void **state)
{
    (void)state;
    vdb_log *log = open_log(NULL);
    char c[37];
    ok(vdb_log_start(log, CLINIC_UUID, &(vdb_conversation_start_input){ .secretary = "Zoe" }, c, &failure));
    ok(vdb_log_end(log, CLINIC_UUID, c, &(vdb_conversation_end_input){ .transfer_rule_uuid = NOBODY_UUID }, &failure));
    flush(log);
    vdb_log_close(log);
    assert_string_equal(value("SELECT metadata FROM v_voice_conversations WHERE ended_at IS NOT NULL"),
                        "{\"unknown_secretary\": \"Zoe\", \"unknown_transfer_rule\": \"" NOBODY_UUID "\"}");
}

/* Records that cannot be stored are kept, and hold nobody up. */
static void what_can_never_be_stored_is_kept(void **state)
{
    (void)state;
    static const char gone[] = "90000000-0000-4000-8000-000000000009";
    sql("INSERT INTO v_domains (domain_uuid, domain_name) VALUES ('%s', 'gone.example')", gone);
    vdb_log *log = open_log(NULL);
    char of_gone[37];
    const vdb_message last = { .role = "user", .content = "Alô?" };
    ok(vdb_log_start(log, gone, &(vdb_conversation_start_input){ 0 }, of_gone, &failure));
    const char *ended = begin_call(log, NULL), *other = begin_call(log, NULL);
    flush(log);
    sql("DELETE FROM v_domains WHERE domain_uuid = '%s'", gone);
    sql("UPDATE v_voice_conversations SET ended_at = now() WHERE conversation_uuid = '%s'", ended);
    ok(vdb_log_say(log, gone, of_gone, &last, NULL, &failure));
    ok(vdb_log_start(log, gone, &(vdb_conversation_start_input){ .caller_id = "777" }, of_gone, &failure));
    say(log, ended, "user", "too late");
    end_call(log, ended);
    say(log, other, "user", "in time");
    flush(log);
    assert_int_equal(state_of(log).refused, 4);
    vdb_log_close(log);
    assert_string_equal(transcript(other), "1 user in time");
    assert_string_equal(transcript(ended), "");
    const char *dead = dead_letters();
    assert_contains(dead, "\"content\":\"Alô?\"");
    assert_contains(dead, "\"caller_id\":\"777\"");
    assert_contains(dead, "\"content\":\"too late\"");
    assert_contains(dead, text("\"reason\":\"conversation %s was ended elsewhere", ended));
    assert_contains(notes, "was ended elsewhere");
    assert_string_equal(files_left(), "dead.jsonl ");
}

/* ---- the database is away ---------------------------------------------------------------------------------------- */

static void what_waits_is_stored_by_whoever_comes_next(void **state)
{
    (void)state;
    vdb_log *log = open_log(NOWHERE);
    const char *c = begin_call(log, NOBODY_UUID);
    say(log, c, "user", "a");
    say(log, c, "assistant", "b");
    refused(VDB_UNREACHABLE, vdb_log_flush(log, 100, &failure));
    assert_contains(failure.detail, "the database cannot be reached");
    assert_int_equal(state_of(log).waiting, 3);
    assert_int_equal(state_of(log).last.status, VDB_UNREACHABLE);
    vdb_log_close(log);
    log = open_log(NULL);
    assert_int_equal(state_of(log).adopted, 1);
    assert_string_equal(begin_call(log, NOBODY_UUID), c);
    say(log, c, "user", "c");
    flush(log);
    assert_int_equal(state_of(log).orphans, 0);
    vdb_log_close(log);
    assert_string_equal(transcript(c), "1 user a|1 assistant b|2 user c");
    assert_string_equal(files_left(), "");
}

static void a_full_spool_says_so_and_loses_nothing(void **state)
{
    (void)state;
    vdb_log *log = NULL;
    const vdb_log_options small = { .spool_directory = spool_directory, .spool_limit_bytes = 1 << 20 };
    refused(VDB_USAGE,
            vdb_log_open(NULL, &(vdb_log_options){ .spool_directory = spool_directory, .spool_limit_bytes = 1 }, &log,
                         &failure));
    ok(vdb_log_open(&(vdb_options){ .conninfo = NOWHERE }, &small, &log, &failure));
    const char *c = begin_call(log, NULL);
    char *some = long_text(1000, "x");
    const vdb_message m = { .role = "user", .content = some };
    int64_t turns = 0, turn;
    while (vdb_log_say(log, CLINIC_UUID, c, &m, &turn, NULL) == VDB_OK)
        assert_int_equal(turn, ++turns);
    assert_in_range(turns, 800, 1050);
    refused(VDB_UNREACHABLE, vdb_log_say(log, CLINIC_UUID, c, &m, &turn, &failure));
    assert_contains(failure.message, "the spool is full");
    refused(VDB_UNREACHABLE, vdb_log_start(log, CLINIC_UUID,
                                           &(vdb_conversation_start_input){ .metadata = text("{\"a\": \"%s\"}", some) },
                                           (char[37]){ 0 }, &failure));
    assert_in_range(state_of(log).spool_bytes, 1 << 19, 1 << 20);
    vdb_log_close(log);
    free(some);
    log = open_log(NULL);
    flush(log);
    vdb_log_close(log);
    assert_int_equal(number("SELECT count(*) FROM v_voice_messages WHERE turn_number <= %d", (int)turns), turns);
}

static void a_spool_that_cannot_be_written_says_so(void **state)
{
    (void)state;
    vdb_log *log = NULL;
    const char *file = text("%s/file", spool_directory);
    fclose(fopen(file, "w"));
    const char *const bad[] = { file, text("%s/none/none", spool_directory), "/proc/voicedb" };
    for (size_t i = 0; i < COUNT(bad); i++)
        refused(VDB_BAD_INPUT, vdb_log_open(NULL, &(vdb_log_options){ .spool_directory = bad[i] }, &log, &failure));
    refused(VDB_USAGE, vdb_log_open(NULL, &(vdb_log_options){ 0 }, &log, &failure));
    unlink(file);
    /* A disk that takes no more, in the middle of a record. */
    log = open_log(NOWHERE);
    const char *c = begin_call(log, NULL);
    char *some = long_text(3000, "x");
    struct rlimit before, small = { .rlim_cur = 10000, .rlim_max = RLIM_INFINITY };
    getrlimit(RLIMIT_FSIZE, &before);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    const vdb_message m = { .role = "user", .content = some };
    int64_t turns = 0, turn;
    vdb_status status;
    while ((status = vdb_log_say(log, CLINIC_UUID, c, &m, &turn, NULL)) == VDB_OK)
        assert_int_equal(turn, ++turns);
    vdb_status again = vdb_log_say(log, CLINIC_UUID, c, &m, &turn, &failure);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(status, VDB_BAD_INPUT);
    assert_int_equal(again, VDB_BAD_INPUT);
    assert_contains(failure.detail, "File too large");
    assert_int_equal(turns, 3);
    assert_int_equal(say(log, c, "user", "short"), 4);
    vdb_log_close(log);
    log = open_log(NULL);
    flush(log);
    vdb_log_close(log);
    free(some);
    assert_string_equal(notes, "");
    assert_string_equal(value("SELECT string_agg(turn_number || ' ' || length(content), ',' ORDER BY turn_number) "
                              "FROM v_voice_messages"),
                        "1 3000,2 3000,3 3000,4 5");
}

/* ---- processes that die ------------------------------------------------------------------------------------------ */

enum { KILLED_TURNS = 100000 };

/* Logs until it is killed, and tells each number that was acknowledged. */
static void log_until_killed(int told, const char *conninfo)
{
    vdb_log *log;
    char c[37];
    const vdb_log_options options = { .spool_directory = spool_directory };
    if (vdb_log_open(&(vdb_options){ .conninfo = conninfo }, &options, &log, NULL) != VDB_OK ||
        vdb_log_start(log, CLINIC_UUID, &(vdb_conversation_start_input){ .call_uuid = NOBODY_UUID }, c, NULL) != VDB_OK)
        _exit(1);
    for (int64_t i = 0; i < KILLED_TURNS; i++) {
        char content[32];
        int64_t turn;
        snprintf(content, sizeof content, "%d %d", (int)getpid(), (int)i);
        const vdb_message m = { .role = "user", .content = content };
        if (vdb_log_say(log, CLINIC_UUID, c, &m, &turn, NULL) != VDB_OK || write(told, &i, sizeof i) != sizeof i)
            _exit(2);
    }
    _exit(3);
}

/* How many turns it had acknowledged when it was killed. */
static int64_t kill_after(int64_t turns, const char *conninfo, pid_t *process)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    *process = fork();
    if (*process == 0)
        log_until_killed(ends[1], conninfo);
    close(ends[1]);
    int64_t last = -1;
    while (last < turns && read(ends[0], &last, sizeof last) == sizeof last)
        continue;
    kill(*process, SIGKILL);
    while (read(ends[0], &last, sizeof last) == sizeof last)
        continue;
    close(ends[0]);
    int status;
    waitpid(*process, &status, 0);
    assert_true(WIFSIGNALED(status));
    return last + 1;
}

/* Of each process every acknowledged turn, once and in order; at most the one that was in work more. */
static void a_killed_process_loses_nothing(void **state)
{
    (void)state;
    enum { PROCESSES = 12 };
    pid_t processes[PROCESSES];
    int64_t acknowledged[PROCESSES];
    for (int i = 0; i < PROCESSES; i++)
        acknowledged[i] = kill_after(1 + 97 * i, i % 3 == 0 ? NOWHERE : "", &processes[i]);
    vdb_log *log = open_log(NULL);
    flush(log);
    assert_int_equal(state_of(log).damaged, 0);
    vdb_log_close(log);
    for (int i = 0; i < PROCESSES; i++) {
        const char *own = text("FROM v_voice_messages WHERE content LIKE '%d %%'", (int)processes[i]);
        int64_t stored = number("SELECT count(*) %s", own);
        assert_in_range(stored, acknowledged[i], acknowledged[i] + 1);
        assert_int_equal(number("SELECT count(DISTINCT content) %s", own), stored);
        assert_int_equal(number("SELECT count(*) FROM (SELECT split_part(content, ' ', 2)::int AS n, row_number() OVER "
                                "(ORDER BY turn_number) - 1 AS place %s) t WHERE n <> place",
                                own),
                         0);
    }
    assert_int_equal(number("SELECT count(*) FROM v_voice_conversations"), 1);
    assert_string_equal(notes, "");
    assert_string_equal(files_left(), "");
}

/* ---- processes that speak in the same call at the same time -------------------------------------------------------
 */

enum { SPEAKERS = 4, SPOKEN_TURNS = 150 };

/* Begins when the other end of `gate` is closed. */
static void speak_in_the_call(int gate)
{
    vdb_log *log;
    char c[37], nothing;
    const vdb_log_options options = { .spool_directory = spool_directory };
    if (read(gate, &nothing, 1) != 0 || vdb_log_open(NULL, &options, &log, NULL) != VDB_OK ||
        vdb_log_start(log, CLINIC_UUID, &(vdb_conversation_start_input){ .call_uuid = NOBODY_UUID }, c, NULL) != VDB_OK)
        _exit(1);
    for (int i = 0; i < SPOKEN_TURNS; i++) {
        char content[32];
        snprintf(content, sizeof content, "%d %d", (int)getpid(), i);
        const vdb_message m = { .role = "user", .content = content };
        if (vdb_log_say(log, CLINIC_UUID, c, &m, NULL, NULL) != VDB_OK)
            _exit(2);
    }
    bool stored = vdb_log_flush(log, 60000, NULL) == VDB_OK;
    vdb_log_close(log);
    _exit(stored ? 0 : 3);
}

/* Every turn of each, once and in its order. */
static void processes_may_speak_in_one_call(void **state)
{
    (void)state;
    pid_t processes[SPEAKERS];
    int gate[2];
    assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
    for (int i = 0; i < SPEAKERS; i++) {
        processes[i] = fork();
        if (processes[i] == 0) {
            close(gate[1]);
            speak_in_the_call(gate[0]);
        }
    }
    close(gate[0]);
    close(gate[1]);
    for (int i = 0; i < SPEAKERS; i++) {
        int status;
        waitpid(processes[i], &status, 0);
        assert_int_equal(status, 0);
    }
    assert_string_equal(files_left(), "");
    assert_int_equal(number("SELECT count(*) FROM v_voice_conversations"), 1);
    assert_int_equal(number("SELECT count(*) FROM v_voice_messages"), SPEAKERS * SPOKEN_TURNS);
    assert_int_equal(number("SELECT count(DISTINCT content) FROM v_voice_messages"), SPEAKERS * SPOKEN_TURNS);
    assert_int_equal(number("SELECT count(*) FROM (SELECT split_part(content, ' ', 2)::int AS n, row_number() OVER "
                            "(PARTITION BY split_part(content, ' ', 1) ORDER BY turn_number) - 1 AS place "
                            "FROM v_voice_messages) t WHERE n <> place"),
                     0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_call_is_stored, begin, end_logging),
        cmocka_unit_test_setup_teardown(a_start_is_idempotent, begin, end_logging),
        cmocka_unit_test_setup_teardown(calls_without_uuid_are_calls_of_their_own, begin, end_logging),
        cmocka_unit_test_setup_teardown(a_call_that_is_there_is_taken_up, begin, end_logging),
        cmocka_unit_test_setup_teardown(what_is_out_of_order_is_refused_at_once, begin, end_logging),
        cmocka_unit_test_setup_teardown(bad_input_is_refused_at_once, begin, end_logging),
        cmocka_unit_test_setup_teardown(a_message_may_be_long_and_odd, begin, end_logging),
        cmocka_unit_test_setup_teardown(a_swept_call_goes_on, begin, end_logging),
        cmocka_unit_test_setup_teardown(what_is_not_found_is_noted, begin, end_logging),
        cmocka_unit_test_setup_teardown(what_can_never_be_stored_is_kept, begin, end_logging),
        cmocka_unit_test_setup_teardown(what_waits_is_stored_by_whoever_comes_next, begin, end_logging),
        cmocka_unit_test_setup_teardown(a_full_spool_says_so_and_loses_nothing, begin, end_logging),
        cmocka_unit_test_setup_teardown(a_spool_that_cannot_be_written_says_so, begin, end_logging),
        cmocka_unit_test_setup_teardown(a_killed_process_loses_nothing, begin, end_logging),
        cmocka_unit_test_setup_teardown(processes_may_speak_in_one_call, begin, end_logging),
    };
    return run_with_database(tests);
}
