/* What an extractor says: text, in the Markdown that the splitter reads, and where it stands in the document. */
#ifndef VDB_EXTRACT_HELPER_OUTPUT_H
#define VDB_EXTRACT_HELPER_OUTPUT_H

#include "extract/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Told of whole frames, some at a time. */
typedef void (*output_sink)(void *context, const char *bytes, size_t length);

/* What stands between what was written and what comes. */
typedef enum output_gap { GAP_NONE, GAP_SPACE, GAP_LINE, GAP_BLOCK } output_gap;

typedef struct output {
    output_sink sink;
    void *context;
    char frame[sizeof(frame_header) + FRAME_BYTES]; /* the current frame of text */
    size_t length;                                  /* of its text */

    output_gap gap;
    char prefix[32]; /* of the next line: "## ", "- ", "| " */
    bool written;    /* there is text before */
    bool in_line;    /* the current block, item or cell has text */
    bool in_heading;
    bool in_list;
    bool in_code;
    char last;     /* byte written */
    int items;     /* of lists, nested */
    int tables;    /* nested */
    int rows;      /* of the outer table so far */
    int cells;     /* of the current row so far */
    int unwritten; /* cells of it without text so far */
} output;

void output_begin(output *o, output_sink sink, void *context);
void output_kind(output *o, document_kind kind, const char *mime_type);
void output_end(output *o, extract_failure failure);

/* UTF-8 as it is; a call may end in the middle of a character, which the next one finishes. */
void output_bytes(output *o, const char *text, size_t length);
void output_row(output *o, uint32_t number);
void output_page(output *o, uint32_t number);

/*
 * Blocks. What begins ends what was there, except in a table, where everything is one line. Space in text is collapsed.
 * What gets no text is left out.
 */
void output_heading(output *o, int level);
void output_paragraph(output *o);
void output_item(output *o, int depth, int number); /* depth from 1; number 0: a bullet */
void output_item_end(output *o);
void output_line(output *o); /* a new line in the block */
void output_text(output *o, const char *text, size_t length);
/* Within these, text is kept as it is. */
void output_code_begin(output *o);
void output_code_end(output *o);
/* The first row of a table is its header. A table in a table is text of its cell. */
void output_table_begin(output *o);
void output_table_row(output *o);
void output_table_cell(output *o);
void output_table_end(output *o);

#endif
