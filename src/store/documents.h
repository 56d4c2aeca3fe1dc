/* What ingestion asks before it embeds. */
#ifndef VDB_STORE_DOCUMENTS_H
#define VDB_STORE_DOCUMENTS_H

#include "store/tenant.h"

/*
 * Sets `added` with the outcome VDB_DOCUMENT_UNCHANGED when the same bytes are stored under this name, embedded by this
 * model; leaves it alone otherwise.
 */
vdb_status document_unchanged(vdb_tenant *t, const vdb_document *document, const char *embedding_model,
                              vdb_document_added *added, vdb_error *error);

#endif
