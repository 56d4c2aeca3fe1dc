#include "extract/helper/records.h"

#include <stdint.h>
#include <string.h>

enum { LEAST_RECORDS = 2, LEAST_FIELDS = 2, LONGEST_NAME = 80 };

record_event record_read(record_reader *r, char byte)
{
    bool after_cr = r->ended;
    r->ended = false;
    if (r->quoted && r->quote) {
        r->quote = false;
        if (byte == '"')
            return RECORD_BYTE;
        r->quoted = false;
    } else if (r->quoted) {
        r->quote = byte == '"';
        return r->quote ? RECORD_NOTHING : RECORD_BYTE;
    }
    if (byte == '"' && !r->started) {
        r->quoted = true;
        r->started = true;
        return RECORD_NOTHING;
    }
    if (byte == r->delimiter) {
        r->started = false;
        return RECORD_FIELD;
    }
    if (byte == '\n' || byte == '\r') {
        r->started = false;
        if (byte == '\n' && after_cr)
            return RECORD_NOTHING;
        r->ended = byte == '\r';
        return RECORD_END;
    }
    r->started = true;
    return RECORD_BYTE;
}

/* ---- finding out ---- */

typedef struct sample {
    size_t records;
    size_t header;               /* fields of the first record */
    uint64_t names[MOST_FIELDS]; /* their hashes */
    size_t fields;               /* of the current record so far */
    bool any;                    /* it has a byte or a delimiter: an empty line is no record */
    size_t name;                 /* bytes of the current field, in the header */
    uint64_t hash;
    bool letter;
    char last;
    bool begins; /* the current field has no byte yet */
    bool tight;  /* a field begins right behind its delimiter; in a sentence there is a space */
    bool wrong;
} sample;

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static void take_byte(sample *s, char byte)
{
    s->tight = s->tight || (s->begins && s->fields > 0 && byte != ' ');
    s->begins = false;
    s->any = true;
    if (s->records > 0)
        return;
    s->name++;
    s->hash = (s->hash ^ (unsigned char)byte) * 1099511628211U; /* FNV-1a */
    s->letter = s->letter || is_letter(byte);
    s->last = byte;
}

/* A name in the header: neither empty, nor long, nor a number or a sentence, nor there twice. */
static void end_name(sample *s)
{
    bool sentence = s->last == '.' || s->last == '!' || s->last == '?';
    if (s->header == MOST_FIELDS || s->name == 0 || s->name > LONGEST_NAME || !s->letter || sentence) {
        s->wrong = true;
        return;
    }
    for (size_t i = 0; i < s->header; i++)
        s->wrong = s->wrong || s->names[i] == s->hash;
    s->names[s->header++] = s->hash;
}

static void begin_field(sample *s)
{
    s->name = 0;
    s->hash = 14695981039346656037U;
    s->letter = false;
    s->begins = true;
}

static void end_field(sample *s)
{
    if (s->records == 0)
        end_name(s);
    s->fields++;
    s->any = true;
    begin_field(s);
}

static void end_record(sample *s)
{
    if (!s->any)
        return;
    end_field(s);
    s->wrong = s->wrong || s->header < LEAST_FIELDS || s->fields != s->header;
    s->records++;
    s->fields = 0;
    s->any = false;
}

/* True when the records have this delimiter; an unfinished record at the end counts only if the text ends there. */
static bool delimits(char delimiter, const char *text, size_t length, bool whole)
{
    record_reader r = { .delimiter = delimiter };
    sample s = { 0 };
    begin_field(&s);
    for (size_t i = 0; i < length && !s.wrong; i++) {
        switch (record_read(&r, text[i])) {
        case RECORD_BYTE:
            take_byte(&s, text[i]);
            break;
        case RECORD_FIELD:
            end_field(&s);
            break;
        case RECORD_END:
            end_record(&s);
            break;
        case RECORD_NOTHING:
            break;
        }
    }
    if (whole) {
        end_record(&s);
        s.wrong = s.wrong || r.quoted != r.quote;
    }
    return !s.wrong && s.tight && s.records >= LEAST_RECORDS + (delimiter == ',');
}

char record_delimiter(const char *text, size_t length, bool whole)
{
    static const char delimiters[] = ";,\t|";
    for (const char *d = delimiters; *d != '\0'; d++) {
        if (delimits(*d, text, length, whole))
            return *d;
    }
    return 0;
}
