/* Documents that another program has put into the database to be processed, one at a time. */
#include "knowledge/ingest.h"
#include "store/documents.h"
#include "store/secrets.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_LEASE_S = 300, MOST_ATTEMPTS = 8, FIRST_DELAY_S = 15, LONGEST_DELAY_S = 3600 };

/* Whoever may write rows chooses file_path: nothing outside of the folder is read, by whatever way it leads there. */
static vdb_status find_file(const claimed_document *d, const char *folder, char path[PATH_MAX], vdb_error *error)
{
    char root[PATH_MAX];
    if (d->file_path == NULL || folder == NULL)
        return error_set(error, VDB_BAD_INPUT, "Store its text in `content`, or run the worker with --files FOLDER.",
                         "the document has no content%s",
                         d->file_path == NULL ? "" : ", and no folder is given to read files from");
    if (realpath(folder, root) == NULL)
        return error_set(error, VDB_NOT_FOUND, "Check the path and its rights.", "cannot read %s: %s", folder,
                         strerror(errno));
    size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (realpath(d->file_path, path) == NULL)
        return error_set(error, VDB_BAD_INPUT, "Check the path and its rights.", "cannot read %s: %s", d->file_path,
                         strerror(errno));
    if (strncmp(path, root, length) != 0 || path[length] != '/')
        return error_set(error, VDB_BAD_INPUT, "Move the file into the folder that the worker may read.",
                         "%s lies outside of %s", d->file_path, folder);
    return VDB_OK;
}

static vdb_status process(vdb_tenant *t, const claimed_document *claimed, const char *lease,
                          const vdb_process_options *options, vdb_progress progress, void *context,
                          vdb_processed *processed)
{
    char path[PATH_MAX];
    const vdb_document document = {
        .document_uuid = claimed->document_uuid,
        .voice_secretary_uuid = claimed->voice_secretary_uuid,
        .document_name = claimed->document_name,
        .document_type = claimed->document_type,
        .file_path = claimed->file_path,
        .mime_type = claimed->mime_type,
        .content = claimed->content,
        .chunk_target_tokens = claimed->chunk_target_tokens,
        .chunk_overlap_tokens = claimed->chunk_overlap_tokens,
    };
    bool has_text = claimed->content != NULL && claimed->content[0] != '\0';
    if (claimed->processing_attempts > MOST_ATTEMPTS)
        return error_set(&processed->error, VDB_BAD_INPUT,
                         "Look into the workers' logs, then set its status to `pending`.",
                         "%d workers have ended while they had the document", MOST_ATTEMPTS);
    vdb_status status = has_text ? VDB_OK : find_file(claimed, options->files, path, &processed->error);
    if (status == VDB_OK)
        status = ingest_stored(t, &document, lease, has_text ? NULL : path, progress, context, &processed->added,
                               &processed->error);
    return status;
}

static int delay_of(int64_t attempts)
{
    int delay = FIRST_DELAY_S;
    while (--attempts > 0 && delay < LONGEST_DELAY_S)
        delay *= 2;
    return delay < LONGEST_DELAY_S ? delay : LONGEST_DELAY_S;
}

static vdb_status give_back(vdb_tenant *t, const claimed_document *d, const char *lease, const vdb_error *reason,
                            vdb_error *error)
{
    if (reason->status == VDB_USAGE) /* the caller stopped it */
        return document_release(t, d->document_uuid, lease, "pending", NULL, 0, true, error);
    bool again = reason->status != VDB_BAD_INPUT && d->processing_attempts < MOST_ATTEMPTS;
    return document_release(t, d->document_uuid, lease, again ? "pending" : "failed", reason->message,
                            delay_of(d->processing_attempts), false, error);
}

vdb_status vdb_document_process(vdb_tenant *tenant, const vdb_process_options *options, vdb_progress progress,
                                void *context, vdb_processed *processed, vdb_error *error)
{
    static const vdb_process_options none;
    const claimed_document *claimed;
    char lease[37];
    error_clear(error);
    options = options == NULL ? &none : options;
    secrets_new_uuid(lease);
    int seconds = options->lease_s > 0 ? options->lease_s : DEFAULT_LEASE_S;
    vdb_status status = document_claim(tenant, lease, seconds, &claimed, error);
    if (status != VDB_OK)
        return status;
    *processed = (vdb_processed){ 0 };
    if (claimed == NULL)
        return VDB_OK;
    snprintf(processed->document_uuid, sizeof processed->document_uuid, "%s", claimed->document_uuid);
    snprintf(processed->document_name, sizeof processed->document_name, "%s", claimed->document_name);
    if (process(tenant, claimed, lease, options, progress, context, processed) != VDB_OK)
        status = give_back(tenant, claimed, lease, &processed->error, error);
    vdb_rows_free(claimed);
    return status;
}
