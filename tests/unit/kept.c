/* Values kept at hand: shared, and the least recently used ones given up first. */
#include "base/kept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

typedef struct thing {
    int users;
} thing;

static void share(const void *value)
{
    ((thing *)(uintptr_t)value)->users++;
}

static void release(const void *value)
{
    ((thing *)(uintptr_t)value)->users--;
}

static const kept_kind things = { share, release };

static bool is_kept(kept *k, const char *key)
{
    const void *found = kept_find(k, key);
    if (found != NULL)
        release(found);
    return found != NULL;
}

static void the_least_recently_used_go_first(void **state)
{
    (void)state;
    thing a = { 1 }, b = { 1 }, c = { 1 }, d = { 1 };
    kept *k = kept_new(3, &things);
    assert_null(kept_find(k, "a"));
    kept_put(k, "a", &a, 1);
    kept_put(k, "b", &b, 1);
    kept_put(k, "c", &c, 1);
    assert_ptr_equal(kept_find(k, "a"), &a);
    assert_int_equal(a.users, 3);
    kept_put(k, "d", &d, 1);
    assert_true(is_kept(k, "a") && is_kept(k, "c") && is_kept(k, "d"));
    assert_false(is_kept(k, "b"));
    assert_int_equal(b.users, 1);
    kept_put(k, "e", &b, 3);
    assert_true(is_kept(k, "e"));
    assert_false(is_kept(k, "a") || is_kept(k, "c") || is_kept(k, "d"));
    assert_int_equal(a.users, 2); /* whoever found it still has it */
    assert_int_equal(c.users + d.users, 2);
    kept_free(k);
    assert_int_equal(b.users, 1);
    kept_free(NULL);
}

static void another_value_takes_the_place(void **state)
{
    (void)state;
    thing a = { 1 }, b = { 1 };
    kept *k = kept_new(10, &things);
    kept_put(k, "a", &a, 9);
    kept_put(k, "a", &b, 10);
    assert_int_equal(a.users, 1);
    assert_ptr_equal(kept_find(k, "a"), &b);
    release(&b);
    kept_remove(k, "a");
    kept_remove(k, "a");
    assert_int_equal(b.users, 1);
    assert_null(kept_find(k, "a"));
    kept_put(k, "a", &a, 10);
    kept_put(k, "a", &b, 11); /* heavier than all may be: then nothing is kept, the old one neither */
    assert_null(kept_find(k, "a"));
    assert_int_equal(a.users + b.users, 2);
    kept_free(k);
}

/* More keys than buckets, in any order. */
static void many_come_and_go(void **state)
{
    (void)state;
    static thing all[5000];
    kept *k = kept_new(2000, &things);
    char key[16];
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT(all); i++) {
            size_t n = i * 2311 % COUNT(all);
            snprintf(key, sizeof key, "%zu", n);
            kept_put(k, key, &all[n], 1);
        }
    }
    int users = 0;
    for (size_t i = 0; i < COUNT(all); i++) {
        snprintf(key, sizeof key, "%zu", i);
        assert_int_equal(is_kept(k, key), all[i].users);
        users += all[i].users;
    }
    assert_int_equal(users, 2000);
    for (size_t i = 0; i < COUNT(all); i += 2) {
        snprintf(key, sizeof key, "%zu", i);
        kept_remove(k, key);
        assert_int_equal(all[i].users, 0);
    }
    kept_free(k);
    for (size_t i = 0; i < COUNT(all); i++)
        assert_int_equal(all[i].users, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_recently_used_go_first),
        cmocka_unit_test(another_value_takes_the_place),
        cmocka_unit_test(many_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
