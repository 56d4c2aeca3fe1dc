/* The conversation log while its server is killed: on a cluster of its own, for others must not suffer. */
#include "logging.h"

enum { CALLS = 1000, TURNS = 6, THREADS = 8, KILLS = 3, KILL_EVERY_MS = 700 };

/* A share of the calls, all of them going on at once. */
typedef struct share {
    vdb_log *log;
    int first, count;
    vdb_status status;
} share;

static vdb_status say_all(const share *s, char (*conversations)[37], int turn)
{
    for (int i = 0; i < s->count; i++) {
        char content[32];
        int64_t taken = 0;
        snprintf(content, sizeof content, "%d %d", s->first + i, turn);
        const vdb_message m = { .role = "user", .content = content };
        vdb_status status = vdb_log_say(s->log, CLINIC_UUID, conversations[i], &m, &taken, NULL);
        if (status != VDB_OK || taken != turn)
            return status == VDB_OK ? VDB_DEFECT : status;
    }
    return VDB_OK;
}

static void hold_calls(void *item)
{
    share *s = item;
    char conversations[CALLS / THREADS][37];
    for (int i = 0; s->status == VDB_OK && i < s->count; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", s->first + i);
        s->status = vdb_log_start(s->log, CLINIC_UUID, &(vdb_conversation_start_input){ .caller_id = number },
                                  conversations[i], NULL);
    }
    for (int turn = 1; s->status == VDB_OK && turn <= TURNS; turn++) {
        s->status = say_all(s, conversations, turn);
        sleep_ms(KILLS * KILL_EVERY_MS / TURNS);
    }
    for (int i = 0; s->status == VDB_OK && i < s->count; i++)
        s->status = vdb_log_end(s->log, CLINIC_UUID, conversations[i], &(vdb_conversation_end_input){ 0 }, NULL);
}

typedef struct act {
    void (*play)(void *item);
    void *item;
} act;

static void play(void *item)
{
    const act *a = item;
    a->play(a->item);
}

static void kill_again_and_again(void *item)
{
    (void)item;
    for (int i = 0; i < KILLS; i++) {
        sleep_ms(KILL_EVERY_MS);
        kill_server();
        sleep_ms(100);
        start_server();
    }
}

static void each_turn_arrives_once(void **state)
{
    (void)state;
    share shares[THREADS];
    act acts[THREADS + 1] = { [THREADS] = { kill_again_and_again, NULL } };
    vdb_log *log = open_log(NULL);
    for (int i = 0; i < THREADS; i++) {
        shares[i] = (share){ .log = log, .first = i * (CALLS / THREADS), .count = CALLS / THREADS };
        acts[i] = (act){ hold_calls, &shares[i] };
    }
    in_threads(play, acts, COUNT(acts), sizeof acts[0]);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(shares[i].status, VDB_OK);
    flush(log);
    assert_int_equal(state_of(log).refused, 0);
    assert_int_equal(state_of(log).damaged, 0);
    vdb_log_close(log);
    PQreset(admin);
    assert_string_equal(files_left(), "");
    assert_int_equal(number("SELECT count(*) FROM v_voice_conversations WHERE ended_at IS NOT NULL"), CALLS);
    assert_int_equal(number("SELECT count(*) FROM v_voice_messages"), CALLS * TURNS);
    assert_int_equal(number("SELECT count(*) FROM v_voice_messages m JOIN v_voice_conversations c USING "
                            "(conversation_uuid) WHERE content = concat_ws(' ', caller_id, turn_number)"),
                     CALLS * TURNS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_turn_arrives_once, begin_logging, end_logging),
    };
    return run_with_cluster("log", tests);
}
