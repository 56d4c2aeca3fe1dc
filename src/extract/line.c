#include "extract/line.h"

enum { MOST_HEADING_LEVELS = 6, LEAST_FENCE_MARKS = 3, MOST_INDENT = 3, MOST_ITEM_DIGITS = 9, TAB = 4 };

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static void trim(line *l)
{
    while (l->length > 0 && is_space(l->text[l->length - 1]))
        l->length--;
    for (; l->length > 0 && is_space(l->text[0]); l->text++, l->length--)
        l->indent += l->text[0] == '\t' ? TAB : 1;
}

/* How often the line begins with `mark`. */
static size_t count_marks(const line *l, char mark)
{
    size_t n = 0;
    while (n < l->length && l->text[n] == mark)
        n++;
    return n;
}

/* True when `at` is the line's end, or a space stands there. */
static bool ends_or_space(const line *l, size_t at)
{
    return at == l->length || is_space(l->text[at]);
}

static bool is_item(const line *l)
{
    char first = l->text[0];
    if (first == '-' || first == '*' || first == '+')
        return l->length > 1 && is_space(l->text[1]);
    size_t digits = 0;
    while (digits < l->length && digits <= MOST_ITEM_DIGITS && l->text[digits] >= '0' && l->text[digits] <= '9')
        digits++;
    return digits > 0 && digits <= MOST_ITEM_DIGITS && digits + 1 < l->length &&
           (l->text[digits] == '.' || l->text[digits] == ')') && is_space(l->text[digits + 1]);
}

static bool read_heading(line *l)
{
    size_t marks = count_marks(l, '#');
    if (marks < 1 || marks > MOST_HEADING_LEVELS || !ends_or_space(l, marks))
        return false;
    l->kind = LINE_HEADING;
    l->level = (int)marks;
    size_t end = l->length;
    while (end > marks && l->text[end - 1] == '#')
        end--;
    if (end == marks || is_space(l->text[end - 1])) /* closing marks */
        l->length = end;
    l->text += marks;
    l->length -= marks;
    trim(l);
    return true;
}

static bool read_fence(line *l)
{
    size_t marks = count_marks(l, l->text[0]);
    if ((l->text[0] != '`' && l->text[0] != '~') || marks < LEAST_FENCE_MARKS)
        return false;
    for (size_t i = marks; i < l->length && l->text[0] == '`'; i++) {
        if (l->text[i] == '`')
            return false; /* code within a line */
    }
    l->kind = LINE_FENCE;
    l->mark = l->text[0];
    l->level = marks < 1000 ? (int)marks : 1000;
    l->plain = marks == l->length;
    return true;
}

static bool is_delimiter(const line *l)
{
    bool dash = false;
    for (size_t i = 0; i < l->length; i++) {
        char c = l->text[i];
        if (c != '|' && c != '-' && c != ':' && !is_space(c))
            return false;
        dash = dash || c == '-';
    }
    return dash;
}

line line_read(const char *bytes, size_t length, bool markdown)
{
    line l = { .kind = LINE_TEXT, .text = bytes, .length = length };
    trim(&l);
    if (l.length == 0)
        l.kind = LINE_BLANK;
    else if (markdown && l.indent <= MOST_INDENT && (read_heading(&l) || read_fence(&l)))
        return l;
    else if (markdown && l.text[0] == '|')
        l.kind = is_delimiter(&l) ? LINE_DELIMITER : LINE_ROW;
    else if (is_item(&l))
        l.kind = LINE_ITEM;
    return l;
}
