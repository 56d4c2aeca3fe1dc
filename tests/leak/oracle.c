/* What is whose, and whether what an operation said is the party's own. */
#include "leak.h"

#include "base/text.h"

#include <ctype.h>

/* ---- maps -------------------------------------------------------------------------------------------------------- */

/* FNV-1a; 0 marks an empty place. */
static uint64_t hash_of(const char *key)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char)*key) * 0x100000001b3u;
    return hash == 0 ? 1 : hash;
}

static size_t place_of(const map *m, uint64_t hash)
{
    size_t place = hash & (m->room - 1);
    while (m->keys[place] != 0 && m->keys[place] != hash)
        place = (place + 1) & (m->room - 1);
    return place;
}

static void grow(map *m)
{
    map larger = { .room = m->room == 0 ? 1024 : m->room * 2, .count = m->count };
    larger.keys = calloc(larger.room, sizeof *larger.keys);
    larger.values = calloc(larger.room, sizeof *larger.values);
    assert(larger.keys != NULL && larger.values != NULL);
    for (size_t i = 0; i < m->room; i++) {
        if (m->keys[i] == 0)
            continue;
        size_t place = place_of(&larger, m->keys[i]);
        larger.keys[place] = m->keys[i];
        larger.values[place] = m->values[i];
    }
    map_free(m);
    *m = larger;
}

void map_put(map *m, const char *key, int value)
{
    if (m->count * 2 >= m->room)
        grow(m);
    uint64_t hash = hash_of(key);
    size_t place = place_of(m, hash);
    m->count += m->keys[place] == 0;
    m->keys[place] = hash;
    m->values[place] = value;
}

int map_get(const map *m, const char *key)
{
    if (m->room == 0)
        return -1;
    uint64_t hash = hash_of(key);
    size_t place = place_of(m, hash);
    return m->keys[place] == hash ? m->values[place] : -1;
}

void map_free(map *m)
{
    free(m->keys);
    free(m->values);
    *m = (map){ 0 };
}

/* ---- what is said ------------------------------------------------------------------------------------------------ */

void say(actor *a, const char *text)
{
    buffer_append_string(&a->said, text);
    buffer_append(&a->said, "\n", 1);
}

static void say_field(actor *a, const field *f, const char *member)
{
    switch (f->type) {
    case FIELD_TEXT:
    case FIELD_JSON:
    case FIELD_INSTANT: {
        const char *value = *(const char *const *)member;
        say(a, value == NULL ? "-" : value);
        break;
    }
    case FIELD_STRINGS:
        for (const char *const *item = *(const char *const *const *)member; item != NULL && *item != NULL; item++)
            say(a, *item);
        break;
    case FIELD_INTEGER:
        buffer_printf(&a->said, "%lld\n", (long long)*(const int64_t *)member);
        break;
    case FIELD_REAL:
        buffer_printf(&a->said, "%g\n", *(const double *)member);
        break;
    case FIELD_BOOLEAN:
        say(a, *(const bool *)member ? "true" : "false");
    }
}

void say_rows(actor *a, const record *shape, const void *rows, size_t count)
{
    buffer_printf(&a->said, "%zu rows\n", count);
    for (size_t row = 0; row < count; row++) {
        for (size_t i = 0; i < shape->count; i++)
            say_field(a, &shape->fields[i], (const char *)rows + row * shape->size + shape->fields[i].offset);
    }
}

void say_result(actor *a, const PGresult *result)
{
    buffer_printf(&a->said, "%d rows, %s changed\n", PQntuples(result), PQcmdTuples((PGresult *)(uintptr_t)result));
    for (int row = 0; row < PQntuples(result); row++) {
        for (int column = 0; column < PQnfields(result); column++)
            say(a, PQgetisnull(result, row, column) ? "-" : PQgetvalue(result, row, column));
    }
}

void say_status(actor *a, vdb_status status)
{
    say(a, vdb_status_name(status));
    if (status == VDB_OK)
        return;
    say(a, a->error.sqlstate);
    say(a, a->error.message);
    say(a, a->error.detail);
    say(a, a->error.hint);
}

/* What stands here: something given (its number), or -1. */
static int given_here(const actor *a, const char *text)
{
    for (size_t i = 0; i < a->given_count; i++) {
        const char *value = a->substitutes ? a->given[i].substitute : a->given[i].value;
        if (strncasecmp(text, value, strlen(value)) == 0)
            return (int)i;
    }
    return -1;
}

char *without_given(const actor *a)
{
    buffer made;
    buffer_init(&made, a->said.maximum);
    for (const char *s = a->said.data == NULL ? "" : a->said.data; *s != '\0';) {
        int number = given_here(a, s);
        if (number < 0) {
            buffer_append(&made, s++, 1);
            continue;
        }
        buffer_printf(&made, "{%d}", number);
        s += strlen(a->substitutes ? a->given[number].substitute : a->given[number].value);
    }
    assert(!made.failed);
    return made.data == NULL ? strdup("") : made.data;
}

/* ---- owners ------------------------------------------------------------------------------------------------------ */

static int party_of_domain(const world *w, const char *domain)
{
    for (size_t i = 0; i < w->count; i++) {
        if (strcmp(w->parties[i].domain, domain) == 0)
            return (int)i;
    }
    return -1;
}

/* Who has a row with this key; the party itself when it is one of several, as with a call's UUID. */
static int ask_owner(actor *a, const char *uuid)
{
    const char *const values[] = { uuid, a->self->domain };
    PGresult *result =
        PQexecParams(a->owner, "SELECT domain_uuid FROM leak.things WHERE value = $1 ORDER BY domain_uuid = $2 DESC", 2,
                     (const Oid[]){ 25, 2950 }, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        blame(a, DEFECT, "%s", PQresultErrorMessage(result));
    int owner = PQntuples(result) == 0 ? -1 : party_of_domain(a->world, PQgetvalue(result, 0, 0));
    PQclear(result);
    return owner;
}

static bool was_given(const actor *a, const char *token)
{
    for (size_t i = 0; i < a->given_count; i++) {
        if (strcasestr(a->given[i].value, token) != NULL || strcasestr(a->given[i].substitute, token) != NULL)
            return true;
    }
    return map_get(&a->self->learned, token) >= 0;
}

static void judge_uuid(actor *a, const char *uuid)
{
    world *w = a->world;
    pthread_mutex_lock(&w->lock);
    int owner = map_get(&w->owners, uuid);
    pthread_mutex_unlock(&w->lock);
    if (owner == a->self->index || was_given(a, uuid))
        return;
    if (owner < 0)
        owner = ask_owner(a, uuid);
    if (owner != a->self->index) {
        blame(a, ANSWER, "UUID %s is of %s %d", uuid, owner < 0 ? "nobody that was ever seen," : "party", owner);
        return;
    }
    pthread_mutex_lock(&w->lock);
    map_put(&w->owners, uuid, owner);
    pthread_mutex_unlock(&w->lock);
}

static void judge_word(actor *a, const char *token)
{
    int owner = (int)strtol((char[]){ token[1], token[2], token[3], '\0' }, NULL, 16);
    if (owner != a->self->index && !was_given(a, token))
        blame(a, ANSWER, "%s is a word of party %d", token, owner);
}

static bool is_hexadecimal(const char *s, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!isxdigit((unsigned char)s[i]))
            return false;
    }
    return true;
}

void judge_said(actor *a)
{
    if ((a->world->wanted & 1U << ANSWER) == 0 || a->said.data == NULL)
        return;
    assert(!a->said.failed);
    for (const char *s = a->said.data; *s != '\0' && a->leak == NO_LEAK;) {
        char token[37] = { 0 };
        if (*s == 'z' && is_hexadecimal(s + 1, WORD_LENGTH - 1)) {
            judge_word(a, memcpy(token, s, WORD_LENGTH));
            s += WORD_LENGTH;
        } else if (is_hexadecimal(s, 8) && s[8] == '-' && text_is_uuid(strncpy(token, s, 36))) {
            judge_uuid(a, token);
            s += 36;
        } else {
            s++;
        }
    }
}

void learn_given(actor *a)
{
    for (size_t i = 0; i < a->given_count; i++) {
        const given *g = &a->given[i];
        const char *value = a->substitutes ? g->substitute : g->value;
        if (!g->own) {
            map_put(&a->self->learned, value, 1);
            map_put(&a->self->learned, (const char *)memcpy((char[WIDTH]){ 0 }, value, WORD_LENGTH), 1);
        }
    }
}
