/* The document in the helper's memory: the file, mapped. */
#ifndef VDB_EXTRACT_HELPER_DOCUMENT_H
#define VDB_EXTRACT_HELPER_DOCUMENT_H

#include "extract/helper/output.h"

typedef struct document {
    const char *bytes;
    size_t size;
    bool mapped;       /* pages that were read can be given back */
    size_t given_back; /* bytes in front whose pages were */
} document;

/* Said by who reads from front to back: what lies before `at` is not read again soon. */
void document_passed(document *d, size_t at);

/* Writes the document's text. Each is for documents of one kind, whatever their bytes are. */
typedef extract_failure (*extractor)(document *d, output *o);

extract_failure extract_text(document *d, output *o);
extract_failure extract_markdown(document *d, output *o);
extract_failure extract_csv(document *d, output *o);
extract_failure extract_html(document *d, output *o);
extract_failure extract_pdf(document *d, output *o);
extract_failure extract_docx(document *d, output *o);
extract_failure extract_odt(document *d, output *o);

/* By kind; NULL: none, and for PDF, which has a program of its own. */
extern const extractor extractors[KIND_COUNT];

#endif
