/* Making the terms of documents that lack them: of an older voicedb, or written by another program. */
#include "store/chunk_terms.h"

#include <stdlib.h>

typedef struct indexing {
    vdb_tenant *tenant;
    connection *connection;
    term_writer *writer;
    int64_t chunks; /* done so far */
    vdb_progress progress;
    void *context;
} indexing;

static vdb_status run(const indexing *in, request r, PGresult **result, vdb_error *error)
{
    return tenant_run_on(in->tenant, in->connection, false, &r, 1, result, error);
}

/* A batch of texts; `*after` is the last one's index, `*count` how many there were. */
static vdb_status add_batch(indexing *in, const char *document_uuid, int64_t *after, int *count, vdb_error *error)
{
    number last;
    PGresult *texts;
    vdb_status status = run(in, REQUEST(TERM_SOURCE, P(document_uuid), p_int(after, &last)), &texts, error);
    if (status != VDB_OK)
        return status;
    *count = PQntuples(texts);
    for (int i = 0; status == VDB_OK && i < *count; i++) {
        *after = strtoll(PQgetvalue(texts, i, 0), NULL, 10);
        if (!term_writer_add(in->writer, *after, PQgetvalue(texts, i, 1)))
            status = error_memory(error);
    }
    PQclear(texts);
    if (status == VDB_OK)
        status = term_writer_send(in->writer, in->tenant, in->connection, document_uuid, error);
    in->chunks += *count;
    return status;
}

static vdb_status make_terms(indexing *in, const char *document_uuid, vdb_error *error)
{
    number version;
    int64_t after = INT32_MIN;
    const request begin[] = { REQUEST(TERM_BEGIN, P(document_uuid)), REQUEST(TERM_CLEAR, P(document_uuid)) };
    vdb_status status = tenant_run_on(in->tenant, in->connection, true, begin, 2, NULL, error);
    for (int count = 1; status == VDB_OK && count > 0;)
        status = add_batch(in, document_uuid, &after, &count, error);
    if (status == VDB_OK)
        status =
            run(in, REQUEST(TERM_FINISH, p_int(&(int64_t){ TERMS_VERSION }, &version), P(document_uuid)), NULL, error);
    return status;
}

static vdb_status index_document(indexing *in, const char *document_uuid, vdb_error *error)
{
    int64_t before = in->chunks;
    vdb_status status = connection_begin(in->connection, error);
    if (status != VDB_OK)
        return status;
    status = make_terms(in, document_uuid, error);
    if (status == VDB_OK)
        status = connection_commit(in->connection, error);
    if (status != VDB_OK) {
        connection_rollback(in->connection);
        in->chunks = before;
        return status;
    }
    if (in->progress != NULL && !in->progress(in->context, in->chunks, 0))
        return error_set(error, VDB_USAGE, "Run it again to go on where it stopped.",
                         "stopped after %" PRId64 " passages", in->chunks);
    return VDB_OK;
}

/* What has its terms is no longer among those that are asked for. */
static vdb_status index_all(indexing *in, vdb_error *error)
{
    for (int count = 1; count > 0;) {
        number version;
        PGresult *documents;
        const request r = REQUEST(TERM_MISSING, p_int(&(int64_t){ TERMS_VERSION }, &version));
        vdb_status status = tenant_run_on(in->tenant, in->connection, true, &r, 1, &documents, error);
        if (status != VDB_OK)
            return status;
        count = PQntuples(documents);
        for (int i = 0; status == VDB_OK && i < count; i++)
            status = index_document(in, PQgetvalue(documents, i, 0), error);
        PQclear(documents);
        if (status != VDB_OK)
            return status;
    }
    return VDB_OK;
}

vdb_status vdb_document_index(vdb_tenant *tenant, vdb_progress progress, void *context, int64_t *chunks,
                              vdb_error *error)
{
    vdb_error local = { 0 };
    error = error == NULL ? &local : error;
    error_clear(error);
    indexing in = { .tenant = tenant, .writer = term_writer_new(), .progress = progress, .context = context };
    if (in.writer == NULL)
        return error_memory(error);
    vdb_status status = pool_acquire(tenant->pool, &in.connection, error);
    if (status == VDB_OK) {
        status = index_all(&in, error);
        pool_release(tenant->pool, in.connection);
    }
    term_writer_free(in.writer);
    if (chunks != NULL)
        *chunks = in.chunks;
    return status;
}
