#include "secret/config.h"

#include "base/json.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_ROOM = 512, BOUND_ROOM = 1024, NUMBERS = JSON_REAL_PRECISION(15) };

static const char masked_secret[] = "***";

/* ---- what is a secret -------------------------------------------------------------------------------------------- */

static bool is_declared(const json_t *declared, const char *key)
{
    size_t index;
    json_t *item;
    json_array_foreach(declared, index, item)
    {
        if (json_is_string(item) && strcmp(json_string_value(item), key) == 0)
            return true;
    }
    return false;
}

static bool is_secret(const json_t *declared, const char *key, const json_t *value)
{
    if (json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0) || strcmp(key, "$secret") == 0)
        return false;
    return json_key_is_secret(key) || is_declared(declared, key);
}

/* The text within {"$sealed": "…"}; NULL: it is none. */
static const char *sealed_text(const json_t *value)
{
    if (!json_is_object(value) || json_object_size(value) != 1)
        return NULL;
    return json_string_value(json_object_get(value, SEALED_MEMBER));
}

bool config_has_sealed(const char *config)
{
    return strstr(config, "\"" SEALED_MEMBER "\"") != NULL;
}

/* ---- masking and counting ---------------------------------------------------------------------------------------- */

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the parser allows, 2048 levels. */
static void mask(json_t *value, const json_t *declared)
{
    const char *key;
    json_t *member;
    size_t index;
    if (json_is_array(value)) {
        json_array_foreach(value, index, member)
        {
            if (sealed_text(member) != NULL)
                json_array_set_new(value, index, json_string(masked_secret));
            else
                mask(member, declared);
        }
        return;
    }
    json_object_foreach(value, key, member)
    {
        if (sealed_text(member) != NULL || is_secret(declared, key, member))
            json_object_set_new(value, key, json_string(masked_secret));
        else
            mask(member, declared);
    }
}

char *vdb_provider_config_masked(const char *config)
{
    json_t *value = json_parse_object(config, "config", NULL);
    if (value == NULL)
        return NULL;
    json_t *declared = json_incref(json_object_get(value, "$secret"));
    mask(value, declared);
    char *text = json_dumps(value, NUMBERS);
    json_decref(declared);
    json_decref(value);
    return text;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static void count(const json_t *value, const json_t *declared, int64_t *sealed, int64_t *plain)
{
    const char *key;
    json_t *member;
    size_t index;
    if (sealed_text(value) != NULL) {
        (*sealed)++;
        return;
    }
    json_array_foreach(value, index, member) count(member, declared, sealed, plain);
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        if (sealed_text(member) == NULL && is_secret(declared, key, member))
            (*plain)++;
        else
            count(member, declared, sealed, plain);
    }
}

vdb_status config_count(const char *config, int64_t *sealed, int64_t *plain, vdb_error *error)
{
    json_t *value = json_parse_object(config, "config", error);
    if (value == NULL)
        return VDB_BAD_INPUT;
    *sealed = *plain = 0;
    count(value, json_object_get(value, "$secret"), sealed, plain);
    json_decref(value);
    return VDB_OK;
}

/* ---- where a value stands ---------------------------------------------------------------------------------------- */

/* The keys that lead to a value, as "/key/0/key" behind the column's name. */
typedef struct path {
    char text[PATH_ROOM];
    size_t length;
} path;

static void path_put(path *p, char c)
{
    if (p->length < PATH_ROOM - 1)
        p->text[p->length++] = c;
    p->text[p->length] = '\0';
}

/*
 * Adds a key as JSON Pointer (RFC 6901) writes it, and returns what to cut back to. A path that is too long stays cut,
 * and then seals nothing.
 */
static size_t path_add(path *p, const char *key)
{
    size_t before = p->length;
    path_put(p, '/');
    for (; *key != '\0'; key++) {
        bool escaped = *key == '~' || *key == '/';
        path_put(p, escaped ? '~' : *key);
        if (escaped)
            path_put(p, *key == '~' ? '0' : '1');
    }
    return before;
}

static size_t path_add_index(path *p, size_t index)
{
    char number[24];
    snprintf(number, sizeof number, "%zu", index);
    return path_add(p, number);
}

static void path_cut(path *p, size_t length)
{
    p->length = length;
    p->text[length] = '\0';
}

static bool path_is_whole(const path *p)
{
    return p->length < PATH_ROOM - 1;
}

static void bind_value(char bound[BOUND_ROOM], const seal_place *place, const path *p)
{
    snprintf(bound, BOUND_ROOM, "voicedb value\n%.36s\n%.64s\n%.36s\n%.64s%s", place->domain, place->table, place->row,
             place->column, p->text);
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

typedef struct opening {
    const seal_place *place;
    const data_key *key;
    path path;
    char *text; /* what is written so far; grows nowhere: the room is a bound */
    size_t length, room;
    int64_t *broken; /* counts what does not open; NULL: that is an error */
    vdb_error *error;
} opening;

static vdb_status does_not_open(const seal_place *place, const path *p, const char *reason, vdb_error *error)
{
    error_set(error, VDB_BAD_INPUT, "Set it anew (`voicedb provider update --config`).",
              "the secret %s%s of row %s in %s does not open", place->column, p->text, place->row, place->table);
    error_detail(error, "%s", reason);
    return VDB_BAD_INPUT;
}

/* Opens into `plain`, which has seal_room() bytes. */
static vdb_status open_value(const seal_place *place, const data_key *key, const path *p, const char *sealed,
                             char *plain, size_t *length, vdb_error *error)
{
    char name[SEAL_KEY_NAME_ROOM], bound[BOUND_ROOM];
    if (!seal_key_name(sealed, name))
        return does_not_open(place, p, "it is not sealed in a form that this voicedb knows", error);
    if (key == NULL || strcmp(name, key->uuid) != 0) {
        char reason[128];
        snprintf(reason, sizeof reason, "its data key %s is not the tenant's", name);
        return does_not_open(place, p, reason, error);
    }
    bind_value(bound, place, p);
    if (!seal_open(sealed, key->bytes, bound, plain, length))
        return does_not_open(place, p, "it was changed, or sealed for another row or field", error);
    return VDB_OK;
}

static vdb_status put(opening *o, const char *bytes, size_t length)
{
    if (length > o->room - o->length)
        return error_memory(o->error);
    memcpy(o->text + o->length, bytes, length);
    o->length += length;
    return VDB_OK;
}

/* Any value but one that holds others. */
static vdb_status put_json(opening *o, const json_t *value)
{
    size_t length =
        json_dumpb(value, o->text + o->length, o->room - o->length, JSON_ENCODE_ANY | JSON_COMPACT | NUMBERS);
    if (length == 0 || length > o->room - o->length)
        return error_memory(o->error);
    o->length += length;
    return VDB_OK;
}

static vdb_status put_opened(opening *o, const char *sealed)
{
    size_t length = 0;
    if (seal_room(sealed) > o->room - o->length)
        return error_memory(o->error);
    vdb_status status = open_value(o->place, o->key, &o->path, sealed, o->text + o->length, &length,
                                   o->broken == NULL ? o->error : NULL);
    o->length += length;
    if (status == VDB_OK || o->broken == NULL)
        return status;
    (*o->broken)++;
    return VDB_OK;
}

static vdb_status put_value(opening *o, const json_t *value);

/* NOLINTNEXTLINE(misc-no-recursion) */
static vdb_status put_array(opening *o, const json_t *array)
{
    size_t index;
    json_t *item;
    vdb_status status = put(o, "[", 1);
    json_array_foreach(array, index, item)
    {
        size_t before = path_add_index(&o->path, index);
        if (status == VDB_OK && index > 0)
            status = put(o, ",", 1);
        if (status == VDB_OK)
            status = put_value(o, item);
        path_cut(&o->path, before);
    }
    return status == VDB_OK ? put(o, "]", 1) : status;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static vdb_status put_object(opening *o, const json_t *object)
{
    const char *key, *comma = "";
    json_t *member;
    vdb_status status = put(o, "{", 1);
    json_object_foreach((json_t *)(uintptr_t)object, key, member)
    {
        json_t *name = json_string(key);
        size_t before = path_add(&o->path, key);
        if (status == VDB_OK)
            status = put(o, comma, strlen(comma));
        if (status == VDB_OK)
            status = name == NULL ? error_memory(o->error) : put_json(o, name);
        if (status == VDB_OK)
            status = put(o, ":", 1);
        if (status == VDB_OK)
            status = put_value(o, member);
        comma = ",";
        json_decref(name);
        path_cut(&o->path, before);
    }
    return status == VDB_OK ? put(o, "}", 1) : status;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static vdb_status put_value(opening *o, const json_t *value)
{
    const char *sealed = sealed_text(value);
    if (sealed != NULL)
        return put_opened(o, sealed);
    if (json_is_object(value))
        return put_object(o, value);
    return json_is_array(value) ? put_array(o, value) : put_json(o, value);
}

static vdb_status open_all(arena *a, const char *config, opening *o)
{
    json_t *value = json_parse_object(config, "config", o->error);
    if (value == NULL)
        return VDB_BAD_INPUT;
    /* A number may take more characters than it had; what is opened takes fewer. */
    o->room = 8 * strlen(config) + 64;
    o->text = arena_alloc(a, o->room + 1);
    vdb_status status = o->text == NULL ? error_memory(o->error) : put_value(o, value);
    json_decref(value);
    return status;
}

vdb_status config_open(arena *a, const char *config, const seal_place *place, const data_key *key, const char **result,
                       vdb_error *error)
{
    if (!config_has_sealed(config)) {
        *result = arena_copy_string(a, config);
        return *result == NULL ? error_memory(error) : VDB_OK;
    }
    opening o = { .place = place, .key = key, .error = error };
    vdb_status status = open_all(a, config, &o);
    if (status == VDB_OK)
        *result = o.text;
    return status;
}

vdb_status config_broken(arena *a, const char *config, const seal_place *place, const data_key *key, int64_t *broken,
                         vdb_error *error)
{
    opening o = { .place = place, .key = key, .broken = broken, .error = error };
    *broken = 0;
    return open_all(a, config, &o);
}

/* ---- sealing ----------------------------------------------------------------------------------------------------- */

typedef struct sealing {
    const seal_order *order;
    const json_t *declared;
    path path;
    arena *memory;
    vdb_error *error;
} sealing;

/* Seals bytes of JSON into the object that stands for them. */
static vdb_status seal_bytes(sealing *s, const char *plain, size_t length, json_t **result)
{
    char bound[BOUND_ROOM];
    bind_value(bound, s->order->place, &s->path);
    const char *text = seal_text(s->memory, s->order->key->uuid, s->order->key->bytes, bound, plain, length);
    *result = text == NULL ? NULL : json_pack("{s:s}", SEALED_MEMBER, text);
    return *result == NULL ? error_memory(s->error) : VDB_OK;
}

static vdb_status seal_plain(sealing *s, const json_t *value, json_t **result)
{
    if (json_is_string(value) && strcmp(json_string_value(value), masked_secret) == 0)
        return error_set(s->error, VDB_BAD_INPUT, "Give the secret itself, not what is shown in its place.",
                         "%s%s is masked", s->order->place->column, s->path.text);
    char *plain = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | NUMBERS);
    if (plain == NULL)
        return error_memory(s->error);
    vdb_status status = seal_bytes(s, plain, strlen(plain), result);
    sodium_memzero(plain, strlen(plain));
    free(plain);
    return status;
}

static vdb_status seal_again(sealing *s, const char *sealed, json_t **result)
{
    const seal_order *o = s->order;
    size_t room = seal_room(sealed), length;
    char *plain = sodium_malloc(room);
    if (plain == NULL)
        return error_memory(s->error);
    vdb_status status = open_value(o->old_place == NULL ? o->place : o->old_place, o->old == NULL ? o->key : o->old,
                                   &s->path, sealed, plain, &length, s->error);
    if (status == VDB_OK)
        status = seal_bytes(s, plain, length, result);
    sodium_free(plain);
    return status;
}

static vdb_status seal_members(sealing *s, json_t *value);

/* `*result` NULL: the value stays as it is. `named`: it is a secret by its key. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static vdb_status seal_value(sealing *s, json_t *value, bool named, json_t **result)
{
    const char *sealed = sealed_text(value);
    *result = NULL;
    if (sealed == NULL && !named)
        return seal_members(s, value);
    if (!path_is_whole(&s->path))
        return error_set(s->error, VDB_BAD_INPUT, "Use shorter names, or less depth.", "a secret in %s stands too deep",
                         s->order->place->column);
    return sealed != NULL ? seal_again(s, sealed, result) : seal_plain(s, value, result);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static vdb_status seal_members(sealing *s, json_t *value)
{
    const char *key;
    json_t *member, *sealed;
    size_t index;
    vdb_status status = VDB_OK;
    json_array_foreach(value, index, member)
    {
        size_t before = path_add_index(&s->path, index);
        if (status == VDB_OK)
            status = seal_value(s, member, false, &sealed);
        if (status == VDB_OK && sealed != NULL && json_array_set_new(value, index, sealed) != 0)
            status = error_memory(s->error);
        path_cut(&s->path, before);
    }
    json_object_foreach(value, key, member)
    {
        size_t before = path_add(&s->path, key);
        if (status == VDB_OK)
            status = seal_value(s, member, is_secret(s->declared, key, member), &sealed);
        if (status == VDB_OK && sealed != NULL && json_object_set_new(value, key, sealed) != 0)
            status = error_memory(s->error);
        path_cut(&s->path, before);
    }
    return status;
}

vdb_status config_seal(arena *a, const char *config, const seal_order *order, const char **result, vdb_error *error)
{
    json_t *value = json_parse_object(config, "config", error);
    if (value == NULL)
        return VDB_BAD_INPUT;
    json_t *declared = json_deep_copy(json_object_get(value, "$secret"));
    sealing s = { .order = order, .declared = declared, .memory = a, .error = error };
    vdb_status status = seal_members(&s, value);
    char *text = status == VDB_OK ? json_dumps(value, JSON_COMPACT | NUMBERS) : NULL;
    *result = text == NULL ? NULL : arena_copy_string(a, text);
    if (status == VDB_OK && *result == NULL)
        status = error_memory(error);
    free(text);
    json_decref(declared);
    json_decref(value);
    return status;
}

/* ---- sealing again, in the text itself ----------------------------------------------------------------------------
 */

typedef struct replacing {
    sealing sealing;
    char *text; /* in which sealed texts are replaced by others, each of which stands there once */
} replacing;

static vdb_status replace_text(replacing *r, const char *old, const char *new)
{
    const char *at = strstr(r->text, old);
    size_t before = at == NULL ? 0 : (size_t)(at - r->text);
    const char *behind = at == NULL ? "" : at + strlen(old);
    char *text = at == NULL ? NULL : arena_printf(r->sealing.memory, "%.*s%s%s", (int)before, r->text, new, behind);
    if (at == NULL)
        return error_set(r->sealing.error, VDB_BAD_INPUT, "Set the config anew.", "a sealed text is written oddly");
    if (text == NULL)
        return error_memory(r->sealing.error);
    r->text = text;
    return VDB_OK;
}

static vdb_status replace_sealed(replacing *r, const char *sealed)
{
    json_t *new = NULL;
    vdb_status status = seal_again(&r->sealing, sealed, &new);
    if (status == VDB_OK)
        status = replace_text(r, sealed, sealed_text(new));
    json_decref(new);
    return status;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static vdb_status replace_in(replacing *r, const json_t *value)
{
    const char *key, *sealed = sealed_text(value);
    json_t *member;
    size_t index;
    vdb_status status = VDB_OK;
    if (sealed != NULL)
        return replace_sealed(r, sealed);
    json_array_foreach(value, index, member)
    {
        size_t before = path_add_index(&r->sealing.path, index);
        if (status == VDB_OK)
            status = replace_in(r, member);
        path_cut(&r->sealing.path, before);
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        size_t before = path_add(&r->sealing.path, key);
        if (status == VDB_OK)
            status = replace_in(r, member);
        path_cut(&r->sealing.path, before);
    }
    return status;
}

vdb_status config_reseal(arena *a, const char *config, const char *escaped, const seal_order *order,
                         const char **result, vdb_error *error)
{
    json_t *value = json_parse_object(config, "config", error);
    if (value == NULL)
        return VDB_BAD_INPUT;
    replacing r = { .sealing = { .order = order, .memory = a, .error = error } };
    r.text = arena_copy_string(a, escaped == NULL ? config : escaped);
    vdb_status status = r.text == NULL ? error_memory(error) : replace_in(&r, value);
    json_decref(value);
    if (status == VDB_OK)
        *result = r.text;
    return status;
}
