#include "backup/copy_text.h"

#include <string.h>

enum { LONGEST_ROW = 0x7FFFFFFF, MOST_COLUMNS = 1600 };

typedef struct cursor {
    const char *next, *end;
} cursor;

static bool skip(cursor *c, const char *text)
{
    size_t length = strlen(text);
    if ((size_t)(c->end - c->next) < length || memcmp(c->next, text, length) != 0)
        return false;
    c->next += length;
    return true;
}

static bool is_plain(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_';
}

/* An identifier as PostgreSQL quotes one: bare where it can be, else in double quotes, those within it doubled. */
static const char *take_identifier(arena *a, cursor *c)
{
    char *made = arena_alloc(a, (size_t)(c->end - c->next) + 1);
    size_t length = 0;
    if (made == NULL)
        return NULL;
    if (!skip(c, "\"")) {
        while (c->next < c->end && is_plain(*c->next))
            made[length++] = *c->next++;
        return length > 0 ? made : NULL;
    }
    while (c->next < c->end) {
        if (*c->next != '"')
            made[length++] = *c->next++;
        else if (skip(c, "\"\""))
            made[length++] = '"';
        else
            break;
    }
    return skip(c, "\"") && length > 0 ? made : NULL;
}

static bool take_columns(arena *a, cursor *c, copy_head *head)
{
    const char **columns = arena_array(a, MOST_COLUMNS + 1, sizeof *columns);
    if (columns == NULL)
        return false;
    do {
        const char *name = head->column_count < MOST_COLUMNS ? take_identifier(a, c) : NULL;
        if (name == NULL)
            return false;
        columns[head->column_count++] = name;
    } while (skip(c, ", "));
    head->columns = columns;
    return true;
}

bool copy_head_parse(arena *a, const char *line, size_t length, copy_head *head)
{
    cursor c = { line, line + length };
    *head = (copy_head){ .schema = "" };
    if (!skip(&c, "COPY ") || (head->table = take_identifier(a, &c)) == NULL)
        return false;
    if (skip(&c, ".")) {
        head->schema = head->table;
        head->table = take_identifier(a, &c);
    }
    return head->table != NULL && skip(&c, " (") && take_columns(a, &c, head) && skip(&c, ") FROM stdin;") &&
           (c.next == c.end || (skip(&c, "\r") && c.next == c.end));
}

void copy_text_begin(copy_text *t, const copy_listener *listener)
{
    *t = (copy_text){ .listener = *listener };
    buffer_init(&t->rest, LONGEST_ROW);
}

void copy_text_free(copy_text *t)
{
    arena_free(t->memory);
    buffer_free(&t->rest);
}

static vdb_status read_outside(copy_text *t, const char *line, size_t length, vdb_error *error)
{
    copy_head head;
    if (length < 6 || memcmp(line, "COPY ", 5) != 0)
        return t->listener.other == NULL ? VDB_OK : t->listener.other(t->listener.context, line, length, error);
    arena_free(t->memory);
    t->memory = arena_new();
    if (t->memory == NULL)
        return error_memory(error);
    if (!copy_head_parse(t->memory, line, length - (line[length - 1] == '\n'), &head))
        return VDB_OK;
    t->in_rows = true;
    return t->listener.head == NULL ? VDB_OK : t->listener.head(t->listener.context, &head, error);
}

static bool is_end(const char *line, size_t length)
{
    return (length == 3 && memcmp(line, "\\.\n", 3) == 0) || (length == 4 && memcmp(line, "\\.\r\n", 4) == 0);
}

static vdb_status read_line(copy_text *t, const char *line, size_t length, vdb_error *error)
{
    if (!t->in_rows)
        return read_outside(t, line, length, error);
    if (is_end(line, length)) {
        t->in_rows = false;
        return t->listener.end == NULL ? VDB_OK : t->listener.end(t->listener.context, error);
    }
    return t->listener.row == NULL ? VDB_OK : t->listener.row(t->listener.context, line, length, error);
}

vdb_status copy_text_read(copy_text *t, const char *text, size_t length, vdb_error *error)
{
    const char *end = text + length;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline == NULL ? end : newline + 1;
        bool whole = newline != NULL && t->rest.length == 0;
        if (!whole && !buffer_append(&t->rest, text, (size_t)(stop - text)))
            return error_set(error, VDB_BAD_INPUT, "Give a dump made by pg_dump.",
                             "a line is too long, or memory ran out");
        vdb_status status = VDB_OK;
        if (whole) {
            status = read_line(t, text, (size_t)(stop - text), error);
            t->offset += stop - text;
        } else if (newline != NULL) {
            status = read_line(t, t->rest.data, t->rest.length, error);
            t->offset += (int64_t)t->rest.length;
            buffer_reset(&t->rest);
        }
        if (status != VDB_OK)
            return status;
        text = stop;
    }
    return VDB_OK;
}

vdb_status copy_text_finish(copy_text *t, vdb_error *error)
{
    if (!t->in_rows)
        return VDB_OK;
    return error_set(error, VDB_BAD_INPUT, "Use another dump: this one was cut off.",
                     "the text ends within the rows of a table");
}
