/* What a call begins with, in one round trip: kept at hand while the database says that it is still the same. */
#include "store/call_context.h"

#include "base/text.h"
#include "store/at_hand.h"
#include "store/secrets.h"

#include <sodium.h>
#include <string.h>

static const char *const types[VDB_CALL_PROVIDERS] = { "stt", "tts", "llm", "embeddings" };

/* Where the columns stand that belong to no struct: behind the kind and the secretary. */
#define DATA_KEY_COLUMN ((int)secretary_record.count + 1)
#define VERSION_COLUMN ((int)secretary_record.count + 2)
#define TELLS_ALL_COLUMN ((int)secretary_record.count + 3)
#define MODEL_COLUMN ((int)secretary_record.count + 4)

/* A context, and what tells whether it is still right. */
typedef struct dated_context {
    vdb_call_context context; /* first: the caller has no more */
    const char *version;
    bool version_tells_all; /* false: something in it may change and the version not */
} dated_context;

/* One call's rows on their way into a context. */
typedef struct loading {
    vdb_tenant *tenant;
    const PGresult *result;
    arena *memory;
    dated_context *dated;
    vdb_call_context *context;
    vdb_secretary *secretary;
    vdb_provider *providers; /* the secretary's own and the tenant's defaults */
    size_t provider_count;
} loading;

static bool is_kind(const loading *l, int row, const char *kind)
{
    return strcmp(PQgetvalue(l->result, row, 0), kind) == 0;
}

/* The rows of a kind as an array of its struct. NULL: `error` is set. */
static void *take(const loading *l, const char *kind, const record *shape, size_t *count, vdb_error *error)
{
    *count = 0;
    for (int row = 0; row < PQntuples(l->result); row++)
        *count += is_kind(l, row, kind);
    char *items = arena_array(l->memory, *count + 1, shape->size), *item = items;
    if (items == NULL) {
        error_memory(error);
        return NULL;
    }
    for (int row = 0; row < PQntuples(l->result); row++) {
        if (!is_kind(l, row, kind))
            continue;
        if (record_decode_at(l->memory, shape, l->result, row, 1, item, error) != VDB_OK)
            return NULL;
        item += shape->size;
    }
    return items;
}

/* A column of the secretary's row. */
static const char *take_text(const loading *l, int column)
{
    return PQgetisnull(l->result, 0, column) ? NULL : arena_copy_string(l->memory, PQgetvalue(l->result, 0, column));
}

static vdb_status take_rows(loading *l, vdb_error *error)
{
    size_t secretaries;
    if (PQnfields(l->result) != MODEL_COLUMN + 1)
        return error_set(error, VDB_DEFECT, "Report this: a query and its struct have drifted apart.",
                         "a query returned other columns than its record has");
    l->secretary = take(l, "secretary", &secretary_record, &secretaries, error);
    if (l->secretary != NULL)
        l->providers = take(l, "provider", &provider_record, &l->provider_count, error);
    if (l->providers != NULL)
        l->context->rules = take(l, "rule", &transfer_rule_record, &l->context->rule_count, error);
    l->context->secretary = l->secretary;
    if (l->context->rules == NULL)
        return VDB_DEFECT;
    l->dated->version = take_text(l, VERSION_COLUMN);
    l->dated->version_tells_all = PQgetvalue(l->result, 0, TELLS_ALL_COLUMN)[0] == 't';
    l->context->embedding_model = take_text(l, MODEL_COLUMN);
    bool whole =
        l->dated->version != NULL && (l->context->embedding_model != NULL || PQgetisnull(l->result, 0, MODEL_COLUMN));
    return whole ? VDB_OK : error_memory(error);
}

/* ---- providers --------------------------------------------------------------------------------------------------- */

static const vdb_provider *by_uuid(const loading *l, const char *uuid)
{
    for (size_t i = 0; uuid != NULL && i < l->provider_count; i++) {
        if (strcmp(l->providers[i].provider_uuid, uuid) == 0)
            return &l->providers[i];
    }
    return NULL;
}

static const vdb_provider *default_of(const loading *l, const char *type)
{
    for (size_t i = 0; i < l->provider_count; i++) {
        const vdb_provider *p = &l->providers[i];
        if (p->is_default && p->enabled && strcmp(p->provider_type, type) == 0)
            return p;
    }
    return NULL;
}

/* The secretary's own provider, if it may be used, else the tenant's default. */
static void choose(const loading *l, size_t stage)
{
    vdb_secretary *s = l->secretary;
    const char *const own_uuids[VDB_CALL_PROVIDERS] = { s->stt_provider_uuid, s->tts_provider_uuid,
                                                        s->llm_provider_uuid, s->embeddings_provider_uuid };
    const char **const names[VDB_CALL_PROVIDERS] = { &s->stt_provider, &s->tts_provider, &s->llm_provider,
                                                     &s->embeddings_provider };
    vdb_call_provider *p = &l->context->providers[stage];
    const vdb_provider *own = by_uuid(l, own_uuids[stage]);
    const vdb_provider *chosen = own != NULL && own->enabled ? own : default_of(l, types[stage]);
    *names[stage] = own == NULL ? NULL : own->provider_name;
    p->provider_type = types[stage];
    if (own == NULL || !own->enabled)
        p->fallback = own == NULL ? "missing" : "disabled";
    if (chosen != NULL) {
        p->provider_uuid = chosen->provider_uuid;
        p->provider_name = chosen->provider_name;
        p->display_name = chosen->display_name;
        p->config = chosen->config;
    }
}

static bool has_sealed(const vdb_call_context *c)
{
    bool sealed = false;
    for (size_t i = 0; i < VDB_CALL_PROVIDERS; i++)
        sealed = sealed || (c->providers[i].config != NULL && config_has_sealed(c->providers[i].config));
    return sealed;
}

/* The data key is opened once for all four. */
static vdb_status open_configs(const loading *l, vdb_error *error)
{
    data_key key;
    if (!has_sealed(l->context))
        return VDB_OK;
    arena *private = arena_new_private();
    if (private == NULL)
        return error_memory(error);
    arena_adopt(l->memory, private);
    vdb_status status = secrets_open_key(l->tenant, PQgetvalue(l->result, 0, DATA_KEY_COLUMN), &key, error);
    for (size_t i = 0; status == VDB_OK && i < VDB_CALL_PROVIDERS; i++) {
        vdb_call_provider *p = &l->context->providers[i];
        if (p->config != NULL)
            status = secrets_open_with(l->tenant, private, p->provider_uuid, &key, &p->config, error);
    }
    sodium_memzero(&key, sizeof key);
    return status;
}

/* ---- loading ---------------------------------------------------------------------------------------------------- */

static vdb_status load(loading *l, bool open, vdb_error *error)
{
    vdb_status status = take_rows(l, error);
    for (size_t i = 0; status == VDB_OK && i < VDB_CALL_PROVIDERS; i++)
        choose(l, i);
    return status == VDB_OK && open ? open_configs(l, error) : status;
}

static vdb_status from_result(vdb_tenant *t, const PGresult *result, bool open, const vdb_call_context **context,
                              vdb_error *error)
{
    loading l = { .tenant = t, .result = result };
    l.dated = rows_allocate(sizeof *l.dated, 1, &l.memory);
    if (l.dated == NULL)
        return error_memory(error);
    l.context = &l.dated->context;
    vdb_status status = load(&l, open, error);
    if (status == VDB_OK)
        *context = l.context;
    else
        vdb_rows_free(l.context);
    return status;
}

vdb_status call_context_load(vdb_tenant *t, const char *secretary, bool open, const vdb_call_context **context,
                             vdb_error *error)
{
    vdb_status status = check_required(secretary, "secretary", error);
    if (status != VDB_OK)
        return status;
    bool uuid = text_is_uuid(secretary);
    PGresult *result;
    const request r = REQUEST(CALL_CONTEXT, P(uuid ? secretary : NULL), P(uuid ? NULL : secretary));
    status = tenant_run(t, &r, 1, &result, error);
    if (status != VDB_OK)
        return status;
    if (PQntuples(result) == 0)
        status = error_set(error, VDB_NOT_FOUND, "Run `voicedb secretary list` to see what there is.",
                           "no secretary \"%s\" in this tenant", secretary);
    else
        status = from_result(t, result, open, context, error);
    PQclear(result);
    return status;
}

/* ---- the call ---------------------------------------------------------------------------------------------------- */

/* Whether it is still what is stored. */
static vdb_status check_version(vdb_tenant *t, const vdb_call_context *context, bool *current, vdb_error *error)
{
    PGresult *result;
    const request r = { .id = QUERY_CALL_VERSION };
    vdb_status status = tenant_run(t, &r, 1, &result, error);
    if (status != VDB_OK)
        return status;
    *current = at_hand_is_current(((const dated_context *)context)->version, result, NULL, 0);
    PQclear(result);
    return VDB_OK;
}

/* `*context` NULL: none is at hand. */
static vdb_status find_at_hand(vdb_tenant *t, kept *at_hand, const char *key, const vdb_call_context **context,
                               vdb_error *error)
{
    bool current = false;
    *context = kept_find(at_hand, key);
    vdb_status status = *context == NULL ? VDB_OK : check_version(t, *context, &current, error);
    if (*context == NULL || current)
        return status;
    /* What is out of date may hold secrets. */
    if (status == VDB_OK)
        kept_remove(at_hand, key);
    vdb_rows_free(*context);
    *context = NULL;
    return status;
}

static vdb_status load_enabled(vdb_tenant *t, const char *secretary, const vdb_call_context **context, vdb_error *error)
{
    const vdb_call_context *loaded;
    vdb_status status = call_context_load(t, secretary, true, &loaded, error);
    if (status != VDB_OK)
        return status;
    if (loaded->secretary->enabled) {
        *context = loaded;
        return VDB_OK;
    }
    status =
        error_set(error, VDB_CONFLICT, "Let another secretary answer, or run `voicedb secretary update --enabled on`.",
                  "the secretary \"%s\" is disabled", loaded->secretary->name);
    vdb_rows_free(loaded);
    return status;
}

vdb_status vdb_call_context_get(vdb_tenant *tenant, const char *secretary, const vdb_call_context **context,
                                vdb_error *error)
{
    char key[AT_HAND_KEY_ROOM];
    const vdb_call_context *found = NULL;
    error_clear(error);
    vdb_status status = check_required(secretary, "secretary", error);
    if (status != VDB_OK)
        return status;
    kept *at_hand = at_hand_key(key, tenant, secretary) ? at_hand_contexts(tenant->pool) : NULL;
    if (at_hand != NULL)
        status = find_at_hand(tenant, at_hand, key, &found, error);
    if (status == VDB_OK && found == NULL) {
        status = load_enabled(tenant, secretary, &found, error);
        if (status == VDB_OK && at_hand != NULL && ((const dated_context *)found)->version_tells_all)
            kept_put(at_hand, key, found, 1);
    }
    if (status == VDB_OK)
        *context = found;
    return status;
}
