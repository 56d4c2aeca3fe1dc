/* What ingestion asks before it embeds. */
#ifndef VDB_STORE_DOCUMENTS_H
#define VDB_STORE_DOCUMENTS_H

#include "store/tenant.h"

/*
 * Sets `added` with the outcome VDB_DOCUMENT_UNCHANGED when the same bytes are stored under this name, embedded by this
 * model; else only its document_uuid, when there is a document of this name.
 */
vdb_status document_unchanged(vdb_tenant *t, const vdb_document *document, const char *embedding_model,
                              vdb_document_added *added, vdb_error *error);

/*
 * As vdb_document_writer_open(), of a document that a worker took by this lease (NULL: of any). VDB_CONFLICT: another
 * worker has taken it since, or somebody has changed its text.
 */
vdb_status document_writer_open(vdb_tenant *t, const vdb_document *document, const char *lease,
                                const char *embedding_model, int dimensions, vdb_document_writer **writer,
                                vdb_error *error);

/*
 * VDB_CONFLICT when the secretary's embeddings provider, or the tenant's default, is no longer the one of this name. It
 * stays what it is for as long as the writer is open.
 */
vdb_status document_writer_check_provider(vdb_document_writer *writer, const char *voice_secretary_uuid,
                                          const char *provider_name, vdb_error *error);

/* A document that waited to be processed. */
typedef struct claimed_document {
    const char *document_uuid;
    const char *voice_secretary_uuid;
    const char *document_name;
    const char *document_type;
    const char *file_path;
    const char *mime_type;
    const char *content;
    int64_t chunk_target_tokens;
    int64_t chunk_overlap_tokens;
    int64_t processing_attempts; /* this one included */
} claimed_document;

/* Takes one for so many seconds; `*row` is NULL when none waits. Release with vdb_rows_free(). */
vdb_status document_claim(vdb_tenant *t, const char *lease, int seconds, const claimed_document **row,
                          vdb_error *error);

/* Gives it back with a status and the reason, for so many seconds; `forgiven`: the attempt does not count. */
vdb_status document_release(vdb_tenant *t, const char *document_uuid, const char *lease, const char *processing_status,
                            const char *reason, int seconds, bool forgiven, vdb_error *error);

#endif
