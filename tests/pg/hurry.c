/* Questions with a deadline, asked by one process, while the provider of embeddings hangs. */
#include "../unit/embeddings_server.h"

#include "fixture.h"
#include "knowledge/breaker.h"

enum { HURRY = 100 };

static char provider[37];

static const char *config_of(const char *scenario, const char *more)
{
    return text("{\"base_url\": \"http://127.0.0.1:%d/%s/v1\", \"model\": \"m\", \"max_retries\": 0%s}", server.port,
                scenario, more);
}

static void use(const char *scenario, const char *more)
{
    ok(vdb_provider_update(clinic, provider, &(vdb_provider_input){ .config = config_of(scenario, more) }, &failure));
}

static int begin_server(void **state)
{
    static const float vector[8] = { 1 };
    int status = start_embeddings_server(state);
    store(clinic, "horário", NULL, "m", vector, 1, 8);
    const vdb_provider_input input = { .provider_type = "embeddings",
                                       .provider_name = "server",
                                       .config = config_of("good", ""),
                                       .is_default = &(bool){ true } };
    ok(vdb_provider_add(clinic, &input, provider, &failure));
    return status;
}

static size_t requests(const char *scenario)
{
    json_t *sent = read_record(text("/%s/v1/embeddings", scenario));
    size_t count = json_array_size(sent);
    json_decref(sent);
    return count;
}

/* What was left out, "" when the provider answered in time; the passage is found either way. */
static const char *ask(int deadline_ms)
{
    static int asked;
    vdb_search_result *result;
    const vdb_search_request r = { .question = text("horário %d", asked++), .deadline_ms = deadline_ms };
    ok(vdb_search(clinic, &r, &result, &failure));
    assert_int_equal(result->count, 1);
    assert_string_equal(result->mode, result->left_out == NULL ? "hybrid" : "lexical");
    assert_string_equal(result->embedded, result->left_out == NULL ? "provider" : "no");
    const char *left_out = result->left_out == NULL ? "" : text("%s", result->left_out);
    vdb_search_free(result);
    return left_out;
}

static void fail_often(void)
{
    for (int i = 0; i < BREAKER_FAILURES; i++)
        assert_string_equal(
            strncmp(ask(HURRY), "vectors: the embeddings provider did not answer in time", 55) == 0 ? "" : "other", "");
}

static void is_left_alone(const char *scenario, int deadline_ms)
{
    size_t before = requests(scenario);
    assert_contains(ask(deadline_ms),
                    "vectors: the embeddings provider failed the last questions and is asked again in ");
    assert_int_equal(requests(scenario), before);
}

static void a_provider_that_hangs_is_left_alone(void **state)
{
    (void)state;
    use("stall", "");
    fail_often();
    assert_int_equal(requests("stall"), BREAKER_FAILURES);
    is_left_alone("stall", HURRY);
    is_left_alone("stall", HURRY / 2);
}

static void one_with_more_time_finds_out_that_it_answers(void **state)
{
    (void)state;
    use("stall-thrice", "");
    fail_often();
    is_left_alone("stall-thrice", HURRY);
    assert_string_equal(ask(60000), "");
    assert_string_equal(ask(30000), "");
    assert_int_equal(requests("stall-thrice"), BREAKER_FAILURES + 2);
}

static void after_a_pause_it_is_tried_again(void **state)
{
    (void)state;
    use("stall", ", \"timeout_ms\": 9000");
    size_t before = requests("stall");
    fail_often();
    is_left_alone("stall", HURRY);
    sleep_ms(BREAKER_PAUSE_MS);
    assert_contains(ask(HURRY), "did not answer in time");
    is_left_alone("stall", HURRY);
    assert_int_equal(requests("stall"), before + BREAKER_FAILURES + 1);
}

/* It is another provider then. */
static void whoever_changes_its_config_is_heard_at_once(void **state)
{
    (void)state;
    use("stall", ", \"timeout_ms\": 8000");
    fail_often();
    is_left_alone("stall", HURRY);
    use("good", "");
    assert_string_equal(ask(60000), "");
}

static void without_words_the_failure_is_told(void **state)
{
    (void)state;
    vdb_search_result *result;
    const vdb_search_request r = { .question = "horário", .mode = VDB_SEARCH_VECTOR, .deadline_ms = HURRY };
    use("stall", ", \"timeout_ms\": 7000");
    fail_often();
    refused(VDB_PROVIDER, vdb_search(clinic, &r, &result, &failure));
    assert_contains(failure.message, "is asked again in ");
}

static int end_server(void **state)
{
    return stop_embeddings_server(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_provider_that_hangs_is_left_alone, begin_server),
        cmocka_unit_test(one_with_more_time_finds_out_that_it_answers),
        cmocka_unit_test(after_a_pause_it_is_tried_again),
        cmocka_unit_test(whoever_changes_its_config_is_heard_at_once),
        cmocka_unit_test_teardown(without_words_the_failure_is_told, end_server),
    };
    return run_with_database(tests);
}
