/* The conversation log: what a call says is put into the spool and acknowledged; the writer does the rest. */
#include "base/clock.h"
#include "calls/batch.h"
#include "calls/writer.h"
#include "store/conversations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_LIMIT_MIB = 256, SMALLEST_LIMIT = 1 << 20 };

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

static vdb_status parse_id(const char *text, const char *kind, uuid *id, vdb_error *error)
{
    return uuid_parse(text, id) ? VDB_OK : check_uuid(text, kind, error);
}

/* ---- into the spool ---------------------------------------------------------------------------------------------- */

/* A message's numbers as texts. */
typedef struct numbers {
    number audio, stt, rag, llm, tts, tokens, confidence;
} numbers;

/* A record on its way. */
typedef struct pending {
    entry entry; /* its fields point to what the caller gave, and into `numbers` */
    numbers numbers;
    buffer bytes;
    const vdb_message *message; /* that a say is of */
    uint32_t turn;              /* it got */
    receipt receipt;            /* it got */
} pending;

static vdb_status encode(pending *p, const width *widths, size_t count, vdb_error *error)
{
    const entry *e = &p->entry;
    vdb_status status = entry_validate(e, error);
    for (size_t i = 0; status == VDB_OK && i < count; i++)
        status = check_length(&e->fields[widths[i].field], widths[i].most, entry_field_name(e->kind, widths[i].field),
                              error);
    if (status != VDB_OK)
        return status;
    buffer_init(&p->bytes, RECORD_HEADER + LARGEST_PAYLOAD);
    entry_encode(&p->bytes, e);
    if (!p->bytes.failed)
        return VDB_OK;
    buffer_free(&p->bytes);
    return error_set(error, VDB_BAD_INPUT, "Shorten it, or store it with vdb_conversation_say().",
                     "it is larger than the log takes at once (4 MiB)");
}

typedef vdb_status appender(vdb_log *log, pending *p, vdb_error *error);

/* The order of records is that in which the conversations change. */
static vdb_status put(vdb_log *log, appender *append, pending *p, vdb_error *error)
{
    spool_lock(log->spool);
    vdb_status status = append(log, p, error);
    pthread_mutex_unlock(&log->spool->lock);
    buffer_free(&p->bytes);
    if (status != VDB_OK)
        return status;
    spool_acknowledge(log->spool, &p->receipt);
    writer_wake(log->writer);
    return spool_sync(log->spool, p->receipt.end.sequence, error);
}

static talk *find(vdb_log *log, const pending *p)
{
    return conversations_find(&log->conversations, &p->entry.domain, &p->entry.conversation);
}

static vdb_status ended(vdb_error *error)
{
    return error_set(error, VDB_CONFLICT, "Start a conversation of another call.", "the conversation has ended");
}

/* The conversation that the record goes on with. */
static vdb_status find_open(vdb_log *log, pending *p, talk **c, vdb_error *error)
{
    *c = find(log, p);
    if (*c == NULL)
        return error_set(error, VDB_NOT_FOUND, "Call vdb_log_start() first; it takes up a call that goes on.",
                         "this log has begun no such conversation in this domain");
    if ((*c)->ended)
        return ended(error);
    entry_set_call(&p->bytes, &(*c)->call);
    return VDB_OK;
}

static vdb_status append_start(vdb_log *log, pending *p, vdb_error *error)
{
    const entry *e = &p->entry;
    talk *c = find(log, p);
    if (c != NULL)
        return c->ended ? ended(error) : VDB_OK;
    c = conversations_add(&log->conversations, &e->domain, &e->conversation, &e->call, e->at);
    if (c == NULL)
        return error_memory(error);
    vdb_status status = spool_append(log->spool, &p->bytes, 0, &p->receipt, error);
    if (status != VDB_OK)
        conversations_remove(&log->conversations, c);
    return status;
}

static vdb_status append_say(vdb_log *log, pending *p, vdb_error *error)
{
    talk *c;
    const vdb_message *m = p->message;
    vdb_status status = find_open(log, p, &c, error);
    if (status == VDB_OK)
        status = conversation_turn(c, m->role, (uint32_t)m->turn_number, &p->turn, error);
    if (status == VDB_OK)
        status = spool_append(log->spool, &p->bytes, p->turn, &p->receipt, error);
    if (status == VDB_OK)
        conversation_said(c, m->role, p->turn, p->entry.at);
    return status;
}

static vdb_status append_end(vdb_log *log, pending *p, vdb_error *error)
{
    talk *c;
    vdb_status status = find_open(log, p, &c, error);
    if (status == VDB_OK)
        status = spool_append(log->spool, &p->bytes, 0, &p->receipt, error);
    if (status == VDB_OK) {
        c->ended = true;
        c->last_at = p->entry.at;
    }
    return status;
}

/* ---- starts, messages, ends -------------------------------------------------------------------------------------- */

vdb_status vdb_log_start(vdb_log *log, const char *domain_uuid, const vdb_conversation_start_input *input,
                         char conversation_uuid[37], vdb_error *error)
{
    static const width widths[] = { { START_CALLER_ID, 50 }, { START_CALLER_NAME, 255 } };
    error_clear(error);
    pending p = { .entry = { .kind = ENTRY_START, .at = clock_now() } };
    entry *e = &p.entry;
    vdb_status status = parse_id(domain_uuid, "domain", &e->domain, error);
    if (status == VDB_OK)
        status = conversation_check_start(input, error);
    if (status != VDB_OK)
        return status;
    bool named = uuid_parse(input->call_uuid, &e->call);
    e->conversation = named ? conversation_of_call(&e->domain, &e->call) : uuid_random();
    e->fields[START_SECRETARY] = text_field(input->secretary);
    e->fields[START_CALLER_ID] = text_field(input->caller_id);
    e->fields[START_CALLER_NAME] = text_field(input->caller_name);
    e->fields[START_METADATA] = text_field(input->metadata);
    status = encode(&p, widths, sizeof widths / sizeof widths[0], error);
    if (status == VDB_OK)
        status = put(log, append_start, &p, error);
    if (status == VDB_OK)
        uuid_format(&e->conversation, conversation_uuid);
    return status;
}

/* 0 is not known. */
static void number_field(entry *e, size_t place, int64_t value, number *room)
{
    if (value != 0)
        e->fields[place] = text_field(p_int(&value, room).value);
}

static void fill_message(entry *e, const vdb_message *m, const message_lists *lists, numbers *n)
{
    e->counted = m->turn_number == 0;
    e->turn = e->counted ? 1 : (uint32_t)m->turn_number;
    e->fields[SAY_ROLE] = text_field(m->role);
    e->fields[SAY_CONTENT] = text_field(m->content);
    number_field(e, SAY_AUDIO_DURATION_MS, m->audio_duration_ms, &n->audio);
    e->fields[SAY_AUDIO_FILE_PATH] = text_field(m->audio_file_path);
    e->fields[SAY_STT_PROVIDER] = text_field(m->stt_provider);
    number_field(e, SAY_STT_LATENCY_MS, m->stt_latency_ms, &n->stt);
    number_field(e, SAY_RAG_LATENCY_MS, m->rag_latency_ms, &n->rag);
    e->fields[SAY_LLM_PROVIDER] = text_field(m->llm_provider);
    number_field(e, SAY_LLM_LATENCY_MS, m->llm_latency_ms, &n->llm);
    e->fields[SAY_TTS_PROVIDER] = text_field(m->tts_provider);
    number_field(e, SAY_TTS_LATENCY_MS, m->tts_latency_ms, &n->tts);
    number_field(e, SAY_TOKENS_USED, m->tokens_used, &n->tokens);
    e->fields[SAY_RAG_CHUNK_UUIDS] = text_field(lists->chunks.data);
    e->fields[SAY_RAG_SIMILARITIES] = text_field(lists->similarities.data);
    e->fields[SAY_DETECTED_INTENT] = text_field(m->detected_intent);
    if (m->intent_confidence > 0)
        e->fields[SAY_INTENT_CONFIDENCE] = text_field(p_real(&m->intent_confidence, &n->confidence).value);
}

static vdb_status encode_message(pending *p, vdb_error *error)
{
    static const width widths[] = { { SAY_AUDIO_FILE_PATH, 500 },
                                    { SAY_STT_PROVIDER, 100 },
                                    { SAY_LLM_PROVIDER, 100 },
                                    { SAY_TTS_PROVIDER, 100 },
                                    { SAY_DETECTED_INTENT, 100 } };
    message_lists lists;
    vdb_status status = message_check(p->message, error);
    if (status == VDB_OK && p->message->turn_number > INT32_MAX)
        status = error_set(error, VDB_BAD_INPUT, "Give a smaller number.", "the turn's number is out of range");
    if (status == VDB_OK)
        status = message_lists_make(p->message, &lists, error);
    if (status != VDB_OK)
        return status;
    fill_message(&p->entry, p->message, &lists, &p->numbers);
    status = encode(p, widths, sizeof widths / sizeof widths[0], error);
    message_lists_free(&lists);
    return status;
}

/* A record of a conversation that goes on. */
static vdb_status begin(pending *p, entry_kind kind, const char *domain_uuid, const char *conversation_uuid,
                        vdb_error *error)
{
    error_clear(error);
    *p = (pending){ .entry = { .kind = kind, .at = clock_now() } };
    vdb_status status = parse_id(domain_uuid, "domain", &p->entry.domain, error);
    return status == VDB_OK ? parse_id(conversation_uuid, "conversation", &p->entry.conversation, error) : status;
}

vdb_status vdb_log_say(vdb_log *log, const char *domain_uuid, const char *conversation_uuid, const vdb_message *message,
                       int64_t *turn, vdb_error *error)
{
    pending p;
    vdb_status status = begin(&p, ENTRY_SAY, domain_uuid, conversation_uuid, error);
    p.message = message;
    if (status == VDB_OK)
        status = encode_message(&p, error);
    if (status == VDB_OK)
        status = put(log, append_say, &p, error);
    if (status == VDB_OK && turn != NULL)
        *turn = p.turn;
    return status;
}

vdb_status vdb_log_end(vdb_log *log, const char *domain_uuid, const char *conversation_uuid,
                       const vdb_conversation_end_input *input, vdb_error *error)
{
    static const width widths[] = { { END_FINAL_ACTION, 50 }, { END_TRANSFER_TARGET, 100 }, { END_TICKET_ID, 100 } };
    pending p;
    vdb_status status = begin(&p, ENTRY_END, domain_uuid, conversation_uuid, error);
    if (status == VDB_OK && input->transfer_rule_uuid != NULL)
        status = check_uuid(input->transfer_rule_uuid, "transfer rule", error);
    if (status != VDB_OK)
        return status;
    entry_field *fields = p.entry.fields;
    fields[END_FINAL_ACTION] = text_field(input->final_action);
    fields[END_TRANSFER_RULE_UUID] = text_field(input->transfer_rule_uuid);
    fields[END_TRANSFER_TARGET] = text_field(input->transfer_target);
    fields[END_SUMMARY] = text_field(input->summary);
    fields[END_TICKET_ID] = text_field(input->ticket_id);
    status = encode(&p, widths, sizeof widths / sizeof widths[0], error);
    return status == VDB_OK ? put(log, append_end, &p, error) : status;
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
        .waiting =
            (int64_t)(w.orphan_records + (appended > w.delivered_sequence ? appended - w.delivered_sequence : 0)),
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
