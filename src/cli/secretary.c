#include "cli/output.h"
#include "cli/values.h"
#include "store/call_context.h"
#include "store/records.h"
#include "store/secrets.h"

#include <string.h>

/* The UUID of a provider that is named on the command line; an empty name stays empty, which takes the provider away.
 */
static vdb_status provider_uuid(const cli_call *call, const char *type, const char *provider, const char **uuid,
                                vdb_error *error)
{
    *uuid = provider;
    if (provider == NULL || *provider == '\0')
        return VDB_OK;
    const vdb_provider *row;
    vdb_status status = provider_find(call->tenant, type, provider, &row, error);
    if (status != VDB_OK)
        return status;
    *uuid = arena_copy_string(call->memory, row->provider_uuid);
    vdb_rows_free(row);
    return *uuid == NULL ? error_memory(error) : VDB_OK;
}

static vdb_status find_providers(const cli_call *call, vdb_error *error)
{
    secretary_values *v = call->values;
    const struct {
        const char *type;
        const char *provider;
        const char **uuid;
    } stages[] = {
        { "stt", v->stt, &v->input.stt_provider_uuid },
        { "tts", v->tts, &v->input.tts_provider_uuid },
        { "llm", v->llm, &v->input.llm_provider_uuid },
        { "embeddings", v->embeddings, &v->input.embeddings_provider_uuid },
    };
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        vdb_status status = provider_uuid(call, stages[i].type, stages[i].provider, stages[i].uuid, error);
        if (status != VDB_OK)
            return status;
    }
    return VDB_OK;
}

vdb_status run_secretary_add(cli_call *call, vdb_error *error)
{
    const secretary_values *v = call->values;
    char uuid[37];
    vdb_status status = find_providers(call, error);
    if (status == VDB_OK)
        status = vdb_secretary_add(call->tenant, &v->input, uuid, error);
    if (status == VDB_OK)
        output_uuid(call, "voice_secretary_uuid", uuid);
    return status;
}

vdb_status run_secretary_list(cli_call *call, vdb_error *error)
{
    const vdb_secretary *rows;
    size_t count;
    vdb_status status = vdb_secretary_list(call->tenant, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    output_rows(call, &secretary_record, rows, count,
                "name extension enabled language rag_enabled rag_similarity_threshold embeddings_provider "
                "voice_secretary_uuid");
    vdb_rows_free(rows);
    return VDB_OK;
}

#define TYPE vdb_call_provider
#define F(kind, member)                                                                                                \
    {                                                                                                                  \
#member, FIELD_##kind, offsetof(TYPE, member)                                                                  \
    }
static const field provider_fields[] = {
    F(TEXT, provider_type), F(TEXT, provider_uuid), F(TEXT, provider_name),
    F(TEXT, display_name),  F(JSON, config),        F(TEXT, fallback),
};
#undef F
#undef TYPE
static const record call_provider_record = { sizeof(vdb_call_provider),
                                             sizeof provider_fields / sizeof provider_fields[0], provider_fields };

/* A secretary's own fields: its providers stand behind it. */
static bool without_configs(arena *a, record *shape)
{
    field *fields = arena_array(a, secretary_record.count, sizeof *fields);
    *shape = (record){ secretary_record.size, 0, fields };
    for (size_t i = 0; fields != NULL && i < secretary_record.count; i++) {
        if (secretary_record.fields[i].type != FIELD_JSON)
            fields[shape->count++] = secretary_record.fields[i];
    }
    return fields != NULL;
}

static void print_context_json(const record *shape, const vdb_call_context *c)
{
    json_writer w = json_writer_on(stdout);
    json_open(&w, NULL, '{');
    output_members(&w, shape, c->secretary);
    json_text(&w, "embedding_model", c->embedding_model);
    output_array(&w, "providers", &call_provider_record, c->providers, VDB_CALL_PROVIDERS);
    output_array(&w, "rules", &transfer_rule_record, c->rules, c->rule_count);
    json_close(&w, '}');
}

static void print_context(const cli_call *call, const record *shape, const vdb_call_context *c)
{
    output_pairs(call, shape, c->secretary);
    putchar('\n');
    output_table(call, &call_provider_record, c->providers, VDB_CALL_PROVIDERS,
                 "provider_type provider_name fallback config");
    if (c->embedding_model != NULL)
        printf("\nIts documents were embedded by %s.\n", c->embedding_model);
    if (c->rule_count == 0)
        return;
    putchar('\n');
    output_table(call, &transfer_rule_record, c->rules, c->rule_count,
                 "priority department_name destination_type transfer_extension intent_keywords intent_patterns");
}

/* What a call with it begins with; without opening secrets, so that it takes no key. */
vdb_status run_secretary_show(cli_call *call, vdb_error *error)
{
    const secretary_values *v = call->values;
    record shape;
    const vdb_call_context *c;
    char room[37];
    const char *uuid;
    vdb_status status = secretary_resolve(call->tenant, v->secretary, room, &uuid, error);
    if (status == VDB_OK && !without_configs(call->memory, &shape))
        status = error_memory(error);
    if (status == VDB_OK)
        status = call_context_load(call->tenant, uuid, false, &c, error);
    if (status != VDB_OK)
        return status;
    if (call->json)
        print_context_json(&shape, c);
    else
        print_context(call, &shape, c);
    vdb_rows_free(c);
    return VDB_OK;
}

static vdb_status find(const cli_call *call, char uuid[37], vdb_error *error)
{
    const secretary_values *v = call->values;
    const vdb_secretary *row;
    vdb_status status = secretary_find(call->tenant, v->secretary, &row, error);
    if (status != VDB_OK)
        return status;
    memcpy(uuid, row->voice_secretary_uuid, 37);
    vdb_rows_free(row);
    return VDB_OK;
}

vdb_status run_secretary_update(cli_call *call, vdb_error *error)
{
    static const vdb_secretary_input nothing = { 0 };
    const secretary_values *v = call->values;
    char uuid[37];
    vdb_status status = find_providers(call, error);
    if (status == VDB_OK && memcmp(&v->input, &nothing, sizeof nothing) == 0)
        status = error_set(error, VDB_USAGE, "Run `voicedb secretary update --help` for what can be changed.",
                           "nothing is given to change");
    if (status == VDB_OK)
        status = find(call, uuid, error);
    if (status == VDB_OK)
        status = vdb_secretary_update(call->tenant, uuid, &v->input, error);
    if (status == VDB_OK)
        output_uuid(call, "voice_secretary_uuid", uuid);
    return status;
}

vdb_status run_secretary_remove(cli_call *call, vdb_error *error)
{
    char uuid[37];
    vdb_status status = find(call, uuid, error);
    if (status == VDB_OK)
        status = vdb_secretary_remove(call->tenant, uuid, error);
    if (status == VDB_OK)
        output_uuid(call, "voice_secretary_uuid", uuid);
    return status;
}
