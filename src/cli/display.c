#include "cli/display.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>
#include <unistd.h>

enum { GAP = 2, LEAST_WIDTH = 6 };

static size_t character_width(UChar32 c)
{
    uint32_t mask = U_MASK(u_charType(c));
    if ((mask & (U_GC_MN_MASK | U_GC_ME_MASK | U_GC_CF_MASK)) != 0 || (c >= 0x1160 && c <= 0x11FF))
        return 0;
    int east_asian = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
    return east_asian == U_EA_WIDE || east_asian == U_EA_FULLWIDTH ? 2 : 1;
}

size_t display_width(const char *text)
{
    size_t width = 0, length = strlen(text);
    for (size_t i = 0; i < length;) {
        UChar32 c;
        U8_NEXT_OR_FFFD(text, i, length, c);
        width += character_width(c);
    }
    return width;
}

/* Left-to-right marks and the like would let stored text rearrange the line it is shown in. */
static bool rearranges(UChar32 c)
{
    return c == 0x061C || (c >= 0x200E && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

static UChar32 clean_character(UChar32 c, bool lines)
{
    if (c == '\n' && lines)
        return c;
    if (u_isUWhiteSpace(c) && c != 0xA0 && c != 0x3000)
        return ' ';
    return u_charType(c) == U_CONTROL_CHAR || rearranges(c) ? 0xFFFD : c;
}

char *display_clean(arena *memory, const char *text, bool lines)
{
    size_t length = strlen(text);
    char *clean = arena_alloc(memory, 3 * length + 1); /* U+FFFD takes three bytes */
    if (clean == NULL)
        return NULL;
    size_t end = 0;
    for (size_t i = 0; i < length;) {
        UChar32 c;
        U8_NEXT_OR_FFFD(text, i, length, c);
        c = clean_character(c, lines);
        U8_APPEND_UNSAFE(clean, end, c);
    }
    clean[end] = '\0';
    return clean;
}

size_t display_cut(FILE *out, const char *text, size_t width)
{
    size_t full = display_width(text);
    if (full <= width) {
        fputs(text, out);
        return full;
    }
    size_t used = 0, length = strlen(text), end = 0;
    for (size_t i = 0; i < length && used < width;) {
        UChar32 c;
        U8_NEXT_OR_FFFD(text, i, length, c);
        size_t more = character_width(c);
        if (used + more + 1 > width)
            break;
        used += more;
        end = i;
    }
    fwrite(text, 1, end, out);
    if (width > 0)
        fputs("…", out);
    return width > 0 ? used + 1 : 0;
}

size_t display_columns_of(int descriptor)
{
    struct winsize size;
    if (!isatty(descriptor) || ioctl(descriptor, TIOCGWINSZ, &size) != 0)
        return 0;
    return size.ws_col;
}

size_t display_columns(void)
{
    return display_columns_of(STDOUT_FILENO);
}

static void measure(const display_column *head, size_t width, const char *const *cells, size_t rows, size_t *widths)
{
    for (size_t j = 0; j < width; j++)
        widths[j] = display_width(head[j].title);
    for (size_t i = 0; i < rows * width; i++) {
        size_t cell = cells[i] == NULL ? 0 : display_width(cells[i]);
        if (cell > widths[i % width])
            widths[i % width] = cell;
    }
}

/* Narrows the widest column again and again, those of use as a whole last, until the table fits. */
static void narrow(const display_column *head, size_t width, size_t *widths, size_t columns)
{
    size_t total = GAP * (width - 1);
    for (size_t j = 0; j < width; j++)
        total += widths[j];
    for (int whole = 0; whole <= 1; whole++) {
        while (total > columns) {
            size_t widest = width;
            for (size_t j = 0; j < width; j++) {
                bool may = !head[j].right && head[j].whole <= (whole == 1) && widths[j] > LEAST_WIDTH;
                if (may && (widest == width || widths[j] > widths[widest]))
                    widest = j;
            }
            if (widest == width)
                break;
            widths[widest]--;
            total--;
        }
    }
}

static void print_cell(FILE *out, const char *text, size_t width, bool right, bool last)
{
    size_t full = display_width(text);
    if (right && full < width)
        fprintf(out, "%*s", (int)(width - full), "");
    size_t used = display_cut(out, text, width);
    if (!last)
        fprintf(out, "%*s", (int)(GAP + (right || used > width ? 0 : width - used)), "");
}

void display_table(FILE *out, const display_column *head, size_t width, const char *const *cells, size_t rows,
                   size_t columns)
{
    size_t *widths = calloc(width + 1, sizeof *widths);
    if (widths == NULL)
        return;
    measure(head, width, cells, rows, widths);
    if (columns > 0)
        narrow(head, width, widths, columns);
    for (size_t j = 0; j < width; j++)
        print_cell(out, head[j].title, widths[j], head[j].right, j + 1 == width);
    putc('\n', out);
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < width; j++) {
            const char *cell = cells[i * width + j];
            print_cell(out, cell == NULL ? "" : cell, widths[j], head[j].right, j + 1 == width);
        }
        putc('\n', out);
    }
    free(widths);
}

void display_pairs(FILE *out, const char *const *keys, const char *const *values, size_t count)
{
    size_t widest = 0;
    for (size_t i = 0; i < count; i++) {
        size_t width = display_width(keys[i]);
        widest = width > widest ? width : widest;
    }
    int indent = (int)(widest + GAP);
    for (size_t i = 0; i < count; i++) {
        const char *line = values[i] == NULL ? "" : values[i];
        fprintf(out, "%-*s", *line == '\0' ? 0 : indent, keys[i]);
        for (const char *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
            fprintf(out, "%.*s\n%*s", (int)(end - line), line, indent, "");
        fprintf(out, "%s\n", line);
    }
}
