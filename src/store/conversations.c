#include "store/conversations.h"
#include "base/buffer.h"
#include "base/json.h"
#include "base/text.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_LIMIT = 50, LARGEST_LIMIT = 10000, LARGEST_ARRAY = 1 << 20, MOST_TRIES = 100 };

static const char kind[] = "conversation";

uuid conversation_of_call(const uuid *domain, const uuid *call)
{
    static const uint8_t key[] = "voicedb: the conversation of a call";
    uint8_t bytes[32], hash[16];
    memcpy(bytes, domain->bytes, 16);
    memcpy(bytes + 16, call->bytes, 16);
    crypto_generichash(hash, sizeof hash, bytes, sizeof bytes, key, sizeof key - 1);
    return uuid_from_hash(hash);
}

/* There is one of this call: it is taken up, if it goes on. */
static vdb_status take_up(vdb_tenant *tenant, const char *call_uuid, char conversation_uuid[37], vdb_error *error)
{
    const vdb_conversation *there;
    if (vdb_conversation_get(tenant, call_uuid, &there, NULL) != VDB_OK)
        return error_set(error, VDB_CONFLICT, "Try again.", "a conversation of call %s came and went", call_uuid);
    vdb_status status = VDB_OK;
    if (there->ended_at == NULL) {
        snprintf(conversation_uuid, 37, "%s", there->conversation_uuid);
    } else {
        status = error_set(error, VDB_CONFLICT, "Start one of another call, or of none.",
                           "the conversation of call %s has ended", call_uuid);
        error_detail(error, "conversation %s, started %s, ended %s", there->conversation_uuid, there->started_at,
                     there->ended_at);
    }
    vdb_rows_free(there);
    return status;
}

vdb_status conversation_check_start(const vdb_conversation_start_input *input, vdb_error *error)
{
    if (input->call_uuid != NULL && !text_is_uuid(input->call_uuid))
        return check_uuid(input->call_uuid, "call", error);
    if (input->metadata == NULL)
        return VDB_OK;
    json_t *metadata = json_parse_object(input->metadata, "metadata", error);
    if (metadata == NULL)
        return VDB_BAD_INPUT;
    json_decref(metadata);
    return VDB_OK;
}

vdb_status vdb_conversation_start(vdb_tenant *tenant, const vdb_conversation_start_input *input,
                                  char conversation_uuid[37], vdb_error *error)
{
    char room[37];
    vdb_error local = { 0 };
    error = error == NULL ? &local : error;
    const char *secretary = input->secretary;
    vdb_status status = conversation_check_start(input, error);
    /* A UUID needs no look-up: the foreign key refuses one that is not the tenant's. */
    if (status == VDB_OK && (secretary == NULL || !text_is_uuid(secretary)))
        status = secretary_resolve(tenant, input->secretary, room, &secretary, error);
    if (status != VDB_OK)
        return status;
    char own[37];
    uuid domain, call;
    bool named = uuid_parse(tenant->uuid, &domain) && uuid_parse(input->call_uuid, &call);
    uuid conversation = named ? conversation_of_call(&domain, &call) : (uuid){ 0 };
    uuid_format(&conversation, own);
    const request r = REQUEST(CONVERSATION_START, P(named ? own : NULL), P(secretary), P(input->call_uuid),
                              P(input->caller_id), P(input->caller_name), P(input->metadata));
    status = tenant_uuid(tenant, &r, 1, (subject){ .kind = kind, .name = input->call_uuid }, conversation_uuid, error);
    if (status == VDB_NOT_FOUND)
        return take_up(tenant, input->call_uuid, conversation_uuid, error);
    if (status == VDB_CONFLICT && strcmp(error->sqlstate, "23503") == 0)
        return error_set(error, VDB_NOT_FOUND, "Run `voicedb secretary list` to see what there is.",
                         "no secretary \"%s\" in this tenant", secretary);
    return status;
}

/* Why a conversation that should be going on gave no row. */
static vdb_status why_not(vdb_tenant *tenant, const char *conversation_uuid, vdb_error *error)
{
    const vdb_conversation *there;
    vdb_status status = vdb_conversation_get(tenant, conversation_uuid, &there, error);
    if (status != VDB_OK)
        return status;
    status = error_set(error, VDB_CONFLICT, "Start another conversation (`voicedb conversation start`).",
                       "the conversation ended at %s", there->ended_at == NULL ? "this moment" : there->ended_at);
    vdb_rows_free(there);
    return status;
}

vdb_status message_check(const vdb_message *message, vdb_error *error)
{
    static const char *const roles[] = { "user", "assistant", "system", "tool" };
    bool known = false;
    for (size_t i = 0; message->role != NULL && i < sizeof roles / sizeof roles[0]; i++)
        known = known || strcmp(message->role, roles[i]) == 0;
    if (!known)
        return error_set(error, VDB_USAGE, "Give one of user, assistant, system, tool.", "\"%s\" is no role",
                         message->role == NULL ? "" : message->role);
    if (message->turn_number < 0)
        return error_set(error, VDB_USAGE, "Give a number from 1 on, or 0 for the next one.",
                         "the turn number is negative");
    if (!(message->intent_confidence >= 0 && message->intent_confidence <= 1))
        return error_set(error, VDB_USAGE, "Give a number from 0 to 1.", "the intent's confidence is out of range");
    return check_required(message->content, "message", error);
}

/* Sends a message; another one of this role may take the same turn at the same moment, so the number is then asked for
 * again. */
static vdb_status say(vdb_tenant *tenant, const request *r, bool numbered, PGresult **result, vdb_error *error)
{
    vdb_status status = VDB_CONFLICT;
    for (int i = 0; i < MOST_TRIES && status == VDB_CONFLICT; i++) {
        status = tenant_run(tenant, r, 1, result, error);
        if (numbered)
            break;
    }
    return status;
}

/* PostgreSQL's text of arrays; UUIDs and numbers need no quoting there. No list is an empty text, whose data are NULL.
 */
static vdb_status append_chunk(message_lists *l, const vdb_message *message, size_t i, vdb_error *error)
{
    char before = i == 0 ? '{' : ',';
    vdb_status status = check_uuid(message->rag_chunk_uuids[i], "chunk", error);
    if (status != VDB_OK)
        return status;
    buffer_printf(&l->chunks, "%c%s", before, message->rag_chunk_uuids[i]);
    if (message->rag_similarities == NULL)
        return VDB_OK;
    double similarity = message->rag_similarities[i];
    if (!(similarity >= -1.01 && similarity <= 1.01)) /* rounding may pass the ends */
        return error_set(error, VDB_USAGE, "Give what the search told, from -1 to 1.",
                         "a chunk's similarity is out of range");
    buffer_printf(&l->similarities, "%c%.6g", before, similarity);
    return VDB_OK;
}

static void close_list(buffer *list)
{
    if (list->length > 0)
        buffer_append(list, "}", 1);
}

void message_lists_free(message_lists *l)
{
    buffer_free(&l->chunks);
    buffer_free(&l->similarities);
}

vdb_status message_lists_make(const vdb_message *message, message_lists *l, vdb_error *error)
{
    buffer_init(&l->chunks, LARGEST_ARRAY);
    buffer_init(&l->similarities, LARGEST_ARRAY);
    vdb_status status = VDB_OK;
    const char *const *chunks = message->rag_chunk_uuids;
    for (size_t i = 0; status == VDB_OK && chunks != NULL && chunks[i] != NULL; i++)
        status = append_chunk(l, message, i, error);
    close_list(&l->chunks);
    close_list(&l->similarities);
    if (status == VDB_OK && (l->chunks.failed || l->similarities.failed))
        status = error_memory(error);
    if (status != VDB_OK)
        message_lists_free(l);
    return status;
}

vdb_status vdb_conversation_say(vdb_tenant *tenant, const char *conversation_uuid, const vdb_message *message,
                                int64_t *turn, vdb_error *error)
{
    vdb_status status = check_uuid(conversation_uuid, kind, error);
    if (status == VDB_OK)
        status = message_check(message, error);
    if (status != VDB_OK)
        return status;
    message_lists lists;
    status = message_lists_make(message, &lists, error);
    if (status != VDB_OK)
        return status;
    number number_of_turn, audio, stt, rag, llm, tts, tokens, confidence;
    const double *sure = message->intent_confidence > 0 ? &message->intent_confidence : NULL;
    const param params[] = {
        P(conversation_uuid),
        P(message->role),
        P(message->content),
        p_int_or_null(message->audio_duration_ms, &audio),
        P(message->audio_file_path),
        P(message->stt_provider),
        p_int_or_null(message->stt_latency_ms, &stt),
        p_int_or_null(message->rag_latency_ms, &rag),
        P(message->llm_provider),
        p_int_or_null(message->llm_latency_ms, &llm),
        P(message->tts_provider),
        p_int_or_null(message->tts_latency_ms, &tts),
        p_int_or_null(message->tokens_used, &tokens),
        P(lists.chunks.data),
        P(lists.similarities.data),
        P(message->detected_intent),
        p_real(sure, &confidence),
        p_int_or_null(message->turn_number, &number_of_turn),
    };
    bool numbered = message->turn_number != 0;
    size_t given = sizeof params / sizeof params[0];
    const request r = numbered ? (request){ QUERY_CONVERSATION_SAY, given, params }
                               : (request){ QUERY_CONVERSATION_SAY_NEXT, given - 1, params };
    PGresult *result;
    status = say(tenant, &r, numbered, &result, error);
    message_lists_free(&lists);
    if (status == VDB_CONFLICT)
        return error_set(error, VDB_CONFLICT, "Leave out the turn number, or give the next one.",
                         "the %s has spoken in turn %s of this conversation", message->role, number_of_turn.text);
    if (status != VDB_OK)
        return status;
    if (strcmp(PQcmdTuples(result), "1") != 0)
        status = why_not(tenant, conversation_uuid, error);
    else if (turn != NULL)
        *turn = numbered ? message->turn_number : strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return status;
}

vdb_status vdb_conversation_end(vdb_tenant *tenant, const char *conversation_uuid,
                                const vdb_conversation_end_input *input, vdb_error *error)
{
    vdb_status status = check_uuid(conversation_uuid, kind, error);
    if (status == VDB_OK && input->transfer_rule_uuid != NULL)
        status = check_uuid(input->transfer_rule_uuid, "transfer rule", error);
    if (status != VDB_OK)
        return status;
    const request r = REQUEST(CONVERSATION_END, P(input->final_action), P(input->transfer_rule_uuid),
                              P(input->transfer_target), P(input->summary), P(input->ticket_id), P(conversation_uuid));
    status = tenant_uuid(tenant, &r, 1, (subject){ .kind = kind, .name = conversation_uuid }, NULL, error);
    if (status == VDB_NOT_FOUND)
        return why_not(tenant, conversation_uuid, error);
    if (status == VDB_CONFLICT)
        return error_set(error, VDB_NOT_FOUND, "Run `voicedb transfer list` to see what there is.",
                         "no transfer rule %s in this tenant", input->transfer_rule_uuid);
    return status;
}

vdb_status vdb_conversation_list(vdb_tenant *tenant, const char *caller_id, int limit, const vdb_conversation **rows,
                                 size_t *count, vdb_error *error)
{
    if (limit < 0 || limit > LARGEST_LIMIT)
        return error_set(error, VDB_USAGE, "Give a number from 1 to 10000.", "the limit %d is out of range", limit);
    number most;
    return tenant_rows(
        tenant,
        REQUEST(CONVERSATION_LIST, P(caller_id), p_int(&(int64_t){ limit == 0 ? DEFAULT_LIMIT : limit }, &most)),
        &conversation_record, (const void **)rows, count, error);
}

vdb_status vdb_conversation_get(vdb_tenant *tenant, const char *conversation, const vdb_conversation **row,
                                vdb_error *error)
{
    vdb_status status = check_uuid(conversation, "conversation or call", error);
    if (status != VDB_OK)
        return status;
    return tenant_row(tenant, REQUEST(CONVERSATION_GET, P(conversation)), &conversation_record,
                      (subject){ .kind = kind, .name = conversation }, (const void **)row, error);
}

static const char *idle_text(int64_t idle_seconds, number *room, vdb_error *error)
{
    if (idle_seconds < 1 || idle_seconds > INT32_MAX) {
        error_set(error, VDB_USAGE, "Give a number of seconds from 1 on.", "the time without a turn is out of range");
        return NULL;
    }
    return p_int(&idle_seconds, room).value;
}

vdb_status vdb_conversation_sweep(vdb_tenant *tenant, int64_t idle_seconds, int64_t *ended, vdb_error *error)
{
    number room;
    const char *idle = idle_text(idle_seconds, &room, error);
    if (idle == NULL)
        return VDB_USAGE;
    PGresult *result;
    const request r = REQUEST(CONVERSATION_SWEEP, P(idle));
    vdb_status status = tenant_run(tenant, &r, 1, &result, error);
    if (status != VDB_OK)
        return status;
    if (ended != NULL)
        *ended = strtoll(PQcmdTuples(result), NULL, 10);
    PQclear(result);
    return VDB_OK;
}

vdb_status vdb_conversation_sweep_all(vdb_pool *pool, int64_t idle_seconds, int64_t *ended, vdb_error *error)
{
    error_clear(error);
    PGresult *result;
    vdb_status status = unscoped_sees_all(pool, QUERY_TENANTS_SEES_ALL, error);
    if (status == VDB_OK)
        status = unscoped_run(pool, QUERY_CONVERSATION_OPEN, NULL, &result, error);
    if (status != VDB_OK)
        return status;
    int64_t all = 0;
    for (int i = 0; status == VDB_OK && i < PQntuples(result); i++) {
        int64_t some = 0;
        vdb_tenant tenant = { .pool = pool };
        snprintf(tenant.uuid, sizeof tenant.uuid, "%s", PQgetvalue(result, i, 0));
        status = vdb_conversation_sweep(&tenant, idle_seconds, &some, error);
        all += some;
    }
    PQclear(result);
    if (status == VDB_OK && ended != NULL)
        *ended = all;
    return status;
}

vdb_status vdb_message_list(vdb_tenant *tenant, const char *conversation_uuid, const vdb_message **rows, size_t *count,
                            vdb_error *error)
{
    vdb_status status = check_uuid(conversation_uuid, kind, error);
    if (status != VDB_OK)
        return status;
    return tenant_rows(tenant, REQUEST(MESSAGE_LIST, P(conversation_uuid)), &message_record, (const void **)rows, count,
                       error);
}

vdb_status vdb_conversation_trace(vdb_tenant *tenant, const char *conversation, const vdb_trace_event **rows,
                                  size_t *count, vdb_error *error)
{
    vdb_status status = check_uuid(conversation, kind, error);
    if (status != VDB_OK)
        return status;
    const void *events;
    size_t found;
    status =
        tenant_rows(tenant, REQUEST(CONVERSATION_TRACE, P(conversation)), &trace_event_record, &events, &found, error);
    if (status != VDB_OK)
        return status;
    if (found == 0) {
        vdb_rows_free(events);
        return subject_not_found((subject){ .kind = kind, .name = conversation }, error);
    }
    *rows = events;
    *count = found;
    return VDB_OK;
}
