/* The operator's work on keys: what is sealed by what, sealing what is plain, new data keys. */
#include "store/secrets.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TRIES = 5 };

vdb_status vdb_key_init(const char *path, const char *after, char key_id[17], vdb_error *error)
{
    char id[MASTER_ID_ROOM];
    error_clear(error);
    vdb_status status = check_required(path, "path of a file", error);
    if (status == VDB_OK)
        status = keyring_create(path, after, id, error);
    if (status == VDB_OK && key_id != NULL)
        memcpy(key_id, id, sizeof id);
    return status;
}

/* ---- status ------------------------------------------------------------------------------------------------------ */

enum { DOMAIN, DATA_KEY, SEALED_KEY, TABLE, ROW, CONFIG };

typedef struct survey {
    vdb_pool *pool;
    vdb_key_report *report;
    vdb_master_key *keys;
    size_t room;
    arena *memory;
    vdb_tenant tenant;
    data_key key; /* of the tenant; without a UUID: it has none, or it does not open */
    bool missing; /* the master key for it is not at hand, so that nothing can be said about its values */
} survey;

/* A line of the report for a master key, made when there is none yet. */
static vdb_master_key *key_line(survey *s, const char *id)
{
    for (size_t i = 0; i < s->report->key_count; i++) {
        if (strcmp(s->keys[i].key_id, id) == 0)
            return &s->keys[i];
    }
    if (s->report->key_count == s->room) {
        vdb_master_key *more = arena_array(s->memory, 2 * s->room, sizeof *more);
        if (more == NULL)
            return NULL;
        memcpy(more, s->keys, s->room * sizeof *more);
        s->report->keys = s->keys = more;
        s->room *= 2;
    }
    vdb_master_key *line = &s->keys[s->report->key_count];
    *line = (vdb_master_key){ .key_id = arena_copy_string(s->memory, id), .state = "missing" };
    if (line->key_id == NULL)
        return NULL;
    s->report->key_count++;
    return line;
}

static vdb_status list_keys(survey *s, vdb_error *error)
{
    char ids[MOST_MASTER_KEYS][MASTER_ID_ROOM];
    size_t count;
    vdb_status status = keyring_ids(pool_keyring(s->pool), ids, &count, error);
    if (status != VDB_OK)
        return status;
    s->room = MOST_MASTER_KEYS;
    s->report->keys = s->keys = arena_array(s->memory, s->room, sizeof *s->keys);
    const char *path = keyring_path(pool_keyring(s->pool));
    s->report->path = arena_copy_string(s->memory, path);
    if (s->keys == NULL || (path != NULL && s->report->path == NULL))
        return error_memory(error);
    for (size_t i = 0; i < count; i++) {
        vdb_master_key *line = key_line(s, ids[i]);
        if (line == NULL)
            return error_memory(error);
        line->state = i == 0 ? "seals" : "opens";
    }
    return VDB_OK;
}

static vdb_status begin_tenant(survey *s, const PGresult *rows, int row, vdb_error *error)
{
    char id[SEAL_KEY_NAME_ROOM];
    memcpy(s->tenant.uuid, PQgetvalue(rows, row, DOMAIN), sizeof s->tenant.uuid);
    s->key = (data_key){ .uuid = "" };
    s->missing = false;
    if (PQgetisnull(rows, row, DATA_KEY))
        return VDB_OK;
    s->report->tenants++;
    const char *sealed = PQgetvalue(rows, row, SEALED_KEY);
    if (!seal_key_name(sealed, id)) {
        s->report->broken++;
        return VDB_OK;
    }
    vdb_master_key *line = key_line(s, id);
    if (line == NULL)
        return error_memory(error);
    line->tenants++;
    s->missing = strcmp(line->state, "missing") == 0;
    if (!s->missing && keyring_open(pool_keyring(s->pool), s->tenant.uuid, PQgetvalue(rows, row, DATA_KEY), sealed,
                                    &s->key, NULL) != VDB_OK)
        s->report->broken++;
    return VDB_OK;
}

static vdb_status survey_config(survey *s, const seal_place *place, const char *config, vdb_error *error)
{
    int64_t sealed, plain, broken = 0;
    vdb_status status = config_count(config, &sealed, &plain, error);
    arena *private = status == VDB_OK && sealed > 0 && !s->missing ? arena_new_private() : NULL;
    if (private != NULL)
        status = config_broken(private, config, place, s->key.uuid[0] == '\0' ? NULL : &s->key, &broken, error);
    arena_free(private);
    if (status != VDB_OK)
        return status;
    s->report->sealed += sealed;
    s->report->plain += plain;
    s->report->broken += broken;
    return VDB_OK;
}

static vdb_status survey_rows(survey *s, const PGresult *rows, vdb_error *error)
{
    vdb_status status = VDB_OK;
    for (int row = 0; status == VDB_OK && row < PQntuples(rows); row++) {
        if (strcmp(s->tenant.uuid, PQgetvalue(rows, row, DOMAIN)) != 0)
            status = begin_tenant(s, rows, row, error);
        if (status != VDB_OK || PQgetisnull(rows, row, ROW))
            continue;
        const seal_place place =
            secrets_place(s->tenant.uuid, PQgetvalue(rows, row, TABLE), PQgetvalue(rows, row, ROW));
        status = survey_config(s, &place, PQgetvalue(rows, row, CONFIG), error);
    }
    sodium_memzero(&s->key, sizeof s->key);
    return status;
}

vdb_status keys_survey(vdb_pool *pool, const char *domain_uuid, const vdb_key_report **report, vdb_error *error)
{
    survey s = { .pool = pool, .tenant = { .pool = pool } };
    s.report = rows_allocate(sizeof *s.report, 1, &s.memory);
    if (s.report == NULL)
        return error_memory(error);
    PGresult *rows = NULL;
    vdb_status status = unscoped_sees_all(pool, QUERY_KEY_SEES_ALL, error);
    if (status == VDB_OK)
        status = list_keys(&s, error);
    if (status == VDB_OK)
        status = unscoped_run(pool, QUERY_KEY_SURVEY, (const param[]){ P(domain_uuid) }, &rows, error);
    if (status == VDB_OK)
        status = survey_rows(&s, rows, error);
    PQclear(rows);
    if (status == VDB_OK)
        *report = s.report;
    else
        vdb_rows_free(s.report);
    return status;
}

vdb_status vdb_key_status(vdb_pool *pool, const vdb_key_report **report, vdb_error *error)
{
    error_clear(error);
    return keys_survey(pool, NULL, report, error);
}

/* ---- sealing and rotating ---------------------------------------------------------------------------------------- */

typedef struct worker {
    connection *connection;
    vdb_tenant tenant;
    bool rotate; /* else only plain values are sealed */
    data_key old, new;
    arena *memory;
    int64_t sealed; /* values of this tenant */
} worker;

static vdb_status ask(worker *w, request r, PGresult **result, vdb_error *error)
{
    return tenant_run_on(&w->tenant, w->connection, false, &r, 1, result, error);
}

/* The tenant's key, locked; made when there is none. */
static vdb_status lock_key(worker *w, vdb_error *error)
{
    PGresult *result;
    vdb_status status = ask(w, (request){ .id = QUERY_KEY_LOCK }, &result, error);
    if (status == VDB_OK && PQntuples(result) == 0) {
        const char *sealed;
        data_key *k = &w->new;
        PQclear(result);
        secrets_new_uuid(k->uuid);
        randombytes_buf(k->bytes, sizeof k->bytes);
        status = keyring_seal(pool_keyring(w->tenant.pool), w->memory, w->tenant.uuid, k, &sealed, error);
        if (status == VDB_OK)
            status = ask(w, REQUEST(DATA_KEY_ADD, P(k->uuid), P(sealed)), NULL, error);
        if (status == VDB_OK)
            status = ask(w, (request){ .id = QUERY_KEY_LOCK }, &result, error);
    }
    if (status != VDB_OK)
        return status;
    status = PQntuples(result) == 0 ? error_set(error, VDB_CONFLICT, "Try again.", "the tenant's data key went away")
                                    : keyring_open(pool_keyring(w->tenant.pool), w->tenant.uuid,
                                                   PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1), &w->old, error);
    PQclear(result);
    w->new = w->old;
    return status;
}

static vdb_status replace_key(worker *w, vdb_error *error)
{
    const char *sealed;
    secrets_new_uuid(w->new.uuid);
    randombytes_buf(w->new.bytes, sizeof w->new.bytes);
    vdb_status status = keyring_seal(pool_keyring(w->tenant.pool), w->memory, w->tenant.uuid, &w->new, &sealed, error);
    return status == VDB_OK ? ask(w, REQUEST(KEY_REPLACE, P(w->new.uuid), P(sealed)), NULL, error) : status;
}

static vdb_status seal_config(worker *w, const seal_place *place, const char *config, vdb_error *error)
{
    int64_t sealed, plain;
    const seal_order order = { .place = place, .key = &w->new, .old = &w->old };
    vdb_status status = config_count(config, &sealed, &plain, error);
    if (status != VDB_OK || plain + (w->rotate ? sealed : 0) == 0)
        return status;
    const char *text;
    status = plain > 0 ? config_seal(w->memory, config, &order, &text, error)
                       : config_reseal(w->memory, config, NULL, &order, &text, error);
    if (status == VDB_OK)
        status = ask(w, REQUEST(KEY_CONFIG_SET, P(text), P(w->new.uuid), P(place->row), P(place->table)), NULL, error);
    w->sealed += plain;
    return status;
}

static vdb_status seal_configs(worker *w, vdb_error *error)
{
    PGresult *rows;
    vdb_status status = ask(w, (request){ .id = QUERY_KEY_CONFIGS }, &rows, error);
    if (status != VDB_OK)
        return status;
    for (int row = 0; status == VDB_OK && row < PQntuples(rows); row++) {
        const seal_place place = secrets_place(w->tenant.uuid, PQgetvalue(rows, row, 0), PQgetvalue(rows, row, 1));
        status = seal_config(w, &place, PQgetvalue(rows, row, 2), error);
    }
    PQclear(rows);
    return status;
}

static vdb_status try_tenant(worker *w, vdb_error *error)
{
    w->sealed = 0;
    vdb_status status = connection_begin(w->connection, error);
    if (status == VDB_OK)
        status = lock_key(w, error);
    if (status == VDB_OK && w->rotate)
        status = replace_key(w, error);
    if (status == VDB_OK)
        status = seal_configs(w, error);
    if (status == VDB_OK)
        status = connection_commit(w->connection, error);
    if (status != VDB_OK)
        connection_rollback(w->connection);
    return status;
}

/* Somebody who writes a config at the same moment may come off as the one whom PostgreSQL lets go on. */
static vdb_status work_on(worker *w, const char *domain_uuid, vdb_error *error)
{
    memcpy(w->tenant.uuid, domain_uuid, sizeof w->tenant.uuid);
    w->memory = arena_new();
    if (w->memory == NULL)
        return error_memory(error);
    vdb_status status = VDB_CONFLICT;
    for (int i = 0; status == VDB_CONFLICT && i < MOST_TRIES; i++)
        status = try_tenant(w, error);
    arena_free(w->memory);
    sodium_memzero(&w->old, sizeof w->old);
    sodium_memzero(&w->new, sizeof w->new);
    return status;
}

/* One tenant that cannot be done does not keep the others from it; the first failure is told. */
static vdb_status work(vdb_pool *pool, const char *const *domains, size_t count, bool rotate, int64_t *done,
                       int64_t *sealed, vdb_error *error)
{
    worker w = { .tenant = { .pool = pool }, .rotate = rotate };
    vdb_status status = pool_open_patient(pool, &w.connection, error), first = status;
    for (size_t i = 0; status != VDB_UNREACHABLE && i < count; i++) {
        vdb_error reason = { 0 };
        status = work_on(&w, domains[i], &reason);
        *done += status == VDB_OK;
        *sealed += status == VDB_OK ? w.sealed : 0;
        if (status != VDB_OK && first == VDB_OK && error != NULL)
            *error = reason;
        first = first == VDB_OK ? status : first;
    }
    connection_close(w.connection);
    return first;
}

/* Those of a result's first column for which `wanted` says so, each once. `rows` are sorted by it. */
static const char **pick_domains(arena *a, const PGresult *rows, bool (*wanted)(const PGresult *rows, int row),
                                 size_t *count)
{
    const char **domains = arena_array(a, (size_t)PQntuples(rows) + 1, sizeof *domains);
    *count = 0;
    for (int row = 0; domains != NULL && row < PQntuples(rows); row++) {
        const char *domain = PQgetvalue(rows, row, DOMAIN);
        if ((*count == 0 || strcmp(domains[*count - 1], domain) != 0) && wanted(rows, row))
            domains[(*count)++] = domain;
    }
    return domains;
}

static bool has_plain(const PGresult *rows, int row)
{
    int64_t sealed, plain = 0;
    return !PQgetisnull(rows, row, CONFIG) &&
           config_count(PQgetvalue(rows, row, CONFIG), &sealed, &plain, NULL) == VDB_OK && plain > 0;
}

static bool is_any(const PGresult *rows, int row)
{
    (void)rows;
    (void)row;
    return true;
}

static vdb_status run(vdb_pool *pool, bool rotate, int64_t *done, int64_t *sealed, vdb_error *error)
{
    PGresult *rows = NULL;
    vdb_status status = unscoped_sees_all(pool, QUERY_KEY_SEES_ALL, error);
    if (status == VDB_OK)
        status = rotate ? unscoped_run(pool, QUERY_KEY_TENANTS, NULL, &rows, error)
                        : unscoped_run(pool, QUERY_KEY_SURVEY, (const param[]){ P(NULL) }, &rows, error);
    if (status != VDB_OK)
        return status;
    size_t count = 0;
    arena *a = arena_new();
    const char **domains = a == NULL ? NULL : pick_domains(a, rows, rotate ? is_any : has_plain, &count);
    if (domains == NULL)
        status = error_memory(error);
    else if (count > 0)
        status = keyring_load(pool_keyring(pool), error);
    if (status == VDB_OK && count > 0)
        status = work(pool, domains, count, rotate, done, sealed, error);
    PQclear(rows);
    arena_free(a);
    return status;
}

vdb_status vdb_key_seal(vdb_pool *pool, int64_t *sealed, vdb_error *error)
{
    int64_t tenants = 0, values = 0;
    error_clear(error);
    vdb_status status = run(pool, false, &tenants, &values, error);
    if (sealed != NULL)
        *sealed = values;
    return status;
}

vdb_status vdb_key_rotate(vdb_pool *pool, int64_t *tenants, vdb_error *error)
{
    int64_t done = 0, values = 0;
    error_clear(error);
    vdb_status status = run(pool, true, &done, &values, error);
    if (tenants != NULL)
        *tenants = done;
    return status;
}
