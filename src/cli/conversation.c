#include "base/json.h"
#include "cli/output.h"
#include "cli/values.h"
#include "cli/words.h"
#include "store/records.h"

#include <math.h>
#include <stdlib.h>

static const char message_columns[] = "turn_number role created_at content";

vdb_status run_conversation_start(cli_call *call, vdb_error *error)
{
    const conversation_values *v = call->values;
    char uuid[37];
    vdb_status status = vdb_conversation_start(call->tenant, &v->start, uuid, error);
    if (status == VDB_OK)
        output_uuid(call, "conversation_uuid", uuid);
    return status;
}

/* The conversation that is named by itself or by its call. */
static vdb_status find(const cli_call *call, const vdb_conversation **row, vdb_error *error)
{
    const conversation_values *v = call->values;
    return vdb_conversation_get(call->tenant, v->call != NULL ? v->call : v->conversation, row, error);
}

static void print_turn(const cli_call *call, const char *uuid, int64_t turn)
{
    if (!call->json) {
        printf("%lld\n", (long long)turn);
        return;
    }
    json_writer w = json_writer_on(stdout);
    json_open(&w, NULL, '{');
    json_text(&w, "conversation_uuid", uuid);
    json_integer_member(&w, "turn_number", turn);
    json_close(&w, '}');
}

/* False: it is none, or memory ran out. */
static bool read_hit(arena *a, const json_t *hit, const char **chunk, double *similarity)
{
    *chunk = arena_copy_string(a, json_string_value(json_object_get(hit, "chunk_uuid")));
    const json_t *number = json_object_get(hit, "similarity");
    *similarity = json_is_number(number) ? json_number_value(number) : NAN;
    return *chunk != NULL;
}

/* A passage that was found by its words alone may have no similarity; then none is told. False: it is not what
 * `search --json` prints, or memory ran out. */
static bool read_search(arena *a, const json_t *found, vdb_message *message)
{
    const json_t *took = json_object_get(found, "took_ms"), *hits = json_object_get(found, "results"), *hit;
    size_t i, count = json_array_size(hits);
    const char **chunks = arena_array(a, count + 1, sizeof *chunks);
    double *similarities = arena_array(a, count + 1, sizeof *similarities);
    if (!json_is_array(hits) || !json_is_object(took) || chunks == NULL || similarities == NULL)
        return false;
    message->rag_chunk_uuids = chunks;
    message->rag_similarities = similarities;
    json_array_foreach(hits, i, hit)
    {
        if (!read_hit(a, hit, &chunks[i], &similarities[i]))
            return false;
        if (isnan(similarities[i]))
            message->rag_similarities = NULL;
    }
    if (message->rag_latency_ms == 0)
        message->rag_latency_ms = lround(json_number_value(json_object_get(took, "embed")) +
                                         json_number_value(json_object_get(took, "search")));
    return true;
}

static vdb_status take_search(cli_call *call, const char *text, vdb_message *message, vdb_error *error)
{
    if (text == NULL)
        return VDB_OK;
    json_t *found = json_parse_object(text, "search", error);
    if (found == NULL)
        return VDB_BAD_INPUT;
    bool good = read_search(call->memory, found, message);
    json_decref(found);
    return good ? VDB_OK
                : error_set(error, VDB_BAD_INPUT,
                            "Give what `voicedb --json search` printed, as @FILE or - for standard input.",
                            "this is not the answer of a search");
}

vdb_status run_conversation_say(cli_call *call, vdb_error *error)
{
    const conversation_values *v = call->values;
    vdb_message message = v->said;
    message.turn_number = or_zero(v->turn);
    message.role = v->role;
    message.content = words_join(call->memory, v->text);
    message.audio_duration_ms = or_zero(v->audio_ms);
    message.stt_latency_ms = or_zero(v->stt_ms);
    message.rag_latency_ms = or_zero(v->rag_ms);
    message.llm_latency_ms = or_zero(v->llm_ms);
    message.tts_latency_ms = or_zero(v->tts_ms);
    message.tokens_used = or_zero(v->tokens);
    message.intent_confidence = v->confidence == NULL ? 0 : *v->confidence;
    if (message.content == NULL)
        return error_memory(error);
    vdb_status status = take_search(call, v->search, &message, error);
    if (status != VDB_OK)
        return status;
    const vdb_conversation *row;
    status = find(call, &row, error);
    if (status != VDB_OK)
        return status;
    int64_t turn;
    status = vdb_conversation_say(call->tenant, row->conversation_uuid, &message, &turn, error);
    if (status == VDB_OK)
        print_turn(call, row->conversation_uuid, turn);
    vdb_rows_free(row);
    return status;
}

vdb_status run_conversation_end(cli_call *call, vdb_error *error)
{
    const conversation_values *v = call->values;
    const vdb_conversation *row;
    vdb_status status = find(call, &row, error);
    if (status != VDB_OK)
        return status;
    status = vdb_conversation_end(call->tenant, row->conversation_uuid, &v->end, error);
    if (status == VDB_OK)
        output_uuid(call, "conversation_uuid", row->conversation_uuid);
    vdb_rows_free(row);
    return status;
}

vdb_status run_conversation_list(cli_call *call, vdb_error *error)
{
    const conversation_values *v = call->values;
    const vdb_conversation *rows;
    size_t count;
    vdb_status status = vdb_conversation_list(call->tenant, v->caller, (int)or_zero(v->limit), &rows, &count, error);
    if (status != VDB_OK)
        return status;
    output_rows(call, &conversation_record, rows, count,
                "started_at ended_at caller_id caller_name secretary_name final_action messages conversation_uuid");
    vdb_rows_free(rows);
    return VDB_OK;
}

static void print_conversation(const cli_call *call, const vdb_conversation *row, const vdb_message *messages,
                               size_t count)
{
    if (!call->json) {
        output_pairs(call, &conversation_record, row);
        putchar('\n');
        output_table(call, &message_record, messages, count, message_columns);
        return;
    }
    json_writer w = json_writer_on(stdout);
    json_open(&w, NULL, '{');
    output_members(&w, &conversation_record, row);
    output_array(&w, "transcript", &message_record, messages, count);
    json_close(&w, '}');
}

/* {"llm_ms": 410, "intent": "hours"} as "llm_ms 410, intent hours". */
static const char *details_text(arena *memory, const char *details)
{
    json_t *object = json_loads(details, 0, NULL), *value;
    const char *key, *text = "";
    json_object_foreach(object, key, value)
    {
        char *number = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(4));
        const char *known = json_is_string(value) ? json_string_value(value) : number;
        if (text != NULL && known != NULL)
            text = arena_printf(memory, "%s%s%s %s", text, *text == '\0' ? "" : ", ", key, known);
        free(number);
    }
    json_decref(object);
    return text;
}

static vdb_status show_trace(cli_call *call, const char *conversation, vdb_error *error)
{
    const vdb_trace_event *rows;
    size_t count;
    vdb_status status = vdb_conversation_trace(call->tenant, conversation, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    vdb_trace_event *shown = arena_array(call->memory, count, sizeof *shown);
    for (size_t i = 0; shown != NULL && i < count; i++) {
        shown[i] = rows[i];
        if (!call->json)
            shown[i].details = details_text(call->memory, rows[i].details);
    }
    if (shown != NULL)
        output_rows(call, &trace_event_record, shown, count, "elapsed_ms turn_number event content details");
    vdb_rows_free(rows);
    return shown == NULL ? error_memory(error) : VDB_OK;
}

vdb_status run_conversation_show(cli_call *call, vdb_error *error)
{
    const conversation_values *v = call->values;
    if (v->trace != NULL)
        return show_trace(call, v->conversation, error);
    const vdb_conversation *row;
    vdb_status status = find(call, &row, error);
    if (status != VDB_OK)
        return status;
    const vdb_message *messages;
    size_t count;
    status = vdb_message_list(call->tenant, row->conversation_uuid, &messages, &count, error);
    if (status == VDB_OK) {
        print_conversation(call, row, messages, count);
        vdb_rows_free(messages);
    }
    vdb_rows_free(row);
    return status;
}
