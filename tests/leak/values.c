/* Choices: everything that is random comes from here, and from the seed. */
#include "leak.h"

#include "voicedb.h"

/* splitmix64 */
uint64_t any(actor *a)
{
    uint64_t x = a->random += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

size_t below(actor *a, size_t limit)
{
    assert(limit > 0);
    return (size_t)(any(a) % limit);
}

bool chance(actor *a, int percent)
{
    return below(a, 100) < (size_t)percent;
}

void numbers(actor *a, float *vector, size_t count)
{
    for (size_t i = 0; i < count; i++)
        vector[i] = (float)(1 + below(a, 2000)) / 1000 - 1.0005F;
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

const char *word(actor *a)
{
    return arena_printf(a->memory, "z%03x%08x", (unsigned)a->self->index, (unsigned)a->serial++);
}

const char *word_or_null(actor *a)
{
    return chance(a, 40) ? NULL : word(a);
}

const char *json_with_word(actor *a)
{
    return arena_printf(a->memory, "{\"note\": \"%s\", \"api_key\": \"%s\", \"base_url\": \"http://127.0.0.1:9\"}",
                        word(a), word(a));
}

/* ---- things ------------------------------------------------------------------------------------------------------ */

static void invent(actor *a, thing kind, char room[WIDTH])
{
    uint64_t x = any(a), y = any(a);
    if (kind <= DOMAIN)
        snprintf(room, WIDTH, "%08x-%04x-4%03x-8%03x-%012llx", (unsigned)(x >> 32), (unsigned)(x & 0xffff),
                 (unsigned)(x >> 16 & 0xfff), (unsigned)(y >> 52), (unsigned long long)(y & 0xffffffffffffu));
    else
        snprintf(room, WIDTH, "zfff%08x%s", (unsigned)(x >> 32), kind == DOMAIN_NAME ? ".example" : "");
}

static bool take(const party *from, thing kind, size_t place, char room[WIDTH])
{
    const shelf *s = &from->shelves[kind];
    if (s->count > 0)
        memcpy(room, s->values[place % s->count], WIDTH);
    return s->count > 0;
}

/* Others may have stored what is this party's; and what it stored of others it may meet again. */
static bool is_familiar(const actor *a, const char *value)
{
    char own[5];
    snprintf(own, sizeof own, "z%03x", (unsigned)a->self->index & 0xfff);
    return strncmp(value, own, strlen(own)) == 0 || map_get(&a->world->owners, value) == a->self->index ||
           map_get(&a->self->learned, value) >= 0;
}

static bool take_foreign(actor *a, thing kind, char room[WIDTH])
{
    world *w = a->world;
    for (int tries = 0; tries < 4; tries++) {
        size_t other = below(a, w->count), place = below(a, SHELF);
        pthread_mutex_lock(&w->lock);
        bool taken =
            other != (size_t)a->self->index && take(&w->parties[other], kind, place, room) && !is_familiar(a, room);
        pthread_mutex_unlock(&w->lock);
        if (taken)
            return true;
    }
    return false;
}

/*
 * Nobody's key begins as the other's does, for what is given may be a place in an order: that no row of the party's own
 * lies between the two, and what is behind the one is behind the other.
 */
enum { NEIGHBOURS = sizeof "00000000-0000" - 1 };

static given *choose(actor *a, thing kind)
{
    given *g = &a->given[a->given_count++];
    size_t luck = below(a, 100), place = below(a, SHELF);
    invent(a, kind, g->substitute);
    g->foreign = luck >= 55 && luck < 90 && take_foreign(a, kind, g->value);
    g->own = luck < 55 && take(a->self, kind, place, g->value);
    if (g->foreign && kind <= DOMAIN)
        memcpy(g->substitute, g->value, NEIGHBOURS);
    for (const given *same = a->given; g->foreign && same < g; same++) {
        if (strcmp(same->value, g->value) == 0)
            memcpy(g->substitute, same->substitute, WIDTH);
    }
    if (!g->foreign && !g->own)
        memcpy(g->value, g->substitute, WIDTH);
    if (!g->foreign)
        memcpy(g->substitute, g->value, WIDTH);
    g->random_after = a->random;
    return g;
}

const char *draw(actor *a, thing kind)
{
    given *g;
    if (a->again && a->given_next < a->given_count) {
        g = &a->given[a->given_next];
        a->random = g->random_after;
    } else {
        assert(a->given_count < MOST_GIVEN);
        g = choose(a, kind);
    }
    a->given_next++;
    return a->substitutes ? g->substitute : g->value;
}

const char *draw_or_null(actor *a, thing kind)
{
    return chance(a, 30) ? NULL : draw(a, kind);
}

const char *draw_any_uuid(actor *a)
{
    return draw(a, (thing)below(a, DOMAIN + 1));
}

static const char *draw_anything(actor *a)
{
    return draw(a, (thing)below(a, THINGS));
}

/* ---- parameters of questions, by their names and types --------------------------------------------------------------
 */

static const struct {
    const char *name;
    thing kind;
} things_by_name[] = {
    { "provider_uuid", PROVIDER },  { "voice_secretary_uuid", SECRETARY }, { "secretary", SECRETARY_NAME },
    { "document_uuid", DOCUMENT },  { "document", DOCUMENT_NAME },         { "document_name", DOCUMENT_NAME },
    { "transfer_rule_uuid", RULE }, { "conversation_uuid", CONVERSATION }, { "conversation", CONVERSATION },
    { "call_uuid", CALL },          { "delivery_uuid", NOTICE },           { "domain_uuid", DOMAIN },
    { "domain", DOMAIN_NAME },      { "provider", PROVIDER_NAME },         { "extension", EXTENSION },
    { "caller_id", CALLER },        { "embedding_model", MODEL },          { "data_key_uuid", DATA_KEY },
};

static const struct {
    const char *name;
    const char *values[6];
} words_by_name[] = {
    { "provider_type", { "stt", "tts", "llm", "embeddings" } },
    { "role", { "user", "assistant", "system", "tool" } },
    { "destination_type", { "extension", "queue", "external" } },
    { "final_action", { "hangup", "transfer" } },
    { "content_sha256", { "00", "0000000000000000000000000000000000000000000000000000000000000000" } },
    { "statement_timeout", { "30000" } },
    { "state", { "pending", "dead" } },
    { "milliseconds", { "30000" } },
    { "rag_chunk_lists", { "\"{}\"" } },
    { "rag_similarity_lists", { "\"{}\"", "\"{0.5}\"" } },
    { "processing_status", { "pending", "failed" } },
    { "seconds", { "86400" } },
    { "idle_seconds", { "0" } }, /* any other number would make the outcome one of time */
    { "schema", { "public" } },
    { "first_chunks", { "0", "7", "20", "300", "4000", "50000" } },
    { "term_filters", { "0", "1" } },
    { "size_begins", { "1", "2" } },
    { "size_ends", { "1", "2" } },
    { "key_begins", { "1", "2" } },
    { "key_ends", { "1", "2" } },
    { "term_sizes", { "1", "2" } },
    { "term_keys", { "-5", "1" } },
    { "term_chunks", { "256", "0" } },
    { "language", { "pt-BR", "es" } },
    { "zone", { "America/Sao_Paulo", "Nowhere" } },
    { "zones", { "[]", "[\"\", \"America/Sao_Paulo\"]" } },
    { "numbers", { "[]", "[\"extension 200\", \"any 200\"]" } },
};

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), tail = strlen(end);
    return length >= tail && strcmp(name + length - tail, end) == 0;
}

static const char *by_name(actor *a, const char *name)
{
    for (size_t i = 0; i < COUNT(words_by_name); i++) {
        size_t known = 0;
        while (known < COUNT(words_by_name[i].values) && words_by_name[i].values[known] != NULL)
            known++;
        if (strcmp(name, words_by_name[i].name) == 0)
            return words_by_name[i].values[below(a, known)];
    }
    for (size_t i = 0; i < COUNT(things_by_name); i++) {
        bool is_key = things_by_name[i].kind <= DOMAIN;
        if (is_key ? ends_with(name, things_by_name[i].name) : strcmp(name, things_by_name[i].name) == 0)
            return draw(a, things_by_name[i].kind);
    }
    return NULL;
}

static const char *vector_text(actor *a)
{
    buffer text;
    buffer_init(&text, 1 << 16);
    for (int i = 0; i < VDB_DIMENSIONS; i++)
        buffer_printf(&text, "%c%d", i == 0 ? '[' : ',', i < 8 ? (int)below(a, 9) - 4 : 0);
    buffer_append_string(&text, "]");
    const char *made = arena_copy_string(a->memory, text.data);
    buffer_free(&text);
    return made;
}

/* The type of a list's elements, if they need no quoting there. */
static const char *plain_element(const char *type)
{
    static const char *const plain[] = { "uuid",   "text", "boolean",  "integer",
                                         "bigint", "real", "smallint", "bit varying" };
    for (size_t i = 0; i < COUNT(plain); i++) {
        size_t length = strlen(plain[i]);
        if (strncmp(type, plain[i], length) == 0 && strcmp(type + length, "[]") == 0)
            return plain[i];
    }
    return NULL;
}

static const char *some_value(actor *a, const char *name, const char *type);

static const char *list(actor *a, const char *name, const char *element)
{
    const char *first = some_value(a, name, element), *second = some_value(a, name, element);
    return arena_printf(a->memory, "{%s,%s}", first == NULL || *first == '\0' ? "NULL" : first,
                        second == NULL || *second == '\0' ? "NULL" : second);
}

static const char *text_by_luck(actor *a)
{
    switch (below(a, 6)) {
    case 0:
        return "";
    case 1:
        return draw_anything(a);
    case 2:
        return draw_any_uuid(a);
    default:
        return word(a);
    }
}

static const char *json_by_luck(actor *a)
{
    switch (below(a, 5)) {
    case 0:
        return arena_printf(a->memory, "[\"%s\", \"%s\"]", word(a), draw_anything(a));
    case 1:
        return arena_printf(a->memory, "{\"note\": \"%s\"}", draw_anything(a));
    case 2:
        return "[]";
    default:
        return json_with_word(a);
    }
}

static const char *by_type(actor *a, const char *type)
{
    static const char *const truths[] = { "true", "false" }, *const bits[] = { "0", "1" };
    if (strcmp(type, "uuid") == 0)
        return draw_any_uuid(a);
    if (strcmp(type, "vector") == 0)
        return vector_text(a);
    if (strcmp(type, "boolean") == 0)
        return one_of(a, truths);
    if (strcmp(type, "bit varying") == 0)
        return one_of(a, bits);
    if (strcmp(type, "jsonb") == 0 || strcmp(type, "json") == 0)
        return json_by_luck(a);
    if (strcmp(type, "vector[]") == 0)
        return arena_printf(a->memory, "{\"%s\"}", vector_text(a));
    if (strcmp(type, "jsonb[]") == 0)
        return "{\"{}\"}";
    if (ends_with(type, "[]"))
        return "{}";
    if (strcmp(type, "real") == 0 || strcmp(type, "numeric") == 0 || strcmp(type, "double precision") == 0)
        return arena_printf(a->memory, "0.%zu", below(a, 100));
    if (strcmp(type, "integer") == 0 || strcmp(type, "bigint") == 0 || strcmp(type, "smallint") == 0)
        return arena_printf(a->memory, "%zu", 1 + below(a, 40));
    if (strncmp(type, "reg", 3) == 0)
        return "public";
    if (strcmp(type, "text") == 0 || strcmp(type, "character varying") == 0)
        return text_by_luck(a);
    blame(a, DEFECT, "no value is known of type %s: add it to by_type() in tests/leak/values.c", type);
    return NULL;
}

/* A key that the library makes for a new row, and nobody gives. */
static const char *made_key(actor *a, const char *type)
{
    char keys[2][WIDTH];
    invent(a, MESSAGE, keys[0]);
    invent(a, MESSAGE, keys[1]);
    return arena_printf(a->memory, ends_with(type, "[]") ? "{%s,%s}" : "%s", keys[0], keys[1]);
}

static const char *some_value(actor *a, const char *name, const char *type)
{
    /* Of a row that is given by several lists; all of their values have to be good. */
    bool is_part = strncmp(name, "term_", 5) == 0 || strcmp(name, "first_chunks") == 0 || ends_with(name, "_lists") ||
                   ends_with(name, "_begins") || ends_with(name, "_ends");
    /* Four of a kind in one statement would hardly ever be all right. */
    if (!is_part && chance(a, ends_with(name, "_provider_uuid") ? 75 : 12))
        return NULL;
    if (strncmp(name, "made_", 5) == 0)
        return made_key(a, type);
    const char *element = plain_element(type);
    if (element != NULL)
        return list(a, name, element);
    if (strcmp(name, "zones") == 0)
        return by_name(a, name); /* of two made-up names one may be a zone, by its letters and digits: "z29e0" */
    bool is_list = ends_with(type, "[]") || strncmp(type, "json", 4) == 0;
    const char *named = is_list || (!is_part && chance(a, 10)) ? NULL : by_name(a, name);
    return named != NULL ? named : by_type(a, type);
}

const char *parameter(actor *a, const char *name, const char *type)
{
    if (strcmp(type, "timestamp with time zone") == 0)
        return "2026-11-23T10:00:00-03:00"; /* NULL may be now, which would make the outcome one of time */
    return some_value(a, name, type);
}
