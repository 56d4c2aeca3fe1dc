/* Text on a terminal: how wide it is, made safe to print, in aligned tables. */
#ifndef VDB_CLI_DISPLAY_H
#define VDB_CLI_DISPLAY_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdio.h>

/* Columns that text takes on a terminal, by Unicode's East Asian width; marks and format characters take none. */
size_t display_width(const char *text);

/*
 * A copy without anything a terminal would act on: control characters become spaces, or U+FFFD where they are none of
 * white space, and what is not UTF-8 becomes U+FFFD. `lines`: newlines stay. NULL: memory ran out.
 */
char *display_clean(arena *memory, const char *text, bool lines);

/* Prints cleaned text in at most `width` columns, cut with "…", and returns how many it took. */
size_t display_cut(FILE *out, const char *text, size_t width);

/* Columns of the terminal that stdout, or this descriptor, is; 0: it is none. */
size_t display_columns(void);
size_t display_columns_of(int descriptor);

typedef struct display_column {
    const char *title;
    bool right; /* numbers */
    bool whole; /* cut last: it is only of use as a whole */
} display_column;

/* Cells row by row, cleaned, NULL shown as nothing. `columns` 0: nothing is cut. */
void display_table(FILE *out, const display_column *head, size_t width, const char *const *cells, size_t rows,
                   size_t columns);

/* Lines of "key  value"; a value of several lines is indented. */
void display_pairs(FILE *out, const char *const *keys, const char *const *values, size_t count);

#endif
