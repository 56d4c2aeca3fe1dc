/* Rows of a result as structs. */
#include "pg/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct sample {
    const char *name;
    const char *config;
    const char *created_at;
    int64_t count;
    double share;
    bool enabled;
    const char *const *words;
} sample;

static const field fields[] = {
    { "name", FIELD_TEXT, offsetof(sample, name) },
    { "config", FIELD_JSON, offsetof(sample, config) },
    { "created_at", FIELD_INSTANT, offsetof(sample, created_at) },
    { "count", FIELD_INTEGER, offsetof(sample, count) },
    { "share", FIELD_REAL, offsetof(sample, share) },
    { "enabled", FIELD_BOOLEAN, offsetof(sample, enabled) },
    { "words", FIELD_STRINGS, offsetof(sample, words) },
};
enum { FIELDS = sizeof fields / sizeof fields[0] };
static const record shape = { sizeof(sample), FIELDS, fields };

/* A result as the server would give it; NULL is NULL. */
static PGresult *result_of(size_t columns, const char *const *rows, size_t count)
{
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PGresAttDesc attributes[FIELDS + 1];
    memset(attributes, 0, sizeof attributes);
    for (size_t i = 0; i < columns; i++)
        attributes[i].name = (char *)(uintptr_t)(i < FIELDS ? fields[i].name : "more");
    PQsetResultAttrs(result, (int)columns, attributes);
    for (size_t i = 0; i < count * columns; i++) {
        const char *value = rows[i];
        PQsetvalue(result, (int)(i / columns), (int)(i % columns), (char *)(uintptr_t)value,
                   value == NULL ? -1 : (int)strlen(value));
    }
    return result;
}

static void every_type_is_read(void **state)
{
    (void)state;
    static const char *const rows[] = { "Ana é",
                                        "{\"a\": 1}",
                                        "2026-03-01 12:00:00.5+00",
                                        "-9223372036854775808",
                                        "0.75",
                                        "t",
                                        "[\"x\", \"y\"]",
                                        NULL,
                                        NULL,
                                        NULL,
                                        NULL,
                                        NULL,
                                        NULL,
                                        NULL };
    PGresult *result = result_of(FIELDS, rows, 2);
    const void *decoded;
    size_t count;
    vdb_error e;
    assert_int_equal(record_decode(&shape, result, &decoded, &count, &e), VDB_OK);
    PQclear(result);
    assert_int_equal(count, 2);
    const sample *s = decoded;
    assert_string_equal(s->name, "Ana é");
    assert_string_equal(s->config, "{\"a\": 1}");
    assert_string_equal(s->created_at, "2026-03-01T12:00:00.5Z");
    assert_true(s->count == INT64_MIN);
    assert_true(s->share == 0.75);
    assert_true(s->enabled);
    assert_string_equal(s->words[1], "y");
    assert_null(s->words[2]);
    s++;
    assert_true(s->name == NULL && s->config == NULL && s->created_at == NULL && s->words == NULL);
    assert_true(s->count == 0 && s->share == 0 && !s->enabled);
    vdb_rows_free(decoded);
    vdb_rows_free(NULL);
}

static void no_rows_are_rows_too(void **state)
{
    (void)state;
    PGresult *result = result_of(FIELDS, NULL, 0);
    const void *decoded = NULL;
    size_t count = 9;
    assert_int_equal(record_decode(&shape, result, &decoded, &count, NULL), VDB_OK);
    assert_non_null(decoded);
    assert_int_equal(count, 0);
    vdb_rows_free(decoded);
    PQclear(result);
}

static void shared_rows_end_with_their_last_user(void **state)
{
    (void)state;
    arena *a;
    char *rows = rows_allocate(8, 1, &a);
    rows_share(rows);
    vdb_rows_free(rows);
    rows[7] = 'x';
    assert_ptr_equal(rows_memory(rows), a);
    vdb_rows_free(rows);
    vdb_rows_free(NULL);
}

static void what_does_not_fit_is_a_defect(void **state)
{
    (void)state;
    static const struct {
        size_t column;
        const char *value;
    } bad[] = { { 3, "" }, { 3, "x" },     { 3, "1x" }, { 3, "9223372036854775808" },
                { 4, "" }, { 4, "1.5.2" }, { 6, "{}" }, { 6, "[1]" } };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *row[FIELDS] = { NULL };
        row[bad[i].column] = bad[i].value;
        PGresult *result = result_of(FIELDS, row, 1);
        const void *decoded = &decoded;
        size_t count;
        vdb_error e = { 0 };
        assert_int_equal(record_decode(&shape, result, &decoded, &count, &e), VDB_DEFECT);
        assert_non_null(strstr(e.message, fields[bad[i].column].name));
        assert_ptr_equal(decoded, &decoded);
        PQclear(result);
    }
}

static void other_columns_are_a_defect(void **state)
{
    (void)state;
    static const size_t columns[] = { FIELDS - 1, FIELDS + 1 };
    const void *decoded;
    size_t count;
    vdb_error e;
    for (size_t i = 0; i < 2; i++) {
        PGresult *result = result_of(columns[i], NULL, 0);
        assert_int_equal(record_decode(&shape, result, &decoded, &count, &e), VDB_DEFECT);
        PQclear(result);
    }
    field swapped[FIELDS];
    memcpy(swapped, fields, sizeof swapped);
    swapped[0].name = "title";
    const record other = { sizeof(sample), FIELDS, swapped };
    PGresult *result = result_of(FIELDS, NULL, 0);
    assert_int_equal(record_decode(&other, result, &decoded, &count, &e), VDB_DEFECT);
    PQclear(result);
}

static void instants_are_rfc_3339(void **state)
{
    (void)state;
    static const struct {
        const char *text, *instant;
    } cases[] = {
        { "2026-03-01 12:00:00+00", "2026-03-01T12:00:00Z" },
        { "2026-03-01 12:00:00.123456+00", "2026-03-01T12:00:00.123456Z" },
        { "infinity", "infinity" },
        { "2026-03-01 12:00:00-03", "2026-03-01 12:00:00-03" }, /* not what a session of ours gives: left alone */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *row[FIELDS] = { [2] = cases[i].text };
        PGresult *result = result_of(FIELDS, row, 1);
        const void *decoded;
        size_t count;
        assert_int_equal(record_decode(&shape, result, &decoded, &count, NULL), VDB_OK);
        assert_string_equal(((const sample *)decoded)->created_at, cases[i].instant);
        vdb_rows_free(decoded);
        PQclear(result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(no_rows_are_rows_too),
        cmocka_unit_test(shared_rows_end_with_their_last_user),
        cmocka_unit_test(what_does_not_fit_is_a_defect),
        cmocka_unit_test(other_columns_are_a_defect),
        cmocka_unit_test(instants_are_rfc_3339),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
