/* Delimited text: a record is a line "name: value" for each of its fields, the names being those of the header. */
#include "extract/helper/decode.h"
#include "extract/helper/records.h"

#include "base/buffer.h"

#include <string.h>

enum { HEADER_BYTES = 64 * 1024 };

typedef struct table {
    output *out;
    buffer header;             /* its names, each ending with NUL */
    size_t names[MOST_FIELDS]; /* where they begin */
    size_t count;
    uint32_t record; /* from 1, the header */
    size_t field;    /* of the record, from 0 */
    bool written;    /* the field has text */
    bool space;      /* between what it has and what comes */
    bool any;        /* the record has text */
} table;

static bool is_space(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7F;
}

static void read_header(table *t, char byte)
{
    if (is_space(byte) && (!t->written || is_space(t->header.data[t->header.length - 1])))
        return;
    if (!t->written && t->count < MOST_FIELDS)
        t->names[t->count] = t->header.length;
    t->written = true;
    buffer_append(&t->header, is_space(byte) ? " " : &byte, 1);
}

/* In front of a field's text: what ends the field before, then the name. */
static void begin_value(table *t)
{
    if (!t->any)
        output_row(t->out, t->record);
    const char *name = t->field < t->count ? t->header.data + t->names[t->field] : "";
    output_bytes(t->out, name, strlen(name));
    if (name[0] != '\0')
        output_bytes(t->out, ": ", 2);
}

static void read_value(table *t, char byte)
{
    if (is_space(byte)) {
        t->space = t->written;
        return;
    }
    if (!t->written)
        begin_value(t);
    else if (t->space)
        output_bytes(t->out, " ", 1);
    output_bytes(t->out, &byte, 1);
    t->written = true;
    t->space = false;
    t->any = true;
}

static void end_name(table *t)
{
    if (t->count == MOST_FIELDS)
        return;
    if (!t->written)
        t->names[t->count] = t->header.length;
    while (t->header.length > t->names[t->count] && is_space(t->header.data[t->header.length - 1]))
        t->header.length--;
    t->count++;
    buffer_append(&t->header, "", 1);
}

static void end_field(table *t)
{
    if (t->record == 1)
        end_name(t);
    else if (t->written)
        output_bytes(t->out, "\n", 1);
    t->written = false;
    t->space = false;
    t->field++;
}

static void end_record(table *t)
{
    end_field(t);
    t->record++;
    t->field = 0;
    t->any = false;
}

static void read_bytes(table *t, record_reader *r, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        switch (record_read(r, text[i])) {
        case RECORD_BYTE:
            if (t->record == 1)
                read_header(t, text[i]);
            else
                read_value(t, text[i]);
            break;
        case RECORD_FIELD:
            end_field(t);
            break;
        case RECORD_END:
            end_record(t);
            break;
        case RECORD_NOTHING:
            break;
        }
    }
}

extract_failure extract_csv(document *d, output *o)
{
    decoder in;
    extract_failure failure = decoder_open(&in, d);
    if (failure != FAILURE_NONE)
        return failure;
    table t = { .out = o, .record = 1 };
    record_reader r = { 0 };
    buffer_init(&t.header, HEADER_BYTES);
    const char *text;
    for (size_t length; (length = decoder_next(&in, &text)) > 0 && !t.header.failed;) {
        if (t.record == 1 && t.field == 0 && !t.written)
            r.delimiter = record_delimiter(text, length, in.at == d->size);
        read_bytes(&t, &r, text, length);
    }
    end_record(&t);
    failure = t.header.failed ? FAILURE_MEMORY : FAILURE_NONE;
    buffer_free(&t.header);
    return failure;
}
