/*
 * The bytes of a spool: segments, which begin with a header and go on with records. A record carries what one call of
 * the log said, its place in the sequence of all, and checksums that are keyed by the segment's own random key, so that
 * a record cut, changed, moved or copied from elsewhere is not taken for one. Numbers are little-endian. Nothing here
 * touches a file.
 */
#ifndef VDB_CALLS_FORMAT_H
#define VDB_CALLS_FORMAT_H

#include "base/buffer.h"
#include "base/uuid.h"

#include <stddef.h>

enum {
    SEGMENT_HEADER = 128,
    SEGMENT_ACKNOWLEDGED = 64, /* where the two marks of a segment stand; they alone change */
    SEGMENT_DELIVERED = 96,
    MARK_BYTES = 32,
    RECORD_HEADER = 112,
    MOST_FIELDS = 16,
    LARGEST_PAYLOAD = 4 << 20
};

typedef struct segment_header {
    uint8_t key[16];
    uint32_t number;         /* within its spool, from 1 */
    uint64_t first_sequence; /* of its first record */
    int64_t created_at;      /* microseconds since 1970 */
} segment_header;

/* How far a segment is acknowledged to callers, or delivered to the database. */
typedef struct mark {
    uint64_t offset;   /* behind the last such record */
    uint64_t sequence; /* of that record; first_sequence - 1: none yet */
} mark;

void segment_encode(const segment_header *h, uint8_t bytes[SEGMENT_HEADER]);
/* False: no segment of this version, or damaged. The marks are not looked at. */
bool segment_decode(const uint8_t bytes[SEGMENT_HEADER], segment_header *h);

void mark_encode(const segment_header *h, const mark *m, uint8_t bytes[MARK_BYTES]);
bool mark_decode(const segment_header *h, const uint8_t bytes[MARK_BYTES], mark *m); /* false: damaged */

typedef enum entry_kind { ENTRY_START = 1, ENTRY_SAY, ENTRY_END } entry_kind;

/* The order of an entry's fields, by its kind. */
enum { START_SECRETARY, START_CALLER_ID, START_CALLER_NAME, START_METADATA, START_FIELDS };
enum {
    SAY_ROLE,
    SAY_CONTENT,
    SAY_AUDIO_DURATION_MS,
    SAY_AUDIO_FILE_PATH,
    SAY_STT_PROVIDER,
    SAY_STT_LATENCY_MS,
    SAY_RAG_LATENCY_MS,
    SAY_LLM_PROVIDER,
    SAY_LLM_LATENCY_MS,
    SAY_TTS_PROVIDER,
    SAY_TTS_LATENCY_MS,
    SAY_TOKENS_USED,
    SAY_RAG_CHUNK_UUIDS,
    SAY_RAG_SIMILARITIES,
    SAY_DETECTED_INTENT,
    SAY_INTENT_CONFIDENCE,
    SAY_FIELDS
};
enum { END_FINAL_ACTION, END_TRANSFER_RULE_UUID, END_TRANSFER_TARGET, END_SUMMARY, END_TICKET_ID, END_FIELDS };

/* "content": the column that a kind's field is for. */
const char *entry_field_name(entry_kind kind, size_t field);
size_t entry_field_count(entry_kind kind);
const char *entry_kind_name(entry_kind kind);

typedef struct entry_field {
    const char *text; /* NULL: none; without a NUL behind it */
    size_t length;
} entry_field;

/* What one call of the log said. */
typedef struct entry {
    entry_kind kind;
    bool counted; /* the log gave the turn its number, not the caller */
    uint32_t turn;
    uint64_t sequence;
    int64_t at; /* microseconds since 1970 */
    uuid domain;
    uuid conversation;
    uuid call;    /* nil: none */
    uuid message; /* of a decoded one: its record's own, the same whenever it is read again */
    entry_field fields[MOST_FIELDS];
} entry;

/* Appends a record that entry_seal() has to finish, with all of the entry but its sequence and turn. */
void entry_encode(buffer *b, const entry *e);
/* The call of the conversation, which only the log knows. */
void entry_set_call(buffer *record, const uuid *call);
/* Finishes a record in place, once its place is known. */
void entry_seal(uint8_t *record, const segment_header *h, uint64_t sequence, uint32_t turn);

typedef enum record_state {
    RECORD_WHOLE,
    RECORD_SHORT, /* it goes on behind what is there */
    RECORD_BAD
} record_state;

/* Looks at the record that begins at `bytes`. `length`: of a whole one, or, of a short one, how much is needed. */
record_state record_check(const segment_header *h, const uint8_t *bytes, size_t available, size_t *length);
/* Of a record that is whole; the fields point into it. False: it is none of this version. */
bool record_decode_entry(const uint8_t *record, size_t length, entry *e);
uint64_t record_sequence(const uint8_t *record);

#endif
