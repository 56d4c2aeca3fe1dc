/* JSON: objects only, secrets masked and never quoted, lists of strings. */
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void only_objects_are_taken(void **state)
{
    (void)state;
    static const char *const bad[] = { "",
                                       "[]",
                                       "1",
                                       "null",
                                       "\"x\"",
                                       "{",
                                       "{\"a\": }",
                                       "{\"a\": 1} x",
                                       "{\"a\": 1, \"a\": 2}",
                                       "{'a': 1}",
                                       "{\"a\": \"\xFF\"}",
                                       "{\"a\": \"\\u0000\"}",
                                       "{\"a\": 1e999}" };
    vdb_error e;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memset(&e, 0, sizeof e);
        if (json_parse_object(bad[i], "the config", &e) != NULL)
            fail_msg("%s is taken", bad[i]);
        assert_int_equal(e.status, VDB_BAD_INPUT);
        assert_non_null(strstr(e.message, "the config"));
        assert_true(e.hint[0] != '\0');
        assert_null(json_parse_object(bad[i], "the config", NULL));
    }
    json_t *object = json_parse_object(" {\"a\": {\"b\": [1, \"é\"]}} ", "x", &e);
    assert_int_equal(json_object_size(object), 1);
    json_decref(object);
}

/* Wherever a text stops being JSON, nothing of it is told. */
static void a_syntax_error_quotes_nothing(void **state)
{
    (void)state;
    static const char whole[] =
        "{\"api_key\": \"sk-hush-123\", \"n\": [true, 1.5, {\"token\": \"hush\"}], \"o\": {}} hush";
    for (size_t length = 1; length < sizeof whole; length++) {
        char text[sizeof whole];
        memcpy(text, whole, length);
        text[length] = '\0';
        vdb_error e = { 0 };
        json_t *object = json_parse_object(text, "config", &e);
        json_decref(object);
        assert_null(strstr(e.message, "hush"));
        assert_null(strstr(e.detail, "hush"));
        assert_null(strstr(e.detail, "sk-"));
        assert_true(object != NULL || e.status == VDB_BAD_INPUT);
    }
}

static void size_and_depth_have_a_limit(void **state)
{
    (void)state;
    enum { LARGE = (1 << 20) + 100, DEEP = 100000 };
    vdb_error e;
    char *text = malloc(LARGE + 1);
    memset(text, ' ', LARGE);
    text[LARGE] = '\0';
    memcpy(text, "{}", 2);
    assert_null(json_parse_object(text, "config", &e));
    assert_non_null(strstr(e.message, "too large"));
    text[1 << 20] = '\0';
    json_t *object = json_parse_object(text, "config", &e);
    assert_non_null(object);
    json_decref(object);
    memcpy(text, "{\"a\":", 5);
    memset(text + 5, '[', DEEP);
    text[5 + DEEP] = '\0';
    assert_null(json_parse_object(text, "config", &e));
    free(text);
}

static void keys_of_secrets_are_known(void **state)
{
    (void)state;
    static const char *const secret[] = { "api_key",       "apiKey",        "API-KEY",           "OPENAI_API_KEY",
                                          "key",           "token",         "access_token",      "refreshToken",
                                          "secret",        "client_secret", "password",          "Passwd",
                                          "authorization", "credentials",   "x-api-key",         "private key",
                                          "bearer",        "passphrase",    "secret_access_key", "subscription-key" };
    static const char *const open[] = { "model",  "base_url", "keyboard",   "tokens",     "max_tokens",
                                        "monkey", "",         "timeout_ms", "dimensions", "keys_per_page" };
    for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++) {
        if (!json_key_is_secret(secret[i]))
            fail_msg("%s is a secret", secret[i]);
    }
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        if (json_key_is_secret(open[i]))
            fail_msg("%s is no secret", open[i]);
    }
}

static void secrets_are_masked_at_any_depth(void **state)
{
    (void)state;
    char *masked = vdb_provider_config_masked(
        "{\"model\": \"bge\", \"api_key\": \"hush1\", \"headers\": [{\"Authorization\": \"hush2\"}, "
        "{\"n\": 1}], \"a\": {\"b\": {\"token\": {\"deep\": \"hush3\"}}}, \"secret\": [\"hush4\"], "
        "\"password\": 12345, \"key\": null}");
    assert_non_null(masked);
    assert_null(strstr(masked, "hush"));
    assert_null(strstr(masked, "12345"));
    assert_non_null(strstr(masked, "\"model\": \"bge\""));
    assert_non_null(strstr(masked, "\"Authorization\": \"***\""));
    assert_non_null(strstr(masked, "\"token\": \"***\""));
    assert_non_null(strstr(masked, "\"key\": null"));
    free(masked);
    assert_null(vdb_provider_config_masked("[]"));
    assert_null(vdb_provider_config_masked("no json"));
}

static void lists_of_strings_go_both_ways(void **state)
{
    (void)state;
    static const char *const strings[] = { "a", "", "é \"q\" \\ \n", NULL };
    static const char *const none[] = { NULL }, *const invalid[] = { "ok", "\xFF", NULL };
    char *text = json_from_strings(strings), *empty = json_from_strings(none);
    assert_string_equal(empty, "[]");
    assert_null(json_from_strings(invalid));
    arena *a = arena_new();
    const char *const *back = json_to_strings(a, text);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(back[i], strings[i]);
    assert_null(back[3]);
    assert_null(json_to_strings(a, empty)[0]);
    assert_null(json_to_strings(a, "{}"));
    assert_null(json_to_strings(a, "[1]"));
    assert_null(json_to_strings(a, "[\"a\", null]"));
    assert_null(json_to_strings(a, "no json"));
    arena_free(a);
    free(text);
    free(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_objects_are_taken),          cmocka_unit_test(a_syntax_error_quotes_nothing),
        cmocka_unit_test(size_and_depth_have_a_limit),     cmocka_unit_test(keys_of_secrets_are_known),
        cmocka_unit_test(secrets_are_masked_at_any_depth), cmocka_unit_test(lists_of_strings_go_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
