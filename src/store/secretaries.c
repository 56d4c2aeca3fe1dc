#include "base/text.h"
#include "store/secrets.h"

#include <math.h>
#include <string.h>

static const char kind[] = "secretary";

static vdb_status check_input(const vdb_secretary_input *input, vdb_error *error)
{
    const double *threshold = input->rag_similarity_threshold;
    if (threshold != NULL && !(*threshold >= 0 && *threshold <= 1))
        return error_set(error, VDB_USAGE, "Give a number from 0 to 1.", "the similarity threshold is out of range");
    if (input->max_conversation_turns != NULL && *input->max_conversation_turns < 1)
        return error_set(error, VDB_USAGE, "Give a number from 1 on.",
                         "the number of conversation turns is out of range");
    const char *const providers[] = { input->stt_provider_uuid, input->tts_provider_uuid, input->llm_provider_uuid,
                                      input->embeddings_provider_uuid };
    for (size_t i = 0; i < sizeof providers / sizeof providers[0]; i++) {
        if (providers[i] != NULL && providers[i][0] != '\0' && !text_is_uuid(providers[i]))
            return check_uuid(providers[i], "provider", error);
    }
    return VDB_OK;
}

/* What the keys of the table mean for a secretary. */
static vdb_status explain(vdb_status status, const vdb_secretary_input *input, vdb_error *error)
{
    if (status != VDB_CONFLICT || error == NULL)
        return status;
    if (strcmp(error->sqlstate, "23503") == 0)
        return error_set(error, VDB_NOT_FOUND, "Run `voicedb provider list` to see what there is.",
                         "one of the providers does not exist in this tenant");
    return error_set(error, VDB_CONFLICT, "Choose another extension.", "extension \"%s\" belongs to another secretary",
                     input->extension == NULL ? "" : input->extension);
}

vdb_status vdb_secretary_add(vdb_tenant *tenant, const vdb_secretary_input *input, char uuid[37], vdb_error *error)
{
    vdb_status status = check_required(input->name, "name", error);
    if (status == VDB_OK)
        status = check_input(input, error);
    if (status != VDB_OK)
        return status;
    number threshold, turns;
    const request r =
        REQUEST(SECRETARY_ADD, P(input->name), P(input->description), P(input->extension), p_bool(input->enabled),
                P(input->stt_provider_uuid), P(input->tts_provider_uuid), P(input->llm_provider_uuid),
                P(input->embeddings_provider_uuid), P(input->system_prompt), P(input->greeting_message),
                P(input->goodbye_message), P(input->voice_name), P(input->language), p_bool(input->rag_enabled),
                p_real(input->rag_similarity_threshold, &threshold), p_int(input->max_conversation_turns, &turns),
                P(input->webhook_url), p_bool(input->webhook_enabled));
    vdb_error local = { 0 };
    error = error == NULL ? &local : error;
    return explain(tenant_uuid(tenant, &r, 1, (subject){ .kind = kind, .name = input->name }, uuid, error), input,
                   error);
}

vdb_status vdb_secretary_list(vdb_tenant *tenant, const vdb_secretary **rows, size_t *count, vdb_error *error)
{
    return tenant_rows(tenant, (request){ .id = QUERY_SECRETARY_LIST }, &secretary_record, (const void **)rows, count,
                       error);
}

vdb_status secretary_resolve(vdb_tenant *t, const char *secretary, char room[37], const char **uuid, vdb_error *error)
{
    *uuid = NULL;
    if (secretary == NULL || secretary[0] == '\0')
        return VDB_OK;
    PGresult *result;
    const request r = REQUEST(SECRETARY_FIND, P(secretary));
    vdb_status status = tenant_run(t, &r, 1, &result, error);
    if (status != VDB_OK)
        return status;
    if (PQntuples(result) == 0) {
        status = error_set(error, VDB_NOT_FOUND, "Run `voicedb secretary list` to see what there is.",
                           "no secretary \"%s\" in this tenant", secretary);
    } else if (PQntuples(result) > 1) {
        status = error_set(error, VDB_CONFLICT, "Name it by its UUID or its extension.",
                           "%d secretaries are named \"%s\" in this tenant", PQntuples(result), secretary);
    } else {
        snprintf(room, 37, "%s", PQgetvalue(result, 0, 0));
        *uuid = room;
    }
    PQclear(result);
    return status;
}

vdb_status secretary_find(vdb_tenant *tenant, const char *secretary, const vdb_secretary **row, vdb_error *error)
{
    char room[37];
    const char *uuid = secretary;
    vdb_status status = check_required(secretary, "secretary", error);
    if (status == VDB_OK && !text_is_uuid(secretary))
        status = secretary_resolve(tenant, secretary, room, &uuid, error);
    if (status != VDB_OK)
        return status;
    return tenant_row(tenant, REQUEST(SECRETARY_GET, P(uuid)), &secretary_row_record,
                      (subject){ .kind = kind, .name = secretary }, (const void **)row, error);
}

static vdb_status open_configs(vdb_tenant *t, secretary_row *r, vdb_error *error)
{
    vdb_secretary *s = &r->secretary;
    const struct {
        const char *uuid;
        const char **config;
    } stages[] = {
        { s->stt_provider_uuid, &s->stt_config },
        { s->tts_provider_uuid, &s->tts_config },
        { s->llm_provider_uuid, &s->llm_config },
        { s->embeddings_provider_uuid, &s->embeddings_config },
    };
    vdb_status status = VDB_OK;
    for (size_t i = 0; status == VDB_OK && i < sizeof stages / sizeof stages[0]; i++)
        status = secrets_open_config(t, rows_memory(r), stages[i].uuid, r->data_key, stages[i].config, error);
    return status;
}

vdb_status vdb_secretary_get(vdb_tenant *tenant, const char *secretary, const vdb_secretary **row, vdb_error *error)
{
    const vdb_secretary *found;
    vdb_status status = secretary_find(tenant, secretary, &found, error);
    if (status != VDB_OK)
        return status;
    status = open_configs(tenant, (secretary_row *)(uintptr_t)found, error);
    if (status == VDB_OK)
        *row = found;
    else
        vdb_rows_free(found);
    return status;
}

vdb_status vdb_secretary_update(vdb_tenant *tenant, const char *voice_secretary_uuid, const vdb_secretary_input *input,
                                vdb_error *error)
{
    vdb_status status = check_uuid(voice_secretary_uuid, kind, error);
    if (status == VDB_OK && input->name != NULL)
        status = check_required(input->name, "name", error);
    if (status == VDB_OK)
        status = check_input(input, error);
    if (status != VDB_OK)
        return status;
    number threshold, turns;
    const request r =
        REQUEST(SECRETARY_UPDATE, P(input->name), P(input->description), P(input->extension), p_bool(input->enabled),
                P(input->stt_provider_uuid), P(input->tts_provider_uuid), P(input->llm_provider_uuid),
                P(input->embeddings_provider_uuid), P(input->system_prompt), P(input->greeting_message),
                P(input->goodbye_message), P(input->voice_name), P(input->language), p_bool(input->rag_enabled),
                p_real(input->rag_similarity_threshold, &threshold), p_int(input->max_conversation_turns, &turns),
                P(input->webhook_url), p_bool(input->webhook_enabled), P(voice_secretary_uuid));
    vdb_error local = { 0 };
    error = error == NULL ? &local : error;
    return explain(tenant_uuid(tenant, &r, 1, (subject){ .kind = kind, .name = voice_secretary_uuid }, NULL, error),
                   input, error);
}

vdb_status vdb_secretary_remove(vdb_tenant *tenant, const char *voice_secretary_uuid, vdb_error *error)
{
    vdb_status status = check_uuid(voice_secretary_uuid, kind, error);
    if (status != VDB_OK)
        return status;
    const request r = REQUEST(SECRETARY_REMOVE, P(voice_secretary_uuid));
    status = tenant_uuid(tenant, &r, 1, (subject){ .kind = kind, .name = voice_secretary_uuid }, NULL, error);
    if (status == VDB_CONFLICT)
        return error_set(error, VDB_CONFLICT, "Remove its documents first (`voicedb document list`).",
                         "this secretary has documents of its own");
    return status;
}
