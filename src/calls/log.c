/* The conversation log: what a call says is put into the spool and acknowledged; the writer does the rest. */
#include "calls/batch.h"
#include "calls/writer.h"
#include "store/conversations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_LIMIT_MIB = 256, SMALLEST_LIMIT = 1 << 20, LARGEST_ARRAY = 1 << 20 };

struct vdb_log {
    spool *spool;
    conversations conversations;
    writer *writer;
};

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static vdb_status check_options(const vdb_log_options *options, vdb_error *error)
{
    vdb_status status = check_required(options->spool_directory, "spool directory", error);
    if (status != VDB_OK)
        return status;
    if (options->spool_limit_bytes != 0 && options->spool_limit_bytes < SMALLEST_LIMIT)
        return error_set(error, VDB_USAGE, "Give at least 1 MiB, or 0 for 256 MiB.", "the spool's limit is too small");
    return VDB_OK;
}

vdb_status vdb_log_open(const vdb_options *database, const vdb_log_options *options, vdb_log **log, vdb_error *error)
{
    error_clear(error);
    vdb_status status = check_options(options, error);
    if (status != VDB_OK)
        return status;
    vdb_log *new = calloc(1, sizeof *new);
    if (new == NULL || !conversations_init(&new->conversations)) {
        free(new);
        return error_memory(error);
    }
    int64_t limit = options->spool_limit_bytes == 0 ? (int64_t)DEFAULT_LIMIT_MIB << 20 : options->spool_limit_bytes;
    const spool_options spooling = {
        .directory = options->spool_directory,
        .limit = (uint64_t)limit,
        .durable = options->survive_power_loss,
    };
    const writer_options writing = {
        .database = database == NULL ? &(vdb_options){ 0 } : database,
        .senders = options->senders,
        .note = options->note,
        .context = options->context,
    };
    status = spool_create(&spooling, &new->spool, error);
    if (status == VDB_OK)
        status = writer_start(&writing, new->spool, &new->conversations, &new->writer, error);
    if (status != VDB_OK) {
        vdb_log_close(new);
        return status;
    }
    *log = new;
    return VDB_OK;
}

void vdb_log_close(vdb_log *log)
{
    if (log == NULL)
        return;
    if (log->writer != NULL)
        writer_stop(log->writer);
    spool_close(log->spool);
    conversations_free(&log->conversations);
    free(log);
}

/* ---- checking ---------------------------------------------------------------------------------------------------- */

static entry_field text_field(const char *text)
{
    return (entry_field){ .text = text, .length = text == NULL ? 0 : strlen(text) };
}

/* The database counts characters, not bytes. */
static vdb_status check_length(const entry_field *f, size_t most, const char *what, vdb_error *error)
{
    size_t characters = 0;
    for (size_t i = 0; i < f->length; i++)
        characters += ((unsigned char)f->text[i] & 0xC0) != 0x80;
    if (characters <= most)
        return VDB_OK;
    return error_set(error, VDB_BAD_INPUT, "Shorten it.", "the %s has %zu characters, of at most %zu", what, characters,
                     most);
}

typedef struct width {
    size_t field;
    size_t most; /* characters */
} width;

static vdb_status check_entry(const entry *e, const width *widths, size_t count, vdb_error *error)
{
    vdb_status status = entry_validate(e, error);
    for (size_t i = 0; status == VDB_OK && i < count; i++)
        status = check_length(&e->fields[widths[i].field], widths[i].most, entry_field_name(e->kind, widths[i].field),
                              error);
    return status;
}

static vdb_status parse_id(const char *text, const char *kind, uuid *id, vdb_error *error)
{
    return uuid_parse(text, id) ? VDB_OK : check_uuid(text, kind, error);
}

/* ---- into the spool ---------------------------------------------------------------------------------------------- */

static vdb_status encode(const entry *e, buffer *bytes, vdb_error *error)
{
    buffer_init(bytes, RECORD_HEADER + LARGEST_PAYLOAD);
    entry_encode(bytes, e);
    if (!bytes->failed)
        return VDB_OK;
    buffer_free(bytes);
    return error_set(error, VDB_BAD_INPUT, "Shorten it, or store it with vdb_conversation_say().",
                     "it is larger than the log takes at once (4 MiB)");
}

/* What is acknowledged has to be told to the writer, and, if wanted, to be on the disk. */
static vdb_status acknowledge(vdb_log *log, vdb_status status, uint64_t sequence, vdb_error *error)
{
    if (status != VDB_OK)
        return status;
    writer_wake(log->writer);
    return spool_sync(log->spool, sequence, error);
}

static vdb_status ended(vdb_error *error)
{
    return error_set(error, VDB_CONFLICT, "Start a conversation of another call.", "the conversation has ended");
}

static vdb_status unknown(const char *named, vdb_error *error)
{
    return error_set(error, VDB_NOT_FOUND, "Call vdb_log_start() first; it takes up a call that goes on.",
                     "this log has no conversation %s in this domain", named);
}

static vdb_status begin(vdb_log *log, const entry *e, buffer *bytes, uint64_t *sequence, vdb_error *error)
{
    talk *c = conversations_find(&log->conversations, &e->domain, &e->conversation);
    if (c != NULL)
        return c->ended ? ended(error) : VDB_OK;
    c = conversations_add(&log->conversations, &e->domain, &e->conversation, &e->call, e->at);
    if (c == NULL)
        return error_memory(error);
    vdb_status status = spool_append(log->spool, bytes, 0, sequence, error);
    if (status != VDB_OK)
        conversations_remove(&log->conversations, c);
    return status;
}

vdb_status vdb_log_start(vdb_log *log, const char *domain_uuid, const vdb_conversation_start_input *input,
                         char conversation_uuid[37], vdb_error *error)
{
    static const width widths[] = { { START_CALLER_ID, 50 }, { START_CALLER_NAME, 255 } };
    error_clear(error);
    entry e = { .kind = ENTRY_START, .at = spool_now() };
    vdb_status status = parse_id(domain_uuid, "domain", &e.domain, error);
    if (status == VDB_OK)
        status = conversation_check_start(input, error);
    if (status != VDB_OK)
        return status;
    bool named = uuid_parse(input->call_uuid, &e.call);
    e.conversation = named ? conversation_of_call(&e.domain, &e.call) : uuid_random();
    e.fields[START_SECRETARY] = text_field(input->secretary);
    e.fields[START_CALLER_ID] = text_field(input->caller_id);
    e.fields[START_CALLER_NAME] = text_field(input->caller_name);
    e.fields[START_METADATA] = text_field(input->metadata);
    status = check_entry(&e, widths, sizeof widths / sizeof widths[0], error);
    buffer bytes;
    if (status == VDB_OK)
        status = encode(&e, &bytes, error);
    if (status != VDB_OK)
        return status;
    uint64_t sequence = 0;
    pthread_mutex_lock(&log->spool->lock);
    status = begin(log, &e, &bytes, &sequence, error);
    pthread_mutex_unlock(&log->spool->lock);
    buffer_free(&bytes);
    status = acknowledge(log, status, sequence, error);
    if (status == VDB_OK)
        uuid_format(&e.conversation, conversation_uuid);
    return status;
}

static vdb_status go_on(vdb_log *log, const entry *e, const vdb_message *message, buffer *bytes, uint32_t *turn,
                        uint64_t *sequence, vdb_error *error)
{
    talk *c = conversations_find(&log->conversations, &e->domain, &e->conversation);
    if (c == NULL || c->ended)
        return c == NULL ? VDB_NOT_FOUND : ended(error);
    vdb_status status = conversation_turn(c, message->role, (uint32_t)message->turn_number, turn, error);
    if (status == VDB_OK) {
        entry_set_call(bytes, &c->call);
        status = spool_append(log->spool, bytes, *turn, sequence, error);
    }
    if (status == VDB_OK)
        conversation_said(c, message->role, *turn, e->at);
    return status;
}

/* Numbers as texts; `rooms` hold them. 0 is not known. */
static void number_field(entry *e, size_t place, int64_t value, number *room)
{
    if (value != 0)
        e->fields[place] = text_field(p_int(&value, room).value);
}

typedef struct numbers {
    number audio, stt, llm, tts, tokens, confidence;
} numbers;

static void fill_message(entry *e, const vdb_message *m, const buffer *chunks, numbers *n)
{
    e->counted = m->turn_number == 0;
    e->turn = e->counted ? 1 : (uint32_t)m->turn_number;
    e->fields[SAY_ROLE] = text_field(m->role);
    e->fields[SAY_CONTENT] = text_field(m->content);
    number_field(e, SAY_AUDIO_DURATION_MS, m->audio_duration_ms, &n->audio);
    e->fields[SAY_AUDIO_FILE_PATH] = text_field(m->audio_file_path);
    e->fields[SAY_STT_PROVIDER] = text_field(m->stt_provider);
    number_field(e, SAY_STT_LATENCY_MS, m->stt_latency_ms, &n->stt);
    e->fields[SAY_LLM_PROVIDER] = text_field(m->llm_provider);
    number_field(e, SAY_LLM_LATENCY_MS, m->llm_latency_ms, &n->llm);
    e->fields[SAY_TTS_PROVIDER] = text_field(m->tts_provider);
    number_field(e, SAY_TTS_LATENCY_MS, m->tts_latency_ms, &n->tts);
    number_field(e, SAY_TOKENS_USED, m->tokens_used, &n->tokens);
    e->fields[SAY_RAG_CHUNK_UUIDS] = text_field(chunks->data);
    e->fields[SAY_DETECTED_INTENT] = text_field(m->detected_intent);
    if (m->intent_confidence > 0)
        e->fields[SAY_INTENT_CONFIDENCE] = text_field(p_real(&m->intent_confidence, &n->confidence).value);
}

static vdb_status encode_message(entry *e, const vdb_message *message, buffer *bytes, vdb_error *error)
{
    static const width widths[] = { { SAY_AUDIO_FILE_PATH, 500 },
                                    { SAY_STT_PROVIDER, 100 },
                                    { SAY_LLM_PROVIDER, 100 },
                                    { SAY_TTS_PROVIDER, 100 },
                                    { SAY_DETECTED_INTENT, 100 } };
    vdb_status status = message_check(message, error);
    if (status == VDB_OK && message->turn_number > INT32_MAX)
        status = error_set(error, VDB_BAD_INPUT, "Give a smaller number.", "the turn's number is out of range");
    if (status != VDB_OK)
        return status;
    buffer chunks;
    numbers rooms;
    buffer_init(&chunks, LARGEST_ARRAY);
    status = message_chunks(message->rag_chunk_uuids, &chunks, error);
    if (status == VDB_OK) {
        fill_message(e, message, &chunks, &rooms);
        status = check_entry(e, widths, sizeof widths / sizeof widths[0], error);
    }
    if (status == VDB_OK)
        status = encode(e, bytes, error);
    buffer_free(&chunks);
    return status;
}

vdb_status vdb_log_say(vdb_log *log, const char *domain_uuid, const char *conversation_uuid, const vdb_message *message,
                       int64_t *turn, vdb_error *error)
{
    error_clear(error);
    entry e = { .kind = ENTRY_SAY, .at = spool_now() };
    buffer bytes;
    vdb_status status = parse_id(domain_uuid, "domain", &e.domain, error);
    if (status == VDB_OK)
        status = parse_id(conversation_uuid, "conversation", &e.conversation, error);
    if (status == VDB_OK)
        status = encode_message(&e, message, &bytes, error);
    if (status != VDB_OK)
        return status;
    uint64_t sequence = 0;
    uint32_t taken = 0;
    pthread_mutex_lock(&log->spool->lock);
    status = go_on(log, &e, message, &bytes, &taken, &sequence, error);
    pthread_mutex_unlock(&log->spool->lock);
    buffer_free(&bytes);
    if (status == VDB_NOT_FOUND)
        return unknown(conversation_uuid, error);
    status = acknowledge(log, status, sequence, error);
    if (status == VDB_OK && turn != NULL)
        *turn = taken;
    return status;
}

static vdb_status finish(vdb_log *log, const entry *e, buffer *bytes, uint64_t *sequence, vdb_error *error)
{
    talk *c = conversations_find(&log->conversations, &e->domain, &e->conversation);
    if (c == NULL || c->ended)
        return c == NULL ? VDB_NOT_FOUND : ended(error);
    entry_set_call(bytes, &c->call);
    vdb_status status = spool_append(log->spool, bytes, 0, sequence, error);
    if (status == VDB_OK) {
        c->ended = true;
        c->last_at = e->at;
    }
    return status;
}

vdb_status vdb_log_end(vdb_log *log, const char *domain_uuid, const char *conversation_uuid,
                       const vdb_conversation_end_input *input, vdb_error *error)
{
    static const width widths[] = { { END_FINAL_ACTION, 50 }, { END_TRANSFER_TARGET, 100 }, { END_TICKET_ID, 100 } };
    error_clear(error);
    entry e = { .kind = ENTRY_END, .at = spool_now() };
    vdb_status status = parse_id(domain_uuid, "domain", &e.domain, error);
    if (status == VDB_OK)
        status = parse_id(conversation_uuid, "conversation", &e.conversation, error);
    if (status == VDB_OK && input->transfer_rule_uuid != NULL)
        status = check_uuid(input->transfer_rule_uuid, "transfer rule", error);
    e.fields[END_FINAL_ACTION] = text_field(input->final_action);
    e.fields[END_TRANSFER_RULE_UUID] = text_field(input->transfer_rule_uuid);
    e.fields[END_TRANSFER_TARGET] = text_field(input->transfer_target);
    e.fields[END_SUMMARY] = text_field(input->summary);
    e.fields[END_TICKET_ID] = text_field(input->ticket_id);
    if (status == VDB_OK)
        status = check_entry(&e, widths, sizeof widths / sizeof widths[0], error);
    buffer bytes;
    if (status == VDB_OK)
        status = encode(&e, &bytes, error);
    if (status != VDB_OK)
        return status;
    uint64_t sequence = 0;
    pthread_mutex_lock(&log->spool->lock);
    status = finish(log, &e, &bytes, &sequence, error);
    pthread_mutex_unlock(&log->spool->lock);
    buffer_free(&bytes);
    return status == VDB_NOT_FOUND ? unknown(conversation_uuid, error) : acknowledge(log, status, sequence, error);
}

/* ---- how it goes ------------------------------------------------------------------------------------------------- */

vdb_status vdb_log_flush(vdb_log *log, int timeout_ms, vdb_error *error)
{
    error_clear(error);
    return writer_flush(log->writer, timeout_ms, error);
}

void vdb_log_status(vdb_log *log, vdb_log_state *state)
{
    writer_state w;
    writer_look(log->writer, &w);
    pthread_mutex_lock(&log->spool->lock);
    uint64_t appended = log->spool->next_sequence - 1, bytes = log->spool->bytes, limit = log->spool->limit;
    pthread_mutex_unlock(&log->spool->lock);
    *state = (vdb_log_state){
        .waiting = (int64_t)(w.orphan_records +
                             (appended > w.delivered_sequence ? appended - w.delivered_sequence : 0)),
        .spool_bytes = (int64_t)bytes,
        .spool_limit_bytes = (int64_t)limit,
        .stored = (int64_t)w.stored,
        .refused = (int64_t)w.refused,
        .damaged = (int64_t)w.damaged,
        .orphans = (int64_t)w.orphans,
        .orphan_bytes = (int64_t)w.orphan_bytes,
        .adopted = (int64_t)w.adopted,
        .connections = w.connected,
        .last = w.last,
    };
}
