/* Errors as values, and the registry of statuses. */
#include "base/error.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void an_error_is_set_and_cleared(void **state)
{
    (void)state;
    vdb_error e;
    memset(&e, 'x', sizeof e);
    assert_int_equal(error_set(&e, VDB_CONFLICT, "Do this.", "%s is %d", "it", 5), VDB_CONFLICT);
    assert_int_equal(e.status, VDB_CONFLICT);
    assert_string_equal(e.message, "it is 5");
    assert_string_equal(e.hint, "Do this.");
    assert_string_equal(e.detail, "");
    assert_string_equal(e.sqlstate, "");
    assert_int_equal(error_detail(&e, "row %d", 7), VDB_CONFLICT);
    assert_string_equal(e.detail, "row 7");
    assert_string_equal(e.message, "it is 5");
    error_set(&e, VDB_USAGE, NULL, "no hint");
    assert_string_equal(e.hint, "");
    assert_string_equal(e.detail, "");
    error_clear(&e);
    assert_int_equal(e.status, VDB_OK);
    assert_string_equal(e.message, "");
}

static void a_caller_may_want_no_error(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, VDB_NOT_FOUND, "Do this.", "x"), VDB_NOT_FOUND);
    assert_int_equal(error_memory(NULL), VDB_DEFECT);
    error_detail(NULL, "x");
    error_clear(NULL);
}

static void a_message_is_one_line(void **state)
{
    (void)state;
    vdb_error e;
    error_set(&e, VDB_USAGE, "Do\nthis.", "a\tb\r\nc\033[31m\x7F é");
    assert_string_equal(e.message, "a b  c [31m  é");
    assert_string_equal(e.hint, "Do this.");
    error_detail(&e, "%s\n", "x");
    assert_string_equal(e.detail, "x ");
}

/* Of characters of 1 to 4 bytes, at every length around the end of the room. */
static void a_long_message_ends_between_characters(void **state)
{
    (void)state;
    static const char *const characters[] = { "a", "é", "€", "☎", "😀" };
    for (size_t c = 0; c < 5; c++) {
        for (size_t shift = 0; shift < 8; shift++) {
            char source[1200] = "";
            memset(source, '.', shift);
            while (strlen(source) + 4 < 1100)
                strcat(source, characters[c]);
            vdb_error e;
            error_set(&e, VDB_USAGE, source, "%s", source);
            size_t length = strlen(e.message);
            assert_true(text_is_utf8(e.message, length));
            assert_true(length < sizeof e.message && length > sizeof e.message - 9);
            assert_string_equal(e.message + length - strlen("…"), "…");
            assert_memory_equal(e.message, source, length - strlen("…"));
            assert_string_equal(e.hint, e.message);
        }
    }
    vdb_error e;
    char exact[sizeof e.message];
    memset(exact, 'x', sizeof exact - 1);
    exact[sizeof exact - 1] = '\0';
    error_set(&e, VDB_USAGE, NULL, "%s", exact);
    assert_string_equal(e.message, exact);
}

static void every_status_has_a_name_and_an_http_status(void **state)
{
    (void)state;
    static const struct {
        vdb_status status;
        const char *name;
        int http;
    } statuses[] = {
        { VDB_OK, "ok", 200 },
        { VDB_DEFECT, "defect", 500 },
        { VDB_USAGE, "usage", 400 },
        { VDB_NOT_FOUND, "not_found", 404 },
        { VDB_CONFLICT, "conflict", 409 },
        { VDB_NOT_ALLOWED, "not_allowed", 403 },
        { VDB_UNREACHABLE, "unreachable", 503 },
        { VDB_SCHEMA, "schema", 503 },
        { VDB_PROVIDER, "provider", 502 },
        { VDB_BAD_INPUT, "bad_input", 422 },
        { VDB_PENDING, "pending", 200 },
        { VDB_DRIFT, "drift", 200 },
        { VDB_FINDINGS, "findings", 200 },
        { VDB_WORSE, "worse", 200 },
    };
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        assert_int_equal(statuses[i].status, i); /* the exit status */
        assert_string_equal(vdb_status_name(statuses[i].status), statuses[i].name);
        assert_int_equal(vdb_status_http(statuses[i].status), statuses[i].http);
    }
    static const int strange[] = { 14, 1000, -1, INT32_MAX, INT32_MIN };
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        vdb_status status;
        memcpy(&status, &strange[i], sizeof status);
        assert_string_equal(vdb_status_name(status), "defect");
        assert_int_equal(vdb_status_http(status), 500);
    }
    assert_true(vdb_version()[0] >= '0' && vdb_version()[0] <= '9');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_is_set_and_cleared),
        cmocka_unit_test(a_caller_may_want_no_error),
        cmocka_unit_test(a_message_is_one_line),
        cmocka_unit_test(a_long_message_ends_between_characters),
        cmocka_unit_test(every_status_has_a_name_and_an_http_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
