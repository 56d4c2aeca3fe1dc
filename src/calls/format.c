#include "calls/format.h"

#include <sodium.h>
#include <string.h>

enum { VERSION = 1, HASH = 16 };

/* Where the parts of a record's header stand. */
enum {
    AT_MAGIC = 0,
    AT_LENGTH = 4,
    AT_SEQUENCE = 8,
    AT_KIND = 16,
    AT_FLAGS = 17,
    AT_TURN = 20,
    AT_INSTANT = 24,
    AT_DOMAIN = 32,
    AT_CONVERSATION = 48,
    AT_CALL = 64,
    AT_PAYLOAD_HASH = 80,
    AT_HASH = 96
};

static const uint8_t segment_magic[8] = { 'V', 'D', 'B', 'S', 'P', 'O', 'O', 'L' };
static const uint8_t record_magic[4] = { 0xF5, 'V', 'D', 'r' }; /* begins with a byte that no UTF-8 has */

static const char *const start_fields[START_FIELDS] = { "secretary", "caller_id", "caller_name", "metadata" };
static const char *const say_fields[SAY_FIELDS] = {
    "role",
    "content",
    "audio_duration_ms",
    "audio_file_path",
    "stt_provider",
    "stt_latency_ms",
    "rag_latency_ms",
    "llm_provider",
    "llm_latency_ms",
    "tts_provider",
    "tts_latency_ms",
    "tokens_used",
    "rag_chunk_uuids",
    "rag_similarities",
    "detected_intent",
    "intent_confidence",
};
static const char *const end_fields[END_FIELDS] = { "final_action", "transfer_rule_uuid", "transfer_target", "summary",
                                                    "ticket_id" };

static const struct {
    const char *name;
    const char *const *fields;
    size_t count;
} kinds[] = {
    [ENTRY_START] = { "start", start_fields, START_FIELDS },
    [ENTRY_SAY] = { "say", say_fields, SAY_FIELDS },
    [ENTRY_END] = { "end", end_fields, END_FIELDS },
};

const char *entry_field_name(entry_kind kind, size_t field)
{
    return kinds[kind].fields[field];
}

size_t entry_field_count(entry_kind kind)
{
    return kinds[kind].count;
}

const char *entry_kind_name(entry_kind kind)
{
    return kinds[kind].name;
}

static void put_number(uint8_t *bytes, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get_number(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

static void hash(const uint8_t *key, const uint8_t *bytes, size_t length, uint8_t out[HASH])
{
    crypto_generichash(out, HASH, bytes, length, key, key == NULL ? 0 : HASH);
}

static bool hash_is(const uint8_t *key, const uint8_t *bytes, size_t length, const uint8_t wanted[HASH])
{
    uint8_t found[HASH];
    hash(key, bytes, length, found);
    return memcmp(found, wanted, HASH) == 0;
}

/* ---- segments ---------------------------------------------------------------------------------------------------- */

void segment_encode(const segment_header *h, uint8_t bytes[SEGMENT_HEADER])
{
    memset(bytes, 0, SEGMENT_HEADER);
    memcpy(bytes, segment_magic, sizeof segment_magic);
    put_number(bytes + 8, VERSION, 4);
    put_number(bytes + 12, h->number, 4);
    memcpy(bytes + 16, h->key, sizeof h->key);
    put_number(bytes + 32, h->first_sequence, 8);
    put_number(bytes + 40, (uint64_t)h->created_at, 8);
    hash(h->key, bytes, 48, bytes + 48);
    const mark empty = { .offset = SEGMENT_HEADER, .sequence = h->first_sequence - 1 };
    mark_encode(h, &empty, bytes + SEGMENT_ACKNOWLEDGED);
    mark_encode(h, &empty, bytes + SEGMENT_DELIVERED);
}

bool segment_decode(const uint8_t bytes[SEGMENT_HEADER], segment_header *h)
{
    if (memcmp(bytes, segment_magic, sizeof segment_magic) != 0 || get_number(bytes + 8, 4) != VERSION ||
        !hash_is(bytes + 16, bytes, 48, bytes + 48))
        return false;
    *h = (segment_header){
        .number = (uint32_t)get_number(bytes + 12, 4),
        .first_sequence = get_number(bytes + 32, 8),
        .created_at = (int64_t)get_number(bytes + 40, 8),
    };
    memcpy(h->key, bytes + 16, sizeof h->key);
    return true;
}

void mark_encode(const segment_header *h, const mark *m, uint8_t bytes[MARK_BYTES])
{
    put_number(bytes, m->offset, 8);
    put_number(bytes + 8, m->sequence, 8);
    hash(h->key, bytes, 16, bytes + 16);
}

bool mark_decode(const segment_header *h, const uint8_t bytes[MARK_BYTES], mark *m)
{
    if (!hash_is(h->key, bytes, 16, bytes + 16))
        return false;
    *m = (mark){ .offset = get_number(bytes, 8), .sequence = get_number(bytes + 8, 8) };
    return m->offset >= SEGMENT_HEADER;
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static void append_field(buffer *b, const entry_field *f)
{
    uint8_t length[4];
    put_number(length, f->text == NULL ? UINT32_MAX : f->length, sizeof length);
    buffer_append(b, length, sizeof length);
    if (f->text != NULL)
        buffer_append(b, f->text, f->length);
}

void entry_encode(buffer *b, const entry *e)
{
    uint8_t header[RECORD_HEADER] = { 0 };
    size_t start = b->length;
    buffer_append(b, header, sizeof header);
    for (size_t i = 0; i < entry_field_count(e->kind); i++)
        append_field(b, &e->fields[i]);
    if (b->failed)
        return;
    uint8_t *record = (uint8_t *)b->data + start;
    size_t payload = b->length - start - RECORD_HEADER;
    memcpy(record + AT_MAGIC, record_magic, sizeof record_magic);
    put_number(record + AT_LENGTH, payload, 4);
    record[AT_KIND] = (uint8_t)e->kind;
    record[AT_FLAGS] = e->counted;
    put_number(record + AT_INSTANT, (uint64_t)e->at, 8);
    memcpy(record + AT_DOMAIN, e->domain.bytes, 16);
    memcpy(record + AT_CONVERSATION, e->conversation.bytes, 16);
    memcpy(record + AT_CALL, e->call.bytes, 16);
    hash(NULL, record + RECORD_HEADER, payload, record + AT_PAYLOAD_HASH);
}

void entry_set_call(buffer *record, const uuid *call)
{
    memcpy(record->data + AT_CALL, call->bytes, sizeof call->bytes);
}

void entry_seal(uint8_t *record, const segment_header *h, uint64_t sequence, uint32_t turn)
{
    put_number(record + AT_SEQUENCE, sequence, 8);
    put_number(record + AT_TURN, turn, 4);
    hash(h->key, record, AT_HASH, record + AT_HASH);
}

record_state record_check(const segment_header *h, const uint8_t *bytes, size_t available, size_t *length)
{
    if (memcmp(bytes, record_magic, available < sizeof record_magic ? available : sizeof record_magic) != 0)
        return RECORD_BAD;
    *length = RECORD_HEADER;
    if (available < RECORD_HEADER)
        return RECORD_SHORT;
    size_t payload = get_number(bytes + AT_LENGTH, 4);
    if (payload > LARGEST_PAYLOAD || !hash_is(h->key, bytes, AT_HASH, bytes + AT_HASH))
        return RECORD_BAD;
    *length = RECORD_HEADER + payload;
    if (available < *length)
        return RECORD_SHORT;
    return hash_is(NULL, bytes + RECORD_HEADER, payload, bytes + AT_PAYLOAD_HASH) ? RECORD_WHOLE : RECORD_BAD;
}

uint64_t record_sequence(const uint8_t *record)
{
    return get_number(record + AT_SEQUENCE, 8);
}

static bool decode_fields(const uint8_t *bytes, size_t length, entry *e)
{
    for (size_t i = 0; i < entry_field_count(e->kind); i++) {
        if (length < 4)
            return false;
        size_t size = get_number(bytes, 4);
        bytes += 4;
        length -= 4;
        if (size == UINT32_MAX)
            continue;
        if (size > length)
            return false;
        e->fields[i] = (entry_field){ .text = (const char *)bytes, .length = size };
        bytes += size;
        length -= size;
    }
    return length == 0;
}

bool record_decode_entry(const uint8_t *record, size_t length, entry *e)
{
    if (length < RECORD_HEADER || record[AT_KIND] < ENTRY_START || record[AT_KIND] > ENTRY_END || record[AT_FLAGS] > 1)
        return false;
    *e = (entry){
        .kind = (entry_kind)record[AT_KIND],
        .counted = record[AT_FLAGS] == 1,
        .turn = (uint32_t)get_number(record + AT_TURN, 4),
        .sequence = record_sequence(record),
        .at = (int64_t)get_number(record + AT_INSTANT, 8),
        .message = uuid_from_hash(record + AT_HASH),
    };
    memcpy(e->domain.bytes, record + AT_DOMAIN, 16);
    memcpy(e->conversation.bytes, record + AT_CONVERSATION, 16);
    memcpy(e->call.bytes, record + AT_CALL, 16);
    return decode_fields(record + RECORD_HEADER, length - RECORD_HEADER, e);
}
