#include "cli/output.h"

#include "cli/display.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char stdout_hint[] = "Let standard output be a file or a program that reads to the end.";

/* ---- stdout -------------------------------------------------------------------------------------------------------
 */

vdb_status output_check(vdb_error *error)
{
    struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
    bool broken = poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLNVAL)) != 0;
    int flags = fcntl(STDOUT_FILENO, F_GETFL);
    if (!broken && flags >= 0 && (flags & O_ACCMODE) != O_RDONLY)
        return VDB_OK;
    error_set(error, VDB_BAD_INPUT, stdout_hint, "standard output is closed");
    return error_detail(error, "nothing was done");
}

vdb_status output_finish(vdb_error *error)
{
    int before = ferror(stdout);
    errno = 0;
    if (fflush(stdout) == 0 && before == 0)
        return VDB_OK;
    int reason = errno;
    error_set(error, VDB_BAD_INPUT, stdout_hint, "cannot write to standard output%s%s", reason == 0 ? "" : ": ",
              reason == 0 ? "" : strerror(reason));
    return error_detail(error, "what the command had to do is done; only the rest of its report is lost");
}

/* ---- fields -------------------------------------------------------------------------------------------------------
 */

static const void *member_of(const field *f, const void *row)
{
    return (const char *)row + f->offset;
}

static const char *text_of(const field *f, const void *row)
{
    const char *text;
    memcpy(&text, member_of(f, row), sizeof text);
    return text;
}

static int64_t integer_of(const field *f, const void *row)
{
    int64_t number;
    memcpy(&number, member_of(f, row), sizeof number);
    return number;
}

static double real_of(const field *f, const void *row)
{
    double number;
    memcpy(&number, member_of(f, row), sizeof number);
    return number;
}

static bool boolean_of(const field *f, const void *row)
{
    bool value;
    memcpy(&value, member_of(f, row), sizeof value);
    return value;
}

static const char *const *strings_of(const field *f, const void *row)
{
    const char *const *strings;
    memcpy(&strings, member_of(f, row), sizeof strings);
    return strings;
}

/* A provider's config, under whatever name a row carries it, is only ever shown masked. */
static bool holds_secrets(const field *f)
{
    static const char suffix[] = "config";
    size_t length = strlen(f->name);
    return f->type == FIELD_JSON && length >= sizeof suffix - 1 &&
           strcmp(f->name + length - (sizeof suffix - 1), suffix) == 0;
}

static bool ends_with_uuid(const char *name)
{
    size_t length = strlen(name);
    return length >= 5 && strcmp(name + length - 5, "_uuid") == 0;
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------
 */

static void write_json(json_writer *w, const field *f, const char *json)
{
    char *masked = NULL;
    if (json != NULL && holds_secrets(f))
        json = masked = vdb_provider_config_masked(json);
    json_raw(w, f->name, json);
    free(masked);
}

static void write_strings(json_writer *w, const char *key, const char *const *strings)
{
    if (strings == NULL) {
        json_raw(w, key, NULL);
        return;
    }
    json_open(w, key, '[');
    for (; *strings != NULL; strings++)
        json_text(w, NULL, *strings);
    json_close(w, ']');
}

void output_members(json_writer *w, const record *r, const void *row)
{
    for (const field *f = r->fields; f < r->fields + r->count; f++) {
        switch (f->type) {
        case FIELD_TEXT:
        case FIELD_INSTANT:
            json_text(w, f->name, text_of(f, row));
            break;
        case FIELD_JSON:
            write_json(w, f, text_of(f, row));
            break;
        case FIELD_INTEGER:
            json_integer_member(w, f->name, integer_of(f, row));
            break;
        case FIELD_REAL:
            json_number(w, f->name, real_of(f, row));
            break;
        case FIELD_BOOLEAN:
            json_flag(w, f->name, boolean_of(f, row));
            break;
        case FIELD_STRINGS:
            write_strings(w, f->name, strings_of(f, row));
            break;
        }
    }
}

void output_array(json_writer *w, const char *key, const record *r, const void *rows, size_t count)
{
    json_open(w, key, '[');
    for (size_t i = 0; i < count; i++) {
        json_open(w, NULL, '{');
        output_members(w, r, (const char *)rows + i * r->size);
        json_close(w, '}');
    }
    json_close(w, ']');
}

/* ---- for people ---------------------------------------------------------------------------------------------------
 */

static const char *join(arena *memory, const char *const *strings)
{
    const char *joined = strings == NULL ? NULL : "";
    for (size_t i = 0; joined != NULL && strings[i] != NULL; i++)
        joined = arena_printf(memory, "%s%s%s", joined, i == 0 ? "" : ", ", strings[i]);
    return joined;
}

static const char *masked_json(arena *memory, const field *f, const char *json)
{
    if (json == NULL || !holds_secrets(f))
        return json;
    char *masked = vdb_provider_config_masked(json);
    const char *copy = arena_copy_string(memory, masked);
    free(masked);
    return copy;
}

/* "2026-03-01 12:00:00Z" for a column; a record by itself shows all. */
static const char *short_instant(arena *memory, const char *instant)
{
    if (instant == NULL || strlen(instant) < 20 || instant[10] != 'T')
        return instant;
    return arena_printf(memory, "%.10s %.8sZ", instant, instant + 11);
}

static const char *cell_text(arena *memory, const field *f, const void *row, bool column)
{
    char number[40];
    switch (f->type) {
    case FIELD_TEXT:
        return text_of(f, row);
    case FIELD_INSTANT:
        return column ? short_instant(memory, text_of(f, row)) : text_of(f, row);
    case FIELD_JSON:
        return masked_json(memory, f, text_of(f, row));
    case FIELD_INTEGER:
        return arena_printf(memory, "%lld", (long long)integer_of(f, row));
    case FIELD_REAL:
        number_format(number, sizeof number, real_of(f, row));
        return column ? arena_printf(memory, "%.3f", real_of(f, row)) : arena_copy_string(memory, number);
    case FIELD_BOOLEAN:
        return boolean_of(f, row) ? "yes" : "no";
    case FIELD_STRINGS:
        return join(memory, strings_of(f, row));
    }
    return NULL;
}

static const char *cell(arena *memory, const field *f, const void *row, bool column)
{
    const char *text = cell_text(memory, f, row, column);
    return text == NULL ? NULL : display_clean(memory, text, !column);
}

static const field *find_field(const record *r, const char *name, size_t length)
{
    for (const field *f = r->fields; f < r->fields + r->count; f++) {
        if (strlen(f->name) == length && memcmp(f->name, name, length) == 0)
            return f;
    }
    return NULL;
}

enum { MOST_COLUMNS = 16 };

static size_t choose_columns(const record *r, const char *columns, const field **fields, display_column *head)
{
    size_t width = 0;
    while (*columns != '\0' && width < MOST_COLUMNS) {
        size_t length = strcspn(columns, " ");
        const field *f = find_field(r, columns, length);
        if (f != NULL) {
            fields[width] = f;
            head[width++] = (display_column){ .title = f->name,
                                              .right = f->type == FIELD_INTEGER || f->type == FIELD_REAL,
                                              .whole = ends_with_uuid(f->name) };
        }
        columns += length + strspn(columns + length, " ");
    }
    return width;
}

void output_table(const cli_call *call, const record *r, const void *rows, size_t count, const char *columns)
{
    const field *fields[MOST_COLUMNS];
    display_column head[MOST_COLUMNS];
    size_t width = choose_columns(r, columns, fields, head);
    const char **cells = arena_array(call->memory, count * width + 1, sizeof *cells);
    if (cells == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < width; j++)
            cells[i * width + j] = cell(call->memory, fields[j], (const char *)rows + i * r->size, true);
    }
    display_table(stdout, head, width, cells, count, display_columns());
}

void output_pairs(const cli_call *call, const record *r, const void *row)
{
    const char **keys = arena_array(call->memory, r->count, sizeof *keys);
    const char **values = arena_array(call->memory, r->count, sizeof *values);
    if (keys == NULL || values == NULL)
        return;
    for (size_t i = 0; i < r->count; i++) {
        keys[i] = r->fields[i].name;
        values[i] = cell(call->memory, &r->fields[i], row, false);
    }
    display_pairs(stdout, keys, values, r->count);
}

/* ---- whole documents ----------------------------------------------------------------------------------------------
 */

void output_rows(const cli_call *call, const record *r, const void *rows, size_t count, const char *columns)
{
    if (call->json) {
        json_writer w = json_writer_on(stdout);
        output_array(&w, NULL, r, rows, count);
    } else {
        output_table(call, r, rows, count, columns);
    }
}

void output_row(const cli_call *call, const record *r, const void *row)
{
    if (call->json) {
        json_writer w = json_writer_on(stdout);
        json_open(&w, NULL, '{');
        output_members(&w, r, row);
        json_close(&w, '}');
    } else {
        output_pairs(call, r, row);
    }
}

void output_uuid(const cli_call *call, const char *key, const char *uuid)
{
    if (call->json) {
        json_writer w = json_writer_on(stdout);
        json_open(&w, NULL, '{');
        json_text(&w, key, uuid);
        json_close(&w, '}');
    } else {
        printf("%s\n", uuid);
    }
}

/* ---- stderr -------------------------------------------------------------------------------------------------------
 */

void output_note(const cli_call *call, const char *format, ...)
{
    if (call->json)
        return;
    fflush(stdout); /* in the order in which things were said; a failure is found by output_finish() */
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    putc('\n', stderr);
}

static const char *or_null(const char *text)
{
    return *text == '\0' ? NULL : text;
}

void output_error_members(json_writer *w, const vdb_error *error)
{
    json_text(w, "status", vdb_status_name(error->status));
    json_integer_member(w, "exit", error->status);
    json_text(w, "message", error->message);
    json_text(w, "detail", or_null(error->detail));
    json_text(w, "hint", or_null(error->hint));
    json_text(w, "sqlstate", or_null(error->sqlstate));
}

static void error_json(const vdb_error *error)
{
    json_writer w = json_writer_on(stderr);
    json_open(&w, NULL, '{');
    json_open(&w, "error", '{');
    output_error_members(&w, error);
    json_close(&w, '}');
    json_close(&w, '}');
}

void output_error(bool json, const char *about, const vdb_error *error)
{
    if (json) {
        error_json(error);
        return;
    }
    fflush(stdout);
    fprintf(stderr, "voicedb: %s%s%s\n", about == NULL ? "" : about, about == NULL ? "" : ": ", error->message);
    if (*error->detail != '\0')
        fprintf(stderr, "  %s\n", error->detail);
    if (*error->hint != '\0')
        fprintf(stderr, "hint: %s\n", error->hint);
}
