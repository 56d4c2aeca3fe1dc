#include "extract/helper/records.h"

#include <stdint.h>
#include <string.h>

enum { LEAST_RECORDS = 2, LONGEST_NAME = 80 };

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
    size_t header; /* fields of the first record */
    size_t records;
    size_t name;                 /* length of the header's current field */
    uint64_t names[MOST_FIELDS]; /* hashes of the header's fields */
    bool tight;                  /* a field begins right behind its delimiter; in a sentence there is a space */
    bool wrong;
} sample;

/* A name in the header: neither empty, nor long, nor a number or a sentence, nor there twice. */
static void end_name(sample *s, uint64_t hash, bool letter, char last)
{
    bool sentence = last == '.' || last == '!' || last == '?';
    if (s->header == MOST_FIELDS || s->name == 0 || s->name > LONGEST_NAME || !letter || sentence) {
        s->wrong = true;
        return;
    }
    for (size_t i = 0; i < s->header; i++)
        s->wrong = s->wrong || s->names[i] == hash;
    s->names[s->header++] = hash;
    s->name = 0;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* True when the records have this delimiter; an unfinished record at the end does not count. */
static bool delimits(char delimiter, const char *text, size_t length, bool whole)
{
    record_reader r = { .delimiter = delimiter };
    sample s = { 0 };
    uint64_t hash = 14695981039346656037U; /* FNV-1a */
    bool letter = false, bytes = false, begins = false;
    size_t fields = 0;
    char last = 0;
    for (size_t i = 0; i < length && !s.wrong; i++) {
        record_event event = record_read(&r, text[i]);
        bytes = bytes || event == RECORD_BYTE || event == RECORD_FIELD;
        s.tight = s.tight || (begins && event == RECORD_BYTE && text[i] != ' ');
        begins = event == RECORD_FIELD || (begins && event == RECORD_NOTHING);
        last = event == RECORD_BYTE ? text[i] : last;
        if (event == RECORD_BYTE && s.records == 0) {
            hash = (hash ^ (unsigned char)text[i]) * 1099511628211U;
            letter = letter || is_letter(text[i]);
            s.name++;
        }
        if (event != RECORD_FIELD && (event != RECORD_END || !bytes))
            continue;
        fields++;
        if (s.records == 0) {
            end_name(&s, hash, letter, last);
            hash = 14695981039346656037U;
            letter = false;
        }
        if (event == RECORD_END) {
            s.wrong = s.wrong || s.header < 2 || fields != s.header;
            s.records++;
            fields = 0;
            bytes = false;
        }
    }
    if (whole && bytes && !s.wrong) { /* the last line has no end */
        s.wrong = fields + 1 != s.header || r.quoted != r.quote;
        s.records++;
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
