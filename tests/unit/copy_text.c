/* The rows in SQL text, however it comes in pieces. */
#include "backup/copy_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char told[4096];

static void tell(const char *what, const char *text, size_t length)
{
    size_t used = strlen(told);
    snprintf(told + used, sizeof told - used, "%s[%.*s]", what, (int)length, text);
}

static vdb_status see_head(void *context, const copy_head *head, vdb_error *error)
{
    (void)context;
    (void)error;
    tell("head", head->schema, strlen(head->schema));
    tell("", head->table, strlen(head->table));
    for (size_t i = 0; i < head->column_count; i++)
        tell("", head->columns[i], strlen(head->columns[i]));
    assert_null(head->columns[head->column_count]);
    return VDB_OK;
}

static vdb_status see_row(void *context, const char *row, size_t length, vdb_error *error)
{
    (void)context;
    (void)error;
    tell("row", row, length);
    return VDB_OK;
}

static vdb_status see_end(void *context, vdb_error *error)
{
    (void)context;
    (void)error;
    tell("end", "", 0);
    return VDB_OK;
}

/* What is told of a text that comes in pieces of `size`. */
static const char *read_in_pieces(const char *text, size_t size, vdb_status wanted)
{
    const copy_listener listener = { .head = see_head, .row = see_row, .end = see_end };
    copy_text t;
    told[0] = '\0';
    copy_text_begin(&t, &listener);
    for (size_t done = 0, all = strlen(text); done < all; done += size)
        assert_int_equal(copy_text_read(&t, text + done, all - done < size ? all - done : size, NULL), VDB_OK);
    assert_int_equal(copy_text_finish(&t, NULL), wanted);
    copy_text_free(&t);
    return told;
}

static void rows_are_told_whatever_the_pieces(void **state)
{
    (void)state;
    static const char text[] =
        "-- COPY\nSET x = 'COPY a (b) FROM stdin;';\n\nCOPY public.t (a, \"B \"\"c\") FROM stdin;\n"
        "1\t\\N\nCOPY u (a) FROM stdin;\n\\\\.\n\n\\.\n\nCOPY t () FROM stdin;\nCOPY u (a) FROM stdin;\n\\.\n";
    static const char wanted[] =
        "head[public][t][a][B \"c]row[1\t\\N\n]row[COPY u (a) FROM stdin;\n]row[\\\\.\n]row[\n]end[]"
        "head[][u][a]end[]";
    for (size_t size = 1; size <= sizeof text; size++)
        assert_string_equal(read_in_pieces(text, size, VDB_OK), wanted);
}

static void a_text_that_ends_within_rows_is_cut_off(void **state)
{
    (void)state;
    assert_string_equal(read_in_pieces("COPY t (a) FROM stdin;\n1\n", 5, VDB_BAD_INPUT), "head[][t][a]row[1\n]");
}

static void only_what_pg_dump_writes_is_a_head(void **state)
{
    (void)state;
    static const char *const others[] = {
        "COPY t FROM stdin;",         "COPY t (a) TO stdout;",       "COPY t (a) FROM stdin",
        "COPY t (a,b) FROM stdin;",   "copy t (a) FROM stdin;",      "COPY T (a) FROM stdin;",
        "COPY t (\"a) FROM stdin;",   "COPY \"\" (a) FROM stdin;",   "COPY t (a) FROM stdin; x",
        "COPY a.b.c (a) FROM stdin;", "COPY t (a) FROM PROGRAM 'x'", " COPY t (a) FROM stdin;",
        "COPY t (a, ) FROM stdin;",   "COPY (SELECT 1) FROM stdin;",
    };
    arena *a = arena_new();
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        copy_head head;
        if (copy_head_parse(a, others[i], strlen(others[i]), &head))
            fail_msg("taken for a head: %s", others[i]);
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_told_whatever_the_pieces),
        cmocka_unit_test(a_text_that_ends_within_rows_is_cut_off),
        cmocka_unit_test(only_what_pg_dump_writes_is_a_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
