/* A document whose row is in the database already. */
#ifndef VDB_KNOWLEDGE_INGEST_H
#define VDB_KNOWLEDGE_INGEST_H

#include "store/tenant.h"

/*
 * Splits, embeds and stores its text: the file at `path`, or its `content` when that is NULL. `lease`: by which this
 * worker took it. VDB_CONFLICT: it is not this worker's any more, or its text has changed.
 */
vdb_status ingest_stored(vdb_tenant *tenant, const vdb_document *document, const char *lease, const char *path,
                         vdb_progress progress, void *context, vdb_document_added *added, vdb_error *error);

#endif
