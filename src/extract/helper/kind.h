/* What kind of document it is, by its content. */
#ifndef VDB_EXTRACT_HELPER_KIND_H
#define VDB_EXTRACT_HELPER_KIND_H

#include "extract/helper/document.h"

#include <magic.h>

/* libmagic with its database; NULL: it cannot be read. Opens files. */
magic_t kind_magic(void);

/*
 * The kind of the document, which is no PDF, and its MIME type, which lives as long as `magic` does.
 * FAILURE_UNSUPPORTED: the kind is known, but not read. Any other failure: it would be text if it were not so.
 */
extract_failure kind_of(magic_t magic, document *d, document_kind *kind, const char **mime_type);

#endif
