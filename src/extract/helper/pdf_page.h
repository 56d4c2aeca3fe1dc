/* A page of a PDF: pieces of text at places, and which of them are tables. */
#ifndef VDB_EXTRACT_HELPER_PDF_PAGE_H
#define VDB_EXTRACT_HELPER_PDF_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What poppler takes for a line; of a line in a table, a cell. Points, from the page's upper left corner. */
typedef struct piece {
    const char *text;
    size_t length;
    size_t letter; /* the first one's number on the page */
    double left, right, top, bottom;
    double size;    /* of its letters */
    uint32_t table; /* that it is in, from 1; 0: none */
    uint32_t row;   /* of the page, from the top */
    uint32_t column;
    size_t place; /* in `down` */
} piece;

typedef struct page {
    uint32_t number;
    char *text;
    piece *pieces; /* in reading order */
    size_t count, room;
    piece **down; /* the same, row by row, each from left to right */
} page;

/* True when both stand on one line. */
bool piece_beside(const piece *a, const piece *b);

/* Bytes of the bullet that the piece begins with, as an item of a list does; 0: there is none. */
size_t piece_bullet(const piece *p);

/*
 * Finds the tables of a page and fills `down`: rows that follow each other closely, of short pieces, two at least, in
 * the same columns. Two columns of text are none: their pieces are long. False: memory ran out.
 */
bool page_find_tables(page *p);

#endif
