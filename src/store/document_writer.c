/* Storing a document with its chunks: one transaction, whatever its size, with batches that bound the memory. */
#include "store/chunk_terms.h"
#include "store/documents.h"
#include "store/vector.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS_A_BATCH = 128,                /* about 0.8 MB of vectors */
    ROWS_A_TURN = 8 * ROWS_A_BATCH,    /* whose terms are made while they are stored */
    LEAST_FOR_A_THREAD = ROWS_A_BATCH, /* fewer are not worth one */
    CHUNK_TOKENS = 200,                /* of a document that says nothing else */
    LARGEST_BATCH = 256 << 20,         /* a batch's contents or metadata */
    TYPE_JSONB = 3802,                 /* of PostgreSQL's pg_type.dat: fixed for ever */
    JSONB_VERSION = 1,
};

struct vdb_document_writer {
    vdb_tenant *tenant;
    connection *connection;
    vdb_document_added added;
    int dimensions;
    uint32_t vector_type;
    bool failed; /* a batch was refused: what is there so far is no document */
    buffer contents, embeddings, token_counts, metadata;
    term_writer *terms;
    size_t under_way; /* chunks that were sent, and have not been answered for */
};

static void release(vdb_document_writer *w)
{
    pool_release(w->tenant->pool, w->connection);
    buffer_free(&w->contents);
    buffer_free(&w->embeddings);
    buffer_free(&w->token_counts);
    buffer_free(&w->metadata);
    term_writer_free(w->terms);
    free(w);
}

void vdb_document_writer_abort(vdb_document_writer *writer)
{
    if (writer == NULL)
        return;
    connection_rollback(writer->connection);
    release(writer);
}

bool vdb_document_writer_is_unchanged(const vdb_document_writer *writer)
{
    return writer->added.outcome == VDB_DOCUMENT_UNCHANGED;
}

static vdb_status run(vdb_document_writer *w, request r, PGresult **result, vdb_error *error)
{
    return tenant_run_on(w->tenant, w->connection, false, &r, 1, result, error);
}

static vdb_status find_vector_type(vdb_document_writer *w, vdb_error *error)
{
    PGresult *result;
    vdb_status status =
        connection_run(w->connection, &(statement){ &queries[QUERY_VECTOR_TYPE], NULL }, 1, &result, error);
    if (status != VDB_OK)
        return status;
    w->vector_type = (uint32_t)strtoul(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return VDB_OK;
}

/* The row of the document that is there; by its UUID where that is given. */
static request look_up(const vdb_document *d, param params[2])
{
    bool known = d->document_uuid != NULL;
    params[0] = P(known ? d->document_uuid : d->document_name);
    params[1] = P(d->voice_secretary_uuid);
    return known ? (request){ QUERY_DOCUMENT_KNOWN, 1, params } : (request){ QUERY_DOCUMENT_BEFORE, 2, params };
}

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* True when the chunks that are there are of the size that is wanted. */
static bool split_alike(const PGresult *before, const vdb_document *document)
{
    int64_t target = document->chunk_target_tokens == 0 ? CHUNK_TOKENS : document->chunk_target_tokens;
    return strtoll(PQgetvalue(before, 0, 4), NULL, 10) == target &&
           strtoll(PQgetvalue(before, 0, 5), NULL, 10) == document->chunk_overlap_tokens;
}

/* Fills `added` from the row of document_before. */
static void compare(const PGresult *before, const vdb_document *document, const char *embedding_model,
                    vdb_document_added *added)
{
    snprintf(added->document_uuid, sizeof added->document_uuid, "%s", PQgetvalue(before, 0, 0));
    if (!split_alike(before, document) || !same(PQgetvalue(before, 0, 1), document->content_sha256) ||
        !same(PQgetvalue(before, 0, 2), "ready") || !same(PQgetvalue(before, 0, 6), embedding_model))
        return;
    added->outcome = VDB_DOCUMENT_UNCHANGED;
    added->chunk_count = strtoll(PQgetvalue(before, 0, 3), NULL, 10);
    snprintf(added->embedding_model, sizeof added->embedding_model, "%s", embedding_model);
}

vdb_status document_unchanged(vdb_tenant *t, const vdb_document *document, const char *embedding_model,
                              vdb_document_added *added, vdb_error *error)
{
    PGresult *before;
    param params[2];
    const request r = look_up(document, params);
    vdb_status status = tenant_run(t, &r, 1, &before, error);
    if (status != VDB_OK)
        return status;
    if (PQntuples(before) > 0)
        compare(before, document, embedding_model, added);
    PQclear(before);
    return VDB_OK;
}

static vdb_status insert(vdb_document_writer *w, const vdb_document *d, vdb_error *error)
{
    PGresult *result;
    number size, target, overlap;
    vdb_status status =
        run(w,
            REQUEST(DOCUMENT_INSERT, P(d->voice_secretary_uuid), P(d->document_name), P(d->document_type),
                    P(d->file_path), P(d->mime_type), p_int(&d->file_size, &size), P(d->content), P(d->content_sha256),
                    p_int_or_null(d->chunk_target_tokens, &target), p_int_or_null(d->chunk_overlap_tokens, &overlap)),
            &result, error);
    if (status != VDB_OK)
        return status;
    snprintf(w->added.document_uuid, sizeof w->added.document_uuid, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    w->added.outcome = VDB_DOCUMENT_ADDED;
    return VDB_OK;
}

static vdb_status replace(vdb_document_writer *w, const vdb_document *d, vdb_error *error)
{
    number size, target, overlap;
    const request requests[] = {
        REQUEST(DOCUMENT_REPLACE, P(d->document_type), P(d->file_path), P(d->mime_type), p_int(&d->file_size, &size),
                P(d->content), P(d->content_sha256), p_int_or_null(d->chunk_target_tokens, &target),
                p_int_or_null(d->chunk_overlap_tokens, &overlap), P(w->added.document_uuid)),
        REQUEST(DOCUMENT_CLEAR, P(w->added.document_uuid)),
        REQUEST(TERM_CLEAR, P(w->added.document_uuid)),
    };
    w->added.outcome = VDB_DOCUMENT_REPLACED;
    return tenant_run_on(w->tenant, w->connection, false, requests, 3, NULL, error);
}

static vdb_status gone(const vdb_document *d, vdb_error *error)
{
    return error_set(error, VDB_NOT_FOUND, "Run `voicedb document list` to see what there is.",
                     "no document \"%s\" in this tenant", d->document_uuid);
}

static vdb_status store_beside(vdb_document_writer *w, const vdb_document *d, vdb_error *error)
{
    PGresult *before;
    param params[2];
    vdb_status status = run(w, look_up(d, params), &before, error);
    if (status != VDB_OK)
        return status;
    if (PQntuples(before) == 0) {
        status = d->document_uuid == NULL ? insert(w, d, error) : gone(d, error);
    } else {
        compare(before, d, w->added.embedding_model, &w->added);
        if (!vdb_document_writer_is_unchanged(w))
            status = replace(w, d, error);
    }
    PQclear(before);
    return status;
}

/* Whoever was stopped for longer than its lease must not store what it read before. */
static vdb_status store_leased(vdb_document_writer *w, const vdb_document *d, const char *lease, vdb_error *error)
{
    PGresult *held;
    vdb_status status =
        run(w, REQUEST(DOCUMENT_LEASED, P(d->document_uuid), P(lease), P(d->content_sha256), P(d->file_path)), &held,
            error);
    if (status != VDB_OK)
        return status;
    bool still = PQntuples(held) == 1;
    PQclear(held);
    if (!still)
        return error_set(error, VDB_CONFLICT, "Give the workers a longer lease (--lease) if it happens again.",
                         "the document was changed meanwhile, or taken by another worker");
    snprintf(w->added.document_uuid, sizeof w->added.document_uuid, "%s", d->document_uuid);
    return replace(w, d, error);
}

static vdb_status open_document(vdb_document_writer *w, const vdb_document *d, const char *lease, vdb_error *error)
{
    const request lock = REQUEST(DOCUMENT_LOCK, P(d->document_name));
    vdb_status status = connection_begin(w->connection, error);
    if (status == VDB_OK)
        status = tenant_run_on(w->tenant, w->connection, true, &lock, 1, NULL, error);
    if (status == VDB_OK)
        status = find_vector_type(w, error);
    if (status != VDB_OK)
        return status;
    return lease == NULL ? store_beside(w, d, error) : store_leased(w, d, lease, error);
}

static vdb_status check_open(const vdb_document *document, const char *embedding_model, int dimensions,
                             vdb_error *error)
{
    vdb_status status = check_required(document->document_name, "document name", error);
    if (status == VDB_OK)
        status = check_required(embedding_model, "embedding model", error);
    if (status == VDB_OK && strlen(embedding_model) >= sizeof((vdb_document_added *)0)->embedding_model)
        status = error_set(error, VDB_BAD_INPUT, "Give a name of at most 100 bytes.",
                           "the embedding model's name is too long");
    if (status == VDB_OK && (dimensions < 1 || dimensions > VDB_DIMENSIONS))
        status = error_set(error, VDB_BAD_INPUT, "Give an embedding of 1 to 1536 numbers.",
                           "the embedding has %d numbers", dimensions);
    if (status == VDB_OK && document->document_uuid != NULL)
        status = check_uuid(document->document_uuid, "document", error);
    if (status == VDB_OK && document->voice_secretary_uuid != NULL)
        status = check_uuid(document->voice_secretary_uuid, "secretary", error);
    return status;
}

vdb_status document_writer_open(vdb_tenant *tenant, const vdb_document *document, const char *lease,
                                const char *embedding_model, int dimensions, vdb_document_writer **writer,
                                vdb_error *error)
{
    vdb_error local = { 0 };
    error = error == NULL ? &local : error;
    error_clear(error);
    vdb_status status = check_open(document, embedding_model, dimensions, error);
    if (status != VDB_OK)
        return status;
    vdb_document_writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return error_memory(error);
    w->tenant = tenant;
    w->dimensions = dimensions;
    snprintf(w->added.embedding_model, sizeof w->added.embedding_model, "%s", embedding_model);
    buffer_init(&w->contents, LARGEST_BATCH);
    buffer_init(&w->embeddings, LARGEST_BATCH);
    buffer_init(&w->token_counts, LARGEST_BATCH);
    buffer_init(&w->metadata, LARGEST_BATCH);
    w->terms = term_writer_new();
    status = w->terms == NULL ? error_memory(error) : pool_acquire(tenant->pool, &w->connection, error);
    if (status != VDB_OK) {
        term_writer_free(w->terms);
        free(w);
        return status;
    }
    status = open_document(w, document, lease, error);
    if (status != VDB_OK) {
        vdb_document_writer_abort(w);
        if (status == VDB_CONFLICT && strcmp(error->sqlstate, "23503") == 0)
            return error_set(error, VDB_NOT_FOUND, "Run `voicedb secretary list` to see what there is.",
                             "no secretary \"%s\" in this tenant", document->voice_secretary_uuid);
        return status;
    }
    *writer = w;
    return VDB_OK;
}

vdb_status vdb_document_writer_open(vdb_tenant *tenant, const vdb_document *document, const char *embedding_model,
                                    int dimensions, vdb_document_writer **writer, vdb_error *error)
{
    return document_writer_open(tenant, document, NULL, embedding_model, dimensions, writer, error);
}

vdb_status document_writer_check_provider(vdb_document_writer *writer, const char *voice_secretary_uuid,
                                          const char *provider_name, vdb_error *error)
{
    enum { PROVIDER_NAME = 2 };
    PGresult *now;
    vdb_status status = run(writer, REQUEST(SEARCH_CONTEXT, P(voice_secretary_uuid)), &now, error);
    if (status != VDB_OK)
        return status;
    if (strcmp(PQgetvalue(now, 0, PROVIDER_NAME), provider_name) != 0)
        status = error_set(error, VDB_CONFLICT, "Run it again.",
                           "the tenant changed to another embeddings provider meanwhile");
    PQclear(now);
    return status;
}

static bool append_json(buffer *b, const char *text)
{
    static const char version = JSONB_VERSION;
    size_t length = strlen(text);
    return buffer_append_int32(b, (int32_t)length + 1) && buffer_append(b, &version, 1) &&
           buffer_append(b, text, length);
}

static bool append_chunk(vdb_document_writer *w, const vdb_chunk_input *chunk)
{
    return array_element(&w->contents, chunk->content, strlen(chunk->content)) &&
           buffer_append_int32(&w->embeddings, VECTOR_BYTES) &&
           vector_append(&w->embeddings, chunk->embedding, w->dimensions) && buffer_append_int32(&w->token_counts, 4) &&
           buffer_append_int32(&w->token_counts, (int32_t)chunk->token_count) &&
           append_json(&w->metadata, chunk->metadata == NULL ? "{}" : chunk->metadata);
}

static bool encode(vdb_document_writer *w, const vdb_chunk_input *chunks, size_t count)
{
    buffer_reset(&w->contents);
    buffer_reset(&w->embeddings);
    buffer_reset(&w->token_counts);
    buffer_reset(&w->metadata);
    bool done = array_begin(&w->contents, TYPE_TEXT, count) && array_begin(&w->embeddings, w->vector_type, count) &&
                array_begin(&w->token_counts, TYPE_INTEGER, count) && array_begin(&w->metadata, TYPE_JSONB, count);
    for (size_t i = 0; done && i < count; i++)
        done = append_chunk(w, &chunks[i]);
    return done;
}

/* Waits for the batch that is under way, if there is one. */
static vdb_status finish_batch(vdb_document_writer *w, vdb_error *error)
{
    size_t count = w->under_way;
    w->under_way = 0;
    vdb_status status = count == 0 ? VDB_OK : connection_receive(w->connection, 1, NULL, 0, error);
    if (status == VDB_OK)
        w->added.chunk_count += (int64_t)count;
    return status;
}

/* Sends a batch, which is made ready while the server stores the one before. */
static vdb_status begin_batch(vdb_document_writer *w, const vdb_chunk_input *chunks, size_t count, vdb_error *error)
{
    for (size_t i = 0; i < count; i++) {
        vdb_status status = vector_check(chunks[i].embedding, w->dimensions, error);
        if (status != VDB_OK)
            return status;
    }
    if (!encode(w, chunks, count))
        return error_set(error, VDB_BAD_INPUT, "Split the document into smaller chunks.",
                         "a batch of chunks is larger than 256 MiB");
    vdb_status status = finish_batch(w, error);
    if (status != VDB_OK)
        return status;
    number first, dimensions;
    const request r =
        REQUEST(CHUNK_APPEND, P(w->added.document_uuid), p_int(&w->added.chunk_count, &first),
                P(w->added.embedding_model), p_int(&(int64_t){ w->dimensions }, &dimensions),
                P_BINARY(w->contents.data, w->contents.length), P_BINARY(w->embeddings.data, w->embeddings.length),
                P_BINARY(w->token_counts.data, w->token_counts.length), P_BINARY(w->metadata.data, w->metadata.length));
    status = tenant_send_on(w->tenant, w->connection, &r, 1, error);
    if (status == VDB_OK)
        w->under_way = count;
    return status;
}

/* The terms of a turn's chunks: made by a thread of its own, as this takes as long as storing them does. */
typedef struct term_job {
    vdb_document_writer *writer;
    const vdb_chunk_input *chunks;
    size_t count;
    int64_t first_index;
} term_job;

static void *make_terms(void *job)
{
    const term_job *j = job;
    for (size_t i = 0; i < j->count; i++) {
        if (!term_writer_add(j->writer->terms, j->first_index + (int64_t)i, j->chunks[i].content))
            break; /* which sending them tells */
    }
    return NULL;
}

static vdb_status append_batches(vdb_document_writer *w, const vdb_chunk_input *chunks, size_t count, vdb_error *error)
{
    vdb_status status = VDB_OK;
    for (size_t done = 0; status == VDB_OK && done < count; done += ROWS_A_BATCH) {
        size_t batch = count - done < ROWS_A_BATCH ? count - done : ROWS_A_BATCH;
        status = begin_batch(w, chunks + done, batch, error);
    }
    vdb_status last = finish_batch(w, status == VDB_OK ? error : NULL);
    return status == VDB_OK ? last : status;
}

static vdb_status append_turn(vdb_document_writer *w, const vdb_chunk_input *chunks, size_t count, vdb_error *error)
{
    pthread_t thread;
    term_job job = { w, chunks, count, w->added.chunk_count };
    for (size_t i = 0; i < count; i++) {
        vdb_status status = check_required(chunks[i].content, "content of a chunk", error);
        if (status != VDB_OK)
            return status;
    }
    bool beside = count >= LEAST_FOR_A_THREAD && pthread_create(&thread, NULL, make_terms, &job) == 0;
    vdb_status status = append_batches(w, chunks, count, error);
    if (beside)
        pthread_join(thread, NULL);
    else
        make_terms(&job);
    return status == VDB_OK ? term_writer_send(w->terms, w->tenant, w->connection, w->added.document_uuid, error)
                            : status;
}

vdb_status vdb_document_writer_append(vdb_document_writer *writer, const vdb_chunk_input *chunks, size_t count,
                                      vdb_error *error)
{
    error_clear(error);
    vdb_status status = VDB_OK;
    if (vdb_document_writer_is_unchanged(writer))
        return VDB_OK;
    for (size_t done = 0; status == VDB_OK && done < count; done += ROWS_A_TURN) {
        size_t turn = count - done < ROWS_A_TURN ? count - done : ROWS_A_TURN;
        status = append_turn(writer, chunks + done, turn, error);
    }
    writer->failed = writer->failed || status != VDB_OK;
    return status;
}

static vdb_status finish(vdb_document_writer *w, vdb_error *error)
{
    number chunks, version;
    if (w->failed)
        return error_set(error, VDB_USAGE, "Store the document again from the start.",
                         "a batch of the document was refused before");
    if (vdb_document_writer_is_unchanged(w))
        return VDB_OK;
    return run(w,
               REQUEST(DOCUMENT_FINISH, p_int(&w->added.chunk_count, &chunks),
                       p_int(&(int64_t){ TERMS_VERSION }, &version), P(w->added.document_uuid)),
               NULL, error);
}

vdb_status vdb_document_writer_commit(vdb_document_writer *writer, vdb_document_added *added, vdb_error *error)
{
    error_clear(error);
    vdb_status status = finish(writer, error);
    if (status == VDB_OK)
        status = connection_commit(writer->connection, error);
    if (status != VDB_OK) {
        vdb_document_writer_abort(writer);
        return status;
    }
    if (added != NULL)
        *added = writer->added;
    release(writer);
    return VDB_OK;
}
