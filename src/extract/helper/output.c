/*
 * Blocks are written late: what separates two texts is remembered as a gap and a prefix, and written when the second
 * text comes. So an empty heading, item or row leaves no trace, and gaps never add up.
 */
#include "extract/helper/output.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { DEEPEST_ITEM = 8, MOST_CELLS = 1000 };

/* ---- frames ---- */

static void send(output *o, frame_type type, const void *payload, size_t length)
{
    char frame[sizeof(frame_header) + 1 + MIME_BYTES];
    const frame_header header = { .type = (uint32_t)type, .length = (uint32_t)length };
    memcpy(frame, &header, sizeof header);
    memcpy(frame + sizeof header, payload, length);
    o->sink(o->context, frame, sizeof header + length);
}

/* Gives out the text so far, but for the beginning of a character at its end. */
static void flush(output *o)
{
    char *text = o->frame + sizeof(frame_header);
    size_t kept = text_utf8_tail(text, o->length);
    const frame_header header = { .type = FRAME_TEXT, .length = (uint32_t)(o->length - kept) };
    if (header.length == 0)
        return;
    memcpy(o->frame, &header, sizeof header);
    o->sink(o->context, o->frame, sizeof header + header.length);
    memmove(text, text + header.length, kept);
    o->length = kept;
}

void output_begin(output *o, output_sink sink, void *context)
{
    *o = (output){ .sink = sink, .context = context };
}

void output_kind(output *o, document_kind kind, const char *mime_type)
{
    char payload[1 + MIME_BYTES];
    size_t length = strnlen(mime_type, MIME_BYTES);
    payload[0] = (char)kind;
    memcpy(payload + 1, mime_type, length);
    send(o, FRAME_KIND, payload, 1 + length);
}

void output_end(output *o, extract_failure failure)
{
    const char payload = (char)failure;
    flush(o);
    send(o, FRAME_END, &payload, 1);
}

void output_bytes(output *o, const char *text, size_t length)
{
    if (length > 0)
        o->last = text[length - 1];
    while (length > 0) {
        if (o->length == FRAME_BYTES)
            flush(o);
        size_t room = FRAME_BYTES - o->length;
        size_t take = length < room ? length : room;
        memcpy(o->frame + sizeof(frame_header) + o->length, text, take);
        o->length += take;
        text += take;
        length -= take;
    }
}

void output_row(output *o, uint32_t number)
{
    flush(o);
    send(o, FRAME_ROW, &number, sizeof number);
}

void output_page(output *o, uint32_t number)
{
    flush(o);
    send(o, FRAME_PAGE, &number, sizeof number);
}

/* ---- blocks ---- */

static void write_string(output *o, const char *text)
{
    output_bytes(o, text, strlen(text));
}

static void widen_gap(output *o, output_gap gap)
{
    if (o->gap < gap)
        o->gap = gap;
}

/* Begins a block. In a table it is a space. */
static bool begin_block(output *o, output_gap gap)
{
    if (o->tables > 0) {
        widen_gap(o, GAP_SPACE);
        return false;
    }
    widen_gap(o, gap);
    o->prefix[0] = '\0';
    o->in_line = false;
    o->in_heading = false;
    return true;
}

void output_heading(output *o, int level)
{
    if (!begin_block(o, GAP_BLOCK))
        return;
    o->in_heading = true;
    o->in_list = false;
    snprintf(o->prefix, sizeof o->prefix, "%.*s ", level < 1 ? 1 : level > 6 ? 6 : level, "######");
}

void output_paragraph(output *o)
{
    if (o->items > 0 && o->tables == 0) {
        widen_gap(o, o->in_line ? GAP_LINE : GAP_NONE);
        o->in_heading = false;
    } else if (begin_block(o, GAP_BLOCK)) {
        o->in_list = false;
    }
}

void output_item(output *o, int depth, int number)
{
    o->items++;
    if (!begin_block(o, o->in_list ? GAP_LINE : GAP_BLOCK))
        return;
    o->in_list = true;
    int indent = 2 * ((depth < DEEPEST_ITEM ? depth : DEEPEST_ITEM) - 1);
    if (number > 0)
        snprintf(o->prefix, sizeof o->prefix, "%*s%d. ", indent, "", number);
    else
        snprintf(o->prefix, sizeof o->prefix, "%*s- ", indent, "");
}

void output_item_end(output *o)
{
    if (o->items > 0)
        o->items--;
    if (!o->in_line)
        o->prefix[0] = '\0';
    widen_gap(o, o->tables > 0 ? GAP_SPACE : GAP_LINE);
}

void output_line(output *o)
{
    widen_gap(o, o->tables > 0 || o->in_heading || !o->in_line ? GAP_SPACE : GAP_LINE);
}

/* Writes the gap and the prefix in front of a text. True: the text begins a line. */
static bool write_front(output *o)
{
    static const char *const gaps[] = { "", " ", "\n", "\n\n" };
    bool begins = !o->in_line || o->gap >= GAP_LINE;
    if (o->written && (o->in_line || o->gap >= GAP_LINE))
        write_string(o, gaps[o->gap]);
    bool bare = o->prefix[0] == '\0';
    write_string(o, o->prefix);
    o->prefix[0] = '\0';
    o->gap = GAP_NONE;
    o->written = true;
    o->in_line = true;
    return begins && bare;
}

static bool is_space(unsigned char c)
{
    return c <= ' ' || c == 0x7F;
}

/* Text that would be read as a heading or as the fence of code. */
static bool looks_like_mark(const char *text, size_t length)
{
    if (text[0] == '#')
        return true;
    return (text[0] == '`' || text[0] == '~') && (length < 3 || (text[1] == text[0] && text[2] == text[0]));
}

/* The cells of a row up to the one that has got a text. */
static void write_cells(output *o)
{
    if (o->unwritten == 0)
        return;
    if (o->cells == o->unwritten) { /* the row's first text */
        widen_gap(o, o->rows > 0 ? GAP_LINE : GAP_BLOCK);
        o->in_line = false;
        write_front(o);
        write_string(o, "|");
    } else {
        write_string(o, " |");
    }
    for (; o->unwritten > 1; o->unwritten--)
        write_string(o, " |");
    write_string(o, " ");
    o->unwritten = 0;
    o->gap = GAP_NONE;
}

/* A word, or a piece of one, as it stands in its block. */
static void write_word(output *o, const char *word, size_t length)
{
    if (o->tables == 0) {
        if (write_front(o) && looks_like_mark(word, length))
            write_string(o, "\\");
        output_bytes(o, word, length);
        return;
    }
    if (o->cells == 0)
        output_table_cell(o);
    write_cells(o);
    write_string(o, o->gap == GAP_NONE ? "" : " ");
    o->gap = GAP_NONE;
    for (const char *bar; (bar = memchr(word, '|', length)) != NULL;) {
        output_bytes(o, word, (size_t)(bar - word));
        write_string(o, "\\|");
        length -= (size_t)(bar - word) + 1;
        word = bar + 1;
    }
    output_bytes(o, word, length);
}

/* Bytes that stand for one space: control characters, spaces, the space that does not break. */
static size_t space_at(const char *text, size_t length)
{
    if (is_space((unsigned char)text[0]))
        return 1;
    return length >= 2 && memcmp(text, "\xC2\xA0", 2) == 0 ? 2 : 0;
}

static void write_code(output *o, const char *text, size_t length)
{
    if (!o->in_line)
        write_front(o);
    for (const char *nul; (nul = memchr(text, '\0', length)) != NULL;) {
        output_bytes(o, text, (size_t)(nul - text));
        length -= (size_t)(nul - text) + 1;
        text = nul + 1;
    }
    output_bytes(o, text, length);
}

void output_text(output *o, const char *text, size_t length)
{
    if (o->in_code) {
        write_code(o, text, length);
        return;
    }
    for (size_t at = 0; at < length;) {
        size_t space = space_at(text + at, length - at);
        if (space > 0) {
            widen_gap(o, GAP_SPACE);
            at += space;
            continue;
        }
        size_t start = at;
        while (at < length && space_at(text + at, length - at) == 0)
            at++;
        write_word(o, text + start, at - start);
    }
}

void output_code_begin(output *o)
{
    if (!begin_block(o, GAP_BLOCK))
        return;
    o->in_code = true;
    o->in_list = false;
    snprintf(o->prefix, sizeof o->prefix, "```\n");
}

void output_code_end(output *o)
{
    if (!o->in_code)
        return;
    o->in_code = false;
    if (o->in_line)
        write_string(o, o->last == '\n' ? "```" : "\n```");
    begin_block(o, GAP_BLOCK);
}

/* ---- tables ---- */

static void end_row(output *o)
{
    bool written = o->cells > o->unwritten;
    for (; written && o->unwritten > 0; o->unwritten--)
        write_string(o, " |");
    if (written) {
        write_string(o, " |");
        o->rows++;
        for (int i = 0; o->rows == 1 && i < o->cells; i++)
            write_string(o, i == 0 ? "\n|---|" : "---|");
    }
    o->cells = 0;
    o->unwritten = 0;
    o->gap = GAP_NONE;
}

void output_table_begin(output *o)
{
    if (o->tables++ > 0) {
        widen_gap(o, GAP_SPACE);
        return;
    }
    o->tables = 0;
    output_paragraph(o);
    o->tables = 1;
    o->rows = 0;
    o->cells = 0;
    o->unwritten = 0;
}

void output_table_row(output *o)
{
    if (o->tables == 1)
        end_row(o);
}

void output_table_cell(output *o)
{
    if (o->tables != 1 || o->cells == MOST_CELLS) {
        widen_gap(o, GAP_SPACE);
        return;
    }
    o->cells++;
    o->unwritten++;
    o->gap = GAP_NONE;
}

void output_table_end(output *o)
{
    if (o->tables == 1) {
        end_row(o);
        o->tables = 0;
        output_paragraph(o);
    } else if (o->tables > 1) {
        o->tables--;
        widen_gap(o, GAP_SPACE);
    }
}
