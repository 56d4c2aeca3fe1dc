#include "store/at_hand.h"

#include "store/rule_set.h"

#include <stdlib.h>
#include <string.h>

/* Beginnings of calls are some ten kilobytes each. A rule is about one, with its patterns compiled. */
enum { MOST_CONTEXTS = 1000, MOST_RULES = 20000 };

typedef struct at_hand {
    pool_attachment attachment;
    kept *contexts, *rules;
} at_hand;

static void share_rules(const void *set)
{
    rule_set_share(set);
}

static void release_rules(const void *set)
{
    rule_set_release(set);
}

static const kept_kind contexts = { rows_share, vdb_rows_free }, rules = { share_rules, release_rules };

static void destroy(pool_attachment *attachment)
{
    at_hand *a = (at_hand *)attachment;
    kept_free(a->contexts);
    kept_free(a->rules);
    free(a);
}

static pool_attachment *make(void)
{
    at_hand *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->attachment.destroy = destroy;
    a->contexts = kept_new(MOST_CONTEXTS, &contexts);
    a->rules = kept_new(MOST_RULES, &rules);
    if (a->contexts != NULL && a->rules != NULL)
        return &a->attachment;
    destroy(&a->attachment);
    return NULL;
}

static at_hand *at_hand_of(vdb_pool *pool)
{
    return (at_hand *)pool_attached(pool, LAYER_STORE, make);
}

kept *at_hand_contexts(vdb_pool *pool)
{
    at_hand *a = at_hand_of(pool);
    return a == NULL ? NULL : a->contexts;
}

kept *at_hand_rules(vdb_pool *pool)
{
    at_hand *a = at_hand_of(pool);
    return a == NULL ? NULL : a->rules;
}

bool at_hand_key(char key[AT_HAND_KEY_ROOM], const vdb_tenant *t, const char *what)
{
    return snprintf(key, AT_HAND_KEY_ROOM, "%s %s", t->uuid, what) < AT_HAND_KEY_ROOM;
}

bool at_hand_is_current(const char *version, const PGresult *result, const char *kind, int column)
{
    size_t length = strlen("{");
    for (int row = 0; row < PQntuples(result); row++) {
        if (kind != NULL && strcmp(PQgetvalue(result, row, 0), kind) != 0)
            continue;
        const char *uuid = PQgetvalue(result, row, column);
        if (strstr(version, uuid) == NULL)
            return false;
        length += strlen(uuid) + strlen(",");
    }
    /* No UUID is there twice, in neither of them. */
    return strlen(version) == (length > 1 ? length : strlen("{}"));
}
