#include "calls/batch.h"

#include "base/text.h"
#include "queries.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_COLUMN = 256 << 20, LONGEST_NUMBER = 32 };

/* Types of array elements, by PostgreSQL's numbers for them. */
typedef enum element {
    BOOLEAN = 16,
    BIGINT = 20,
    INTEGER = 23,
    TEXT = 25,
    REAL = 700,
    UUID = 2950,
    JSONB = 3802
} element;

/* Where a column's value comes from: a part of every entry, or the field of this number. */
enum {
    OF_CONVERSATION = -1,
    OF_CALL = -2,
    OF_RECORD = -3,
    OF_INSTANT = -4,
    OF_COUNTED = -5,
    OF_TURN = -6,
    OF_KIND = -7
};

typedef struct column {
    element type;
    int source;
} column;

/* In the order of the queries' parameters, behind the tenant. */
static const column start_columns[] = {
    { UUID, OF_CONVERSATION }, { UUID, OF_CALL },           { BIGINT, OF_INSTANT },    { TEXT, START_SECRETARY },
    { TEXT, START_CALLER_ID }, { TEXT, START_CALLER_NAME }, { JSONB, START_METADATA },
};
static const column reopen_columns[] = { { UUID, OF_CONVERSATION }, { UUID, OF_CALL } };
static const column say_columns[] = {
    { UUID, OF_CONVERSATION },
    { UUID, OF_CALL },
    { UUID, OF_RECORD },
    { BIGINT, OF_INSTANT },
    { BOOLEAN, OF_COUNTED },
    { INTEGER, OF_TURN },
    { TEXT, SAY_ROLE },
    { TEXT, SAY_CONTENT },
    { INTEGER, SAY_AUDIO_DURATION_MS },
    { TEXT, SAY_AUDIO_FILE_PATH },
    { TEXT, SAY_STT_PROVIDER },
    { INTEGER, SAY_STT_LATENCY_MS },
    { INTEGER, SAY_RAG_LATENCY_MS },
    { TEXT, SAY_LLM_PROVIDER },
    { INTEGER, SAY_LLM_LATENCY_MS },
    { TEXT, SAY_TTS_PROVIDER },
    { INTEGER, SAY_TTS_LATENCY_MS },
    { INTEGER, SAY_TOKENS_USED },
    { TEXT, SAY_RAG_CHUNK_UUIDS },
    { TEXT, SAY_RAG_SIMILARITIES },
    { TEXT, SAY_DETECTED_INTENT },
    { REAL, SAY_INTENT_CONFIDENCE },
};
static const column end_columns[] = {
    { UUID, OF_CONVERSATION },     { UUID, OF_CALL },          { UUID, OF_RECORD },
    { BIGINT, OF_INSTANT },        { TEXT, END_FINAL_ACTION }, { UUID, END_TRANSFER_RULE_UUID },
    { TEXT, END_TRANSFER_TARGET }, { TEXT, END_SUMMARY },      { TEXT, END_TICKET_ID },
};
static const column missing_columns[] = {
    { TEXT, OF_KIND }, { UUID, OF_CONVERSATION }, { UUID, OF_CALL }, { UUID, OF_RECORD }, { BIGINT, OF_INSTANT },
};

/* A query with the kinds of entries it takes, a bit each. */
typedef struct step {
    enum query_id query;
    unsigned kinds;
    const column *columns;
    size_t count;
} step;

#define STEP(query, kinds, columns)                                                                                    \
    {                                                                                                                  \
        QUERY_##query, kinds, columns, sizeof columns / sizeof columns[0]                                              \
    }
enum { START = 1 << ENTRY_START, SAY = 1 << ENTRY_SAY, END = 1 << ENTRY_END };

static const step steps[] = {
    STEP(LOG_START, START, start_columns),
    STEP(LOG_REOPEN, SAY | END, reopen_columns),
    STEP(LOG_SAY, SAY, say_columns),
    STEP(LOG_END, END, end_columns),
    STEP(LOG_MISSING, START | SAY | END, missing_columns),
};
enum { STEPS = sizeof steps / sizeof steps[0] };

static bool takes(unsigned kinds, entry_kind kind)
{
    return (kinds >> kind & 1) != 0;
}

/* ---- what can be stored ------------------------------------------------------------------------------------------ */

static const column *column_of(entry_kind kind, size_t field)
{
    for (const step *s = steps; s < steps + STEPS; s++) {
        for (size_t i = 0; takes(s->kinds, kind) && i < s->count; i++) {
            if (s->columns[i].source == (int)field)
                return &s->columns[i];
        }
    }
    return NULL;
}

static bool copy_short(const entry_field *f, char *text, size_t size)
{
    if (f->length == 0 || f->length >= size || memchr(f->text, '\0', f->length) != NULL)
        return false;
    memcpy(text, f->text, f->length);
    text[f->length] = '\0';
    return true;
}

static bool parse_integer(const entry_field *f, int32_t *value)
{
    char text[LONGEST_NUMBER], *end;
    if (!copy_short(f, text, sizeof text))
        return false;
    errno = 0;
    long number = strtol(text, &end, 10);
    *value = (int32_t)number;
    return errno == 0 && *end == '\0' && number >= 0 && number <= INT32_MAX;
}

static bool parse_real(const entry_field *f, float *value)
{
    char text[LONGEST_NUMBER], *end;
    if (!copy_short(f, text, sizeof text))
        return false;
    *value = strtof(text, &end);
    return *end == '\0' && *value >= 0 && *value <= 1;
}

static bool parse_uuid(const entry_field *f, uuid *id)
{
    char text[37];
    return copy_short(f, text, sizeof text) && uuid_parse(text, id);
}

static bool is_valid(const column *c, const entry_field *f)
{
    int32_t integer;
    float real;
    uuid id;
    if (f->text == NULL)
        return true;
    switch (c->type) {
    case INTEGER:
        return parse_integer(f, &integer);
    case REAL:
        return parse_real(f, &real);
    case UUID:
        return parse_uuid(f, &id);
    default:
        return memchr(f->text, '\0', f->length) == NULL && text_is_utf8(f->text, f->length);
    }
}

vdb_status entry_validate(const entry *e, vdb_error *error)
{
    for (size_t i = 0; i < entry_field_count(e->kind); i++) {
        if (!is_valid(column_of(e->kind, i), &e->fields[i]))
            return error_set(error, VDB_BAD_INPUT, "Give text in UTF-8 without NUL, and numbers within their range.",
                             "the %s cannot be stored", entry_field_name(e->kind, i));
    }
    if (e->kind == ENTRY_SAY && (e->turn < 1 || e->turn > INT32_MAX))
        return error_set(error, VDB_BAD_INPUT, "Give a number from 1 on.", "the turn's number is out of range");
    return VDB_OK;
}

/* ---- arrays in PostgreSQL's binary format ------------------------------------------------------------------------ */

static void append_bytes(buffer *b, const void *bytes, size_t length)
{
    buffer_append_int32(b, (int32_t)length);
    buffer_append(b, bytes, length);
}

static void append_number(buffer *b, uint64_t value, size_t size)
{
    uint8_t wire[8];
    for (size_t i = 0; i < size; i++)
        wire[i] = (uint8_t)(value >> 8 * (size - 1 - i));
    append_bytes(b, wire, size);
}

static void append_null(buffer *b)
{
    buffer_append_int32(b, -1);
}

static void append_uuid(buffer *b, const uuid *id)
{
    if (uuid_is_nil(id))
        append_null(b);
    else
        append_bytes(b, id->bytes, sizeof id->bytes);
}

static void append_part(buffer *b, int source, const entry *e)
{
    const char *name = entry_kind_name(e->kind);
    switch (source) {
    case OF_CONVERSATION:
        append_uuid(b, &e->conversation);
        break;
    case OF_CALL:
        append_uuid(b, &e->call);
        break;
    case OF_RECORD:
        append_uuid(b, &e->message);
        break;
    case OF_INSTANT:
        append_number(b, (uint64_t)e->at, 8);
        break;
    case OF_COUNTED:
        append_number(b, e->counted, 1);
        break;
    case OF_TURN:
        append_number(b, e->turn, 4);
        break;
    default:
        append_bytes(b, name, strlen(name));
    }
}

static void append_field(buffer *b, element type, const entry_field *f)
{
    int32_t integer;
    uuid id;
    union {
        float number;
        uint32_t bits;
    } real = { 0 };
    if (f->text == NULL || !is_valid(&(column){ .type = type }, f)) {
        append_null(b);
    } else if (type == INTEGER) {
        parse_integer(f, &integer);
        append_number(b, (uint32_t)integer, 4);
    } else if (type == REAL) {
        parse_real(f, &real.number);
        append_number(b, real.bits, 4);
    } else if (type == UUID) {
        parse_uuid(f, &id);
        append_bytes(b, id.bytes, sizeof id.bytes);
    } else {
        bool json = type == JSONB; /* a version stands in front */
        buffer_append_int32(b, (int32_t)(f->length + json));
        if (json)
            buffer_append(b, "\1", 1);
        buffer_append(b, f->text, f->length);
    }
}

static void append_array(buffer *b, const column *c, unsigned kinds, batch_item *const *items, size_t count,
                         size_t chosen)
{
    buffer_append_int32(b, 1); /* dimension */
    buffer_append_int32(b, 1); /* there may be NULLs */
    buffer_append_int32(b, c->type);
    buffer_append_int32(b, (int32_t)chosen);
    buffer_append_int32(b, 1); /* the first index */
    for (size_t i = 0; i < count; i++) {
        const entry *e = items[i]->entry;
        if (!takes(kinds, e->kind))
            continue;
        if (c->source < 0)
            append_part(b, c->source, e);
        else
            append_field(b, c->type, &e->fields[c->source]);
    }
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

/* All statements of a batch with their parameters, which lie in `bytes`. */
typedef struct parcel {
    char domain[37], timeout[16];
    buffer bytes;
    size_t places[STEPS][MOST_PARAMETERS + 1];
    param settings[1], scope[1];
    param params[STEPS][MOST_PARAMETERS];
    statement statements[STEPS + 2];
    size_t count;
} parcel;

static size_t count_of(unsigned kinds, batch_item *const *items, size_t count)
{
    size_t chosen = 0;
    for (size_t i = 0; i < count; i++)
        chosen += takes(kinds, items[i]->entry->kind);
    return chosen;
}

/* Arrays first, pointers later: the buffer moves while it grows. */
static void add_steps(parcel *p, batch_item *const *items, size_t count)
{
    size_t chosen[STEPS];
    for (size_t s = 0; s < STEPS; s++) {
        chosen[s] = count_of(steps[s].kinds, items, count);
        for (size_t i = 0; chosen[s] > 0 && i < steps[s].count; i++) {
            p->places[s][i] = p->bytes.length;
            append_array(&p->bytes, &steps[s].columns[i], steps[s].kinds, items, count, chosen[s]);
        }
        p->places[s][steps[s].count] = p->bytes.length;
    }
    for (size_t s = 0; !p->bytes.failed && s < STEPS; s++) {
        p->params[s][0] = P(p->domain);
        for (size_t i = 0; i < steps[s].count; i++)
            p->params[s][i + 1] = P_BINARY(p->bytes.data + p->places[s][i], p->places[s][i + 1] - p->places[s][i]);
        if (chosen[s] > 0)
            p->statements[p->count++] = (statement){ &queries[steps[s].query], p->params[s] };
    }
}

static void fill(parcel *p, const connection *c, int statement_timeout_ms, batch_item *const *items, size_t count)
{
    p->count = 0;
    uuid_format(&items[0]->entry->domain, p->domain);
    if (connection_needs_settings(c)) {
        snprintf(p->timeout, sizeof p->timeout, "%d", statement_timeout_ms);
        p->settings[0] = P(p->timeout);
        p->statements[p->count++] = (statement){ &queries[QUERY_SESSION_SETTINGS], p->settings };
    }
    p->scope[0] = P(p->domain);
    p->statements[p->count++] = (statement){ &queries[QUERY_TENANT_SCOPE], p->scope };
    add_steps(p, items, count);
}

void batch_refuse(batch_item *item, const vdb_error *why)
{
    item->outcome = OUTCOME_REFUSED;
    free(item->reason);
    item->reason = strdup(why->message);
}

/* What a record is told whose place is taken, or not there. */
static void judge(batch_item *item, bool known, const char *ended_at, bool too_late)
{
    const entry *e = item->entry;
    vdb_error why = { 0 };
    char conversation[37];
    uuid_format(&e->conversation, conversation);
    if (known && e->kind == ENTRY_SAY && !too_late && e->counted) {
        item->outcome = OUTCOME_AGAIN;
        return;
    }
    if (!known)
        error_set(&why, VDB_NOT_FOUND, NULL, "no conversation %s in this tenant", conversation);
    else if (e->kind == ENTRY_END || too_late)
        error_set(&why, VDB_CONFLICT, NULL, "conversation %s was ended elsewhere, at %s", conversation, ended_at);
    else
        error_set(&why, VDB_CONFLICT, NULL, "the %.*s has spoken in turn %" PRIu32 " of conversation %s",
                  (int)e->fields[SAY_ROLE].length, e->fields[SAY_ROLE].text, e->turn, conversation);
    batch_refuse(item, &why);
}

static void read_missing(const PGresult *result, batch_item *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        items[i]->outcome = OUTCOME_STORED;
    for (int row = 0; row < PQntuples(result); row++) {
        size_t place = strtoul(PQgetvalue(result, row, 0), NULL, 10);
        if (place >= 1 && place <= count)
            judge(items[place - 1], PQgetvalue(result, row, 1)[0] == 't', PQgetvalue(result, row, 2),
                  PQgetvalue(result, row, 3)[0] == 't');
    }
}

vdb_status batch_send(connection *c, int statement_timeout_ms, batch_item *const *items, size_t count, vdb_error *error)
{
    error_clear(error);
    parcel *p = calloc(1, sizeof *p);
    if (p == NULL)
        return error_memory(error);
    buffer_init(&p->bytes, LARGEST_COLUMN);
    fill(p, c, statement_timeout_ms, items, count);
    PGresult *result = NULL;
    vdb_status status =
        p->bytes.failed ? error_memory(error) : connection_run(c, p->statements, p->count, &result, error);
    if (status == VDB_OK)
        read_missing(result, items, count);
    PQclear(result);
    buffer_free(&p->bytes);
    free(p);
    return status;
}
