#include "cli/writer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/utf8.h>

json_writer json_writer_on(FILE *file)
{
    return (json_writer){ .file = file, .first = true };
}

static void put_character(FILE *file, UChar32 c)
{
    char bytes[U8_MAX_LENGTH];
    size_t length = 0;
    U8_APPEND_UNSAFE(bytes, length, c);
    fwrite(bytes, 1, length, file);
}

static void put_quoted(FILE *file, const char *text)
{
    static const char escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    size_t length = strlen(text);
    putc('"', file);
    for (size_t i = 0; i < length;) {
        UChar32 c;
        U8_NEXT_OR_FFFD(text, i, length, c);
        const char *escape = escapes;
        while (*escape != '\0' && *escape != c)
            escape += 2;
        if (*escape != '\0')
            fprintf(file, "\\%c", escape[1]);
        else if (c < ' ' || c == 0x7F)
            fprintf(file, "\\u%04x", (unsigned)c);
        else
            put_character(file, c);
    }
    putc('"', file);
}

static void new_line(const json_writer *w)
{
    fprintf(w->file, "\n%*s", 2 * w->depth, "");
}

static void before(json_writer *w, const char *key)
{
    if (!w->first)
        putc(',', w->file);
    if (w->depth > 0)
        new_line(w);
    w->first = false;
    if (key != NULL) {
        put_quoted(w->file, key);
        fputs(": ", w->file);
    }
}

void json_open(json_writer *w, const char *key, char bracket)
{
    before(w, key);
    putc(bracket, w->file);
    w->depth++;
    w->first = true;
}

void json_close(json_writer *w, char bracket)
{
    w->depth--;
    if (!w->first)
        new_line(w);
    putc(bracket, w->file);
    w->first = false;
    if (w->depth == 0)
        putc('\n', w->file);
}

void json_text(json_writer *w, const char *key, const char *text)
{
    before(w, key);
    if (text == NULL)
        fputs("null", w->file);
    else
        put_quoted(w->file, text);
}

void json_raw(json_writer *w, const char *key, const char *json)
{
    before(w, key);
    fputs(json == NULL ? "null" : json, w->file);
}

void json_integer_member(json_writer *w, const char *key, int64_t number)
{
    before(w, key);
    fprintf(w->file, "%lld", (long long)number);
}

void number_format(char *text, size_t size, double number)
{
    if (!isfinite(number)) {
        snprintf(text, size, "null");
        return;
    }
    int digits = 6;
    do {
        snprintf(text, size, "%.*g", digits++, number);
    } while (digits <= 17 && strtod(text, NULL) != number);
}

void json_number(json_writer *w, const char *key, double number)
{
    char text[40];
    number_format(text, sizeof text, number);
    before(w, key);
    fputs(isfinite(number) ? text : "null", w->file);
}

void json_flag(json_writer *w, const char *key, bool value)
{
    before(w, key);
    fputs(value ? "true" : "false", w->file);
}
