#include "privacy/erasures.h"

#include "queries.h"

#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { DOMAIN, KEY_ID, HASHES, ERASED_AT, MOST_KEYS = 16 };

/* One hash of an entry. */
typedef struct mark {
    unsigned char hash[HASH_BYTES];
    bool whole; /* of the number itself, not only of an end of it */
    int entry;  /* the row in the ledger, whose newest is the first */
} mark;

struct erasures {
    PGresult *rows;
    erasure_key keys[MOST_KEYS];
    size_t key_count;
};

/* ---- hashes ------------------------------------------------------------------------------------------------------ */

vdb_status erasure_key_read(const char *path, erasure_key *key, vdb_error *error)
{
    static const unsigned char purpose[] = "voicedb erasures: key";
    unsigned char id[crypto_generichash_BYTES_MIN];
    vdb_status status = key_read(path, key->bytes, error);
    if (status != VDB_OK)
        return status;
    crypto_generichash(id, sizeof id, purpose, sizeof purpose, key->bytes, sizeof key->bytes);
    sodium_bin2hex(key->id, sizeof key->id, id, (KEY_ID_ROOM - 1) / 2);
    return VDB_OK;
}

/* The tenant is part of it, so that nobody sees which tenants had one caller. */
static void hash_end(const erasure_key *key, const char *domain_uuid, const caller *c, size_t skipped,
                     unsigned char hash[HASH_BYTES])
{
    const unsigned char kind = c->is_number;
    crypto_generichash_state state;
    crypto_generichash_init(&state, key->bytes, sizeof key->bytes, HASH_BYTES);
    crypto_generichash_update(&state, (const unsigned char *)domain_uuid, strlen(domain_uuid));
    crypto_generichash_update(&state, &kind, 1);
    crypto_generichash_update(&state, (const unsigned char *)c->text + skipped, c->length - skipped);
    crypto_generichash_final(&state, hash, HASH_BYTES);
}

void erasure_hash(const erasure_key *key, const char *domain_uuid, const caller *c, buffer *text)
{
    for (size_t skipped = 0; skipped < caller_ends(c); skipped++) {
        unsigned char hash[HASH_BYTES];
        char digits[2 * HASH_BYTES + 1];
        hash_end(key, domain_uuid, c, skipped, hash);
        sodium_bin2hex(digits, sizeof digits, hash, sizeof hash);
        buffer_append_string(text, digits);
    }
}

/* ---- callers as the queries take them ---------------------------------------------------------------------------- */

static bool add_caller(json_t *array, const char *caller_id, const char *until)
{
    return json_array_append_new(array, json_pack("{s:s, s:s?}", "caller_id", caller_id, "until", until)) == 0;
}

char *erasure_spellings(const PGresult *callers, const caller *wanted, size_t *count)
{
    json_t *array = json_array();
    bool whole = array != NULL;
    for (int row = 0; whole && row < PQntuples(callers); row++) {
        caller c;
        const char *caller_id = PQgetvalue(callers, row, 0);
        if (caller_read(caller_id, &c, NULL) == VDB_OK && caller_is_same(&c, wanted))
            whole = add_caller(array, caller_id, NULL);
    }
    char *text = whole ? json_dumps(array, JSON_COMPACT) : NULL;
    if (count != NULL)
        *count = json_array_size(array);
    json_decref(array);
    return text;
}

/* ---- the ledger -------------------------------------------------------------------------------------------------- */

static const erasure_key *key_of(const erasures *e, int row)
{
    for (size_t i = 0; i < e->key_count; i++) {
        if (strcmp(e->keys[i].id, PQgetvalue(e->rows, row, KEY_ID)) == 0)
            return &e->keys[i];
    }
    return NULL;
}

static vdb_status read_keys(erasures *e, const char *const *key_files, vdb_error *error)
{
    for (const char *const *path = key_files; path != NULL && *path != NULL; path++) {
        if (e->key_count == MOST_KEYS)
            return error_set(error, VDB_USAGE, "Give fewer.", "more than %d erasure keys were given", MOST_KEYS);
        vdb_status status = erasure_key_read(*path, &e->keys[e->key_count], error);
        if (status != VDB_OK)
            return status;
        e->key_count++;
    }
    for (int row = 0; row < PQntuples(e->rows); row++) {
        if (key_of(e, row) == NULL)
            return error_set(error, VDB_USAGE,
                             "Write --erasure-key with the file that `voicedb privacy erase` was given.",
                             "callers were erased here, and must not come back: the key %s of the ledger is needed",
                             PQgetvalue(e->rows, row, KEY_ID));
    }
    return VDB_OK;
}

vdb_status erasures_open(connection *c, const char *domain_uuid, const char *source_uuid, const char *const *key_files,
                         erasures **e, vdb_error *error)
{
    const param whose[] = { P(domain_uuid), P(source_uuid) };
    *e = calloc(1, sizeof **e);
    if (*e == NULL)
        return error_memory(error);
    vdb_status status = connection_run(c, &(statement){ &queries[QUERY_ERASURE_LIST], whose }, 1, &(*e)->rows, error);
    if (status == VDB_OK)
        status = read_keys(*e, key_files, error);
    if (status != VDB_OK || PQntuples((*e)->rows) == 0) {
        erasures_close(*e);
        *e = NULL;
    }
    return status;
}

void erasures_close(erasures *e)
{
    if (e == NULL)
        return;
    PQclear(e->rows);
    sodium_memzero(e, sizeof *e);
    free(e);
}

/* ---- doing them again -------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    return memcmp(((const mark *)a)->hash, ((const mark *)b)->hash, HASH_BYTES);
}

/* All hashes of what `source` has erased, in order; for free(). NULL: memory ran out. */
static mark *marks_of(const erasures *e, const char *source, size_t *count)
{
    size_t room = 1, used = 0;
    for (int row = 0; row < PQntuples(e->rows); row++)
        room += (size_t)PQgetlength(e->rows, row, HASHES) / (2 * HASH_BYTES);
    mark *marks = calloc(room, sizeof *marks);
    for (int row = 0; marks != NULL && row < PQntuples(e->rows); row++) {
        const char *digits = PQgetvalue(e->rows, row, HASHES), *first = digits;
        if (strcmp(PQgetvalue(e->rows, row, DOMAIN), source) != 0)
            continue;
        for (; *digits != '\0'; digits += 2 * HASH_BYTES, used++) {
            marks[used].entry = row;
            marks[used].whole = digits == first;
            sodium_hex2bin(marks[used].hash, HASH_BYTES, digits, 2 * HASH_BYTES, NULL, NULL, NULL);
        }
    }
    if (marks != NULL)
        qsort(marks, used, sizeof *marks, compare);
    *count = used;
    return marks;
}

/* The newest entry that `hash` stands for, or `newest`. */
static int look_up(const mark *marks, size_t count, const unsigned char hash[HASH_BYTES], bool only_whole, int newest)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(marks[middle].hash, hash, HASH_BYTES) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < count && memcmp(marks[low].hash, hash, HASH_BYTES) == 0; low++) {
        if ((marks[low].whole || !only_whole) && (newest < 0 || marks[low].entry < newest))
            newest = marks[low].entry;
    }
    return newest;
}

/* The newest entry of a caller; -1: none. It is the caller's number that was erased, or an end of it, or it ends that.
 */
static int entry_of(const erasures *e, const mark *marks, size_t count, const char *source, const caller *c)
{
    int newest = -1;
    for (size_t i = 0; i < e->key_count; i++) {
        for (size_t skipped = 0; skipped < caller_ends(c); skipped++) {
            unsigned char hash[HASH_BYTES];
            hash_end(&e->keys[i], source, c, skipped, hash);
            newest = look_up(marks, count, hash, skipped > 0, newest);
        }
    }
    return newest;
}

/* For free(); NULL: memory ran out. `*found` false: nobody. */
static char *erased_callers(const erasures *e, const PGresult *callers, const char *source, bool *found)
{
    size_t count;
    mark *marks = marks_of(e, source, &count);
    json_t *array = json_array();
    bool whole = marks != NULL && array != NULL;
    for (int row = 0; whole && count > 0 && row < PQntuples(callers); row++) {
        caller c;
        const char *caller_id = PQgetvalue(callers, row, 0);
        int entry = caller_read(caller_id, &c, NULL) == VDB_OK ? entry_of(e, marks, count, source, &c) : -1;
        if (entry >= 0)
            whole = add_caller(array, caller_id, PQgetvalue(e->rows, entry, ERASED_AT));
    }
    char *text = whole ? json_dumps(array, JSON_COMPACT) : NULL;
    *found = json_array_size(array) > 0;
    json_decref(array);
    free(marks);
    return text;
}

vdb_status erasures_repeat(const erasures *e, connection *c, const char *domain_uuid, const char *source_uuid,
                           int64_t *count, vdb_error *error)
{
    PGresult *result;
    bool found;
    if (e == NULL)
        return VDB_OK;
    vdb_status status = connection_run(
        c, &(statement){ &queries[QUERY_PRIVACY_CALLERS], (const param[]){ P(domain_uuid) } }, 1, &result, error);
    if (status != VDB_OK)
        return status;
    char *callers = erased_callers(e, result, source_uuid, &found);
    PQclear(result);
    if (callers == NULL)
        return error_memory(error);
    if (found) {
        const param params[] = { P(domain_uuid), P(callers) };
        status = connection_run(c, &(statement){ &queries[QUERY_PRIVACY_ERASE], params }, 1, &result, error);
        if (status == VDB_OK) {
            *count += strtoll(PQgetvalue(result, 0, 0), NULL, 10);
            PQclear(result);
        }
    }
    free(callers);
    return status;
}

vdb_status erasures_repeat_all(const erasures *e, connection *c, int64_t *count, vdb_error *error)
{
    vdb_status status = VDB_OK;
    for (int row = 0; e != NULL && status == VDB_OK && row < PQntuples(e->rows); row++) {
        const char *domain = PQgetvalue(e->rows, row, DOMAIN);
        bool done = false;
        for (int before = 0; !done && before < row; before++)
            done = strcmp(PQgetvalue(e->rows, before, DOMAIN), domain) == 0;
        if (!done)
            status = erasures_repeat(e, c, domain, domain, count, error);
    }
    return status;
}
