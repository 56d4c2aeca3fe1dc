/* Records of delimited text: fields between delimiters, in quotes where they hold one, a quote doubled (RFC 4180). */
#ifndef VDB_EXTRACT_HELPER_RECORDS_H
#define VDB_EXTRACT_HELPER_RECORDS_H

#include <stdbool.h>
#include <stddef.h>

enum { MOST_FIELDS = 1024 };

typedef struct record_reader {
    char delimiter;
    bool quoted;  /* inside of quotes */
    bool quote;   /* the last byte was a quote inside of quotes: their end, or the first of two */
    bool started; /* the field has a byte or a quote */
    bool ended;   /* the last byte was a CR that ended a record */
} record_reader;

typedef enum record_event {
    RECORD_BYTE, /* of the current field */
    RECORD_NOTHING,
    RECORD_FIELD, /* the field ends */
    RECORD_END,   /* the field and the record end */
} record_event;

/* What a byte means. The end of the text ends a record that has begun. */
record_event record_read(record_reader *r, char byte);

/*
 * The delimiter of `text`, the beginning of a document: the one of ; , tab | that all its records have in the same
 * number, below a header of short, different names, and not always with a space behind it. 0: it is not delimited text.
 * `whole`: it is all of the document.
 */
char record_delimiter(const char *text, size_t length, bool whole);

#endif
