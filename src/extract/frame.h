/* What the extracting process writes and the library reads: frames on a pipe. */
#ifndef VDB_EXTRACT_FRAME_H
#define VDB_EXTRACT_FRAME_H

#include <stdint.h>

typedef enum document_kind {
    KIND_UNKNOWN,
    KIND_TEXT,
    KIND_MARKDOWN,
    KIND_CSV,
    KIND_HTML,
    KIND_PDF,
    KIND_DOCX,
    KIND_ODT,
    KIND_COUNT,
} document_kind;

/* Why a document has no text for us. */
typedef enum extract_failure {
    FAILURE_NONE,
    FAILURE_BINARY,      /* neither text nor a known kind */
    FAILURE_UNSUPPORTED, /* a known kind that is not read */
    FAILURE_ENCODING,    /* UTF-8 with wrong bytes among right ones */
    FAILURE_CUT_SHORT,   /* UTF-8 that ends in the middle of a character */
    FAILURE_DAMAGED,
    FAILURE_ENCRYPTED,
    FAILURE_SCANNED,  /* pages without text */
    FAILURE_MACROS,   /* programs in it */
    FAILURE_BOMB,     /* it unpacks to more than any document needs */
    FAILURE_ENTITIES, /* it defines abbreviations, of which a few bytes can become gigabytes */
    FAILURE_MEMORY,
    FAILURE_COUNT,
} extract_failure;

typedef enum frame_type {
    FRAME_KIND, /* the first: one byte document_kind, then the MIME type */
    FRAME_TEXT, /* UTF-8 without NUL, whole characters */
    FRAME_ROW,  /* uint32_t: what follows belongs to this record of a table, the header being 1 */
    FRAME_PAGE, /* uint32_t: what follows stands on this page, from 1 */
    FRAME_END,  /* the last: one byte extract_failure */
} frame_type;

/* Both ends are on one machine: its own byte order. */
typedef struct frame_header {
    uint32_t type;
    uint32_t length; /* of what follows */
} frame_header;

enum { FRAME_BYTES = 64 * 1024 /* the longest payload */, MIME_BYTES = 99 };

#endif
