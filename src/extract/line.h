/* What a line of plain text or Markdown is. */
#ifndef VDB_EXTRACT_LINE_H
#define VDB_EXTRACT_LINE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum line_kind {
    LINE_BLANK,
    LINE_TEXT,
    LINE_ITEM,      /* begins a list item: "- ", "* ", "+ ", "3. ", "3) " */
    LINE_HEADING,   /* Markdown only, as all that follow: "## Preços ##" */
    LINE_FENCE,     /* begins or ends fenced code: three or more "`" or "~" */
    LINE_ROW,       /* of a table: begins with "|" */
    LINE_DELIMITER, /* the row under a table's header: "|---|:-:|" */
} line_kind;

typedef struct line {
    line_kind kind;
    size_t indent;    /* spaces in front, a tab being four */
    const char *text; /* a heading's text, without marks and outer spaces; else the line without outer spaces */
    size_t length;
    int level;  /* of a heading, 1 to 6; of a fence, how many marks */
    char mark;  /* of a fence */
    bool plain; /* of a fence: nothing stands behind its marks, so it may end code */
} line;

/* Reads a line, with or without its end ("\n", "\r\n"). `text` of the result points into `bytes`. */
line line_read(const char *bytes, size_t length, bool markdown);

#endif
