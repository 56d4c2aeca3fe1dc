/* Text of unknown encoding to UTF-8. */
#ifndef VDB_EXTRACT_HELPER_DECODE_H
#define VDB_EXTRACT_HELPER_DECODE_H

#include "extract/helper/document.h"

typedef enum encoding { ENCODING_UTF8, ENCODING_WINDOWS_1252, ENCODING_UTF16_LE, ENCODING_UTF16_BE } encoding;

/*
 * Reads all of the document. FAILURE_BINARY: there is a NUL in it; FAILURE_ENCODING, FAILURE_CUT_SHORT: it is damaged
 * UTF-8. What is no UTF-8 at all is Windows-1252, of which Latin-1's letters are a part.
 */
extract_failure encoding_of(document *d, encoding *found);

enum { DECODE_BYTES = 16 * 1024, DECODED_BYTES = 3 * DECODE_BYTES + 4 };

typedef struct decoder {
    document *document;
    encoding encoding;
    size_t at;
    char block[DECODED_BYTES];
} decoder;

/* Finds the encoding out and begins with the text. The failures of encoding_of(). */
extract_failure decoder_open(decoder *d, document *source);
/* The next block of text: UTF-8 without NUL and byte-order mark, of whole characters. 0: the end. */
size_t decoder_next(decoder *d, const char **text);

#endif
