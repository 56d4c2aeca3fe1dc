/* From a file to a stored document: extract, split, embed, store, with memory that does not grow with the file. */
#include "knowledge/ingest.h"

#include "base/json.h"
#include "base/text.h"
#include "extract/extract.h"
#include "knowledge/pipeline.h"
#include "knowledge/source.h"
#include "knowledge/split.h"
#include "store/documents.h"
#include "store/embeddings.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_MAX_BYTES = 256 << 20,
    LARGEST_KEPT_TEXT = 1 << 20, /* a longer text is stored in its chunks only */
    LONGEST_NAME = 255,
};

typedef struct ingest {
    vdb_tenant *tenant;
    source source;
    extraction extraction;
    search_context context;
    pipeline *pipeline;
    char *text; /* the whole of it, when it is short */
    vdb_document document;
    const char *lease; /* NULL: nobody's document */
    vdb_document_writer
        *writer; /* NULL until the first batch is embedded: embedding is slow, and an open transaction costs others */
    splitter *splitter;
    int dimensions;
    int64_t done; /* bytes of the text in chunks that are stored */
    vdb_progress progress;
    void *progress_context;
} ingest;

/* What goes through the pipeline with a text. */
typedef struct passage {
    vdb_chunk_input chunk;
    int64_t end; /* in the document's text */
} passage;

static vdb_status open_writer(ingest *in, int dimensions, vdb_error *error)
{
    if (in->writer != NULL && dimensions == in->dimensions)
        return VDB_OK;
    if (in->writer != NULL)
        return error_set(error, VDB_PROVIDER, "Set `dimensions` in the provider's config.",
                         "the provider gave vectors of %d and of %d numbers", in->dimensions, dimensions);
    in->dimensions = dimensions;
    const char *model = embedder_model(pipeline_embedder(in->pipeline));
    vdb_status status =
        document_writer_open(in->tenant, &in->document, in->lease, model, dimensions, &in->writer, error);
    return status != VDB_OK ? status
                            : document_writer_check_provider(in->writer, in->document.voice_secretary_uuid,
                                                             in->context.provider_name, error);
}

static vdb_status report(const ingest *in, vdb_error *error)
{
    if (in->progress == NULL || in->progress(in->progress_context, in->done, in->extraction.text_size))
        return VDB_OK;
    return error_set(error, VDB_USAGE, "Run it again to add the document.", "stopped; the document is as before");
}

/* A pipeline_sink. */
static vdb_status store(void *context, const pipeline_batch *batch, vdb_error *error)
{
    ingest *in = context;
    vdb_chunk_input chunks[PIPELINE_BATCH];
    for (size_t i = 0; i < batch->count; i++) {
        const passage *p = batch->extras[i];
        chunks[i] = p->chunk;
        chunks[i].embedding = batch->vectors + i * VDB_DIMENSIONS;
        in->done = p->end;
    }
    vdb_status status = open_writer(in, batch->dimensions, error);
    if (status == VDB_OK)
        status = vdb_document_writer_append(in->writer, chunks, batch->count, error);
    return status == VDB_OK ? report(in, error) : status;
}

static char *metadata_of(const split_chunk *chunk, arena *a)
{
    json_t *object = json_pack("{s:s*, s:I, s:I}", "heading", chunk->heading, "offset", (json_int_t)chunk->offset,
                               "length", (json_int_t)chunk->length);
    if (chunk->row > 0)
        json_object_set_new(object, "row", json_integer(chunk->row));
    if (chunk->page > 0)
        json_object_set_new(object, "page", json_integer(chunk->page));
    if (chunk->last_page > chunk->page)
        json_object_set_new(object, "last_page", json_integer(chunk->last_page));
    char *text = object == NULL ? NULL : json_dumps(object, 0);
    char *copy = arena_copy_string(a, text);
    json_decref(object);
    free(text);
    return copy;
}

static vdb_status take_chunk(void *context, const split_chunk *chunk, vdb_error *error)
{
    ingest *in = context;
    arena *memory = pipeline_memory(in->pipeline);
    passage *p = arena_alloc(memory, sizeof *p);
    if (p == NULL)
        return error_memory(error);
    p->end = chunk->offset + chunk->length;
    p->chunk = (vdb_chunk_input){ .content = arena_copy_string(memory, chunk->content),
                                  .token_count = chunk->token_count,
                                  .metadata = metadata_of(chunk, memory) };
    if (p->chunk.content == NULL || p->chunk.metadata == NULL)
        return error_memory(error);
    return pipeline_add(in->pipeline, p->chunk.content, p, error);
}

static vdb_status feed(void *context, const char *bytes, size_t length, vdb_error *error)
{
    return splitter_feed(((ingest *)context)->splitter, bytes, length, error);
}

static vdb_status begin_row(void *context, uint32_t row, vdb_error *error)
{
    return splitter_row(((ingest *)context)->splitter, row, error);
}

static vdb_status begin_page(void *context, uint32_t page, vdb_error *error)
{
    return splitter_page(((ingest *)context)->splitter, page, error);
}

static vdb_status split_and_store(ingest *in, vdb_document_added *added, vdb_error *error)
{
    static const extract_reader reader = { .text = feed, .row = begin_row, .page = begin_page };
    const document_kind kind = in->extraction.kind;
    const split_options options = { .markdown = kind != KIND_TEXT && kind != KIND_CSV,
                                    .target_tokens = (int)in->document.chunk_target_tokens,
                                    .overlap_tokens = (int)in->document.chunk_overlap_tokens };
    vdb_status status = splitter_new(&options, take_chunk, in, &in->splitter, error);
    if (status == VDB_OK)
        status = extraction_read(&in->extraction, &reader, in, error);
    if (status == VDB_OK)
        status = splitter_finish(in->splitter, error);
    if (status == VDB_OK)
        status = pipeline_finish(in->pipeline, error);
    if (status != VDB_OK)
        return status;
    if (in->writer == NULL)
        return error_set(error, VDB_BAD_INPUT, "Give a file with text.", "%s has no words", in->document.document_name);
    vdb_document_writer *writer = in->writer;
    in->writer = NULL;
    return vdb_document_writer_commit(writer, added, error);
}

static int bounded(int64_t tokens)
{
    return tokens < 0 || tokens > INT_MAX ? INT_MAX : (int)tokens;
}

/* The name of the file without its folders. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static vdb_status copy_text(void *context, const char *bytes, size_t length, vdb_error *error)
{
    (void)error;
    char **end = context;
    memcpy(*end, bytes, length);
    *end += length;
    return VDB_OK;
}

static vdb_status keep_text(ingest *in, vdb_error *error)
{
    static const extract_reader reader = { .text = copy_text };
    if (in->extraction.text_size > LARGEST_KEPT_TEXT)
        return VDB_OK;
    in->text = calloc((size_t)in->extraction.text_size + 1, 1);
    if (in->text == NULL)
        return error_memory(error);
    char *end = in->text;
    in->document.content = in->text;
    return extraction_read(&in->extraction, &reader, &end, error);
}

/* While another process reads the document. */
static bool has_patience(void *context)
{
    const ingest *in = context;
    return in->progress == NULL || in->progress(in->progress_context, 0, in->source.size);
}

static vdb_status extract(ingest *in, vdb_error *error)
{
    vdb_status status =
        extract_document(fileno(in->source.file), in->source.name, NULL, has_patience, in, &in->extraction, error);
    if (status == VDB_OK || status == VDB_BAD_INPUT) {
        vdb_error changed;
        if (source_unchanged(&in->source, &changed) != VDB_OK) {
            *error = changed;
            return changed.status;
        }
    }
    if (status != VDB_OK)
        return status;
    in->document.document_type = document_kind_name(in->extraction.kind);
    in->document.mime_type = in->extraction.mime_type;
    return keep_text(in, error);
}

static bool is_standard_input(const vdb_document_file *file)
{
    return strcmp(file->path, "-") == 0;
}

static const char *name_of(const vdb_document_file *file)
{
    return file->document_name != NULL ? file->document_name : base_name(file->path);
}

/* The splitter looks at them too, but only after the document was extracted. */
static vdb_status check_sizes(const vdb_document_file *file, vdb_error *error)
{
    const split_options options = { .target_tokens = bounded(file->chunk_tokens),
                                    .overlap_tokens = bounded(file->overlap_tokens) };
    return split_check(&options, error);
}

static vdb_status check_name(const vdb_document_file *file, vdb_error *error)
{
    const char *name = name_of(file);
    if (is_standard_input(file) && file->document_name == NULL)
        return error_set(error, VDB_USAGE, "Give the document's name (--name).", "standard input has no name");
    if (name[0] == '\0' || strlen(name) > LONGEST_NAME || !text_is_utf8(name, strlen(name)))
        return error_set(error, VDB_BAD_INPUT, "Give a name (--name).",
                         "the document's name is empty, not UTF-8, or longer than 255 bytes");
    return VDB_OK;
}

static void describe(ingest *in, const vdb_document_file *file, const char *secretary_uuid)
{
    in->document = (vdb_document){
        .voice_secretary_uuid = secretary_uuid,
        .document_name = name_of(file),
        .file_path = is_standard_input(file) ? NULL : file->path,
        .file_size = in->source.size,
        .content_sha256 = in->source.sha256,
        .chunk_target_tokens = file->chunk_tokens,
        .chunk_overlap_tokens = file->overlap_tokens,
    };
}

static void clean_up(ingest *in)
{
    vdb_document_writer_abort(in->writer);
    splitter_free(in->splitter);
    pipeline_free(in->pipeline);
    PQclear(in->context.result);
    extraction_close(&in->extraction);
    source_close(&in->source);
    free(in->text);
    free(in);
}

/* Extracts, splits, embeds and stores what is described, unless it is there already. */
static vdb_status ingest_source(ingest *in, vdb_document_added *added, vdb_error *error)
{
    vdb_status status = search_context_get(in->tenant, in->document.voice_secretary_uuid, &in->context, error);
    if (status == VDB_OK)
        status = pipeline_new(in->tenant, &in->context, store, in, &in->pipeline, error);
    if (status != VDB_OK)
        return status;
    const embedder *e = pipeline_embedder(in->pipeline);
    status = document_unchanged(in->tenant, &in->document, embedder_model(e), added, error);
    if (status != VDB_OK || added->outcome == VDB_DOCUMENT_UNCHANGED)
        return status;
    status = extract(in, error);
    if (status == VDB_OK && embedder_is_remote(e) && added->document_uuid[0] != '\0')
        status = embeddings_hold(in->tenant, added->document_uuid, embedder_model(e), error);
    if (status == VDB_OK)
        status = split_and_store(in, added, error);
    if (status == VDB_OK && embedder_is_remote(e))
        status = embeddings_drop(in->tenant, added->document_uuid, embedder_model(e), error);
    return status;
}

static vdb_status add_file(ingest *in, const vdb_document_file *file, vdb_document_added *added, vdb_error *error)
{
    char room[37];
    const char *secretary;
    int64_t max_bytes = file->max_bytes > 0 ? file->max_bytes : DEFAULT_MAX_BYTES;
    vdb_status status = check_name(file, error);
    if (status == VDB_OK)
        status = check_sizes(file, error);
    if (status == VDB_OK)
        status = secretary_resolve(in->tenant, file->secretary, room, &secretary, error);
    if (status == VDB_OK)
        status = source_open(file->path, max_bytes, &in->source, error);
    if (status != VDB_OK)
        return status;
    describe(in, file, secretary);
    return ingest_source(in, added, error);
}

static ingest *ingest_new(vdb_tenant *tenant, vdb_progress progress, void *context)
{
    ingest *in = calloc(1, sizeof *in);
    if (in == NULL)
        return NULL;
    in->tenant = tenant;
    in->progress = progress;
    in->progress_context = context;
    return in;
}

vdb_status vdb_document_add_file(vdb_tenant *tenant, const vdb_document_file *file, vdb_progress progress,
                                 void *context, vdb_document_added *added, vdb_error *error)
{
    vdb_document_added local = { 0 };
    error_clear(error);
    vdb_status status = check_required(file->path, "path", error);
    ingest *in = status == VDB_OK ? ingest_new(tenant, progress, context) : NULL;
    if (in == NULL)
        return status == VDB_OK ? error_memory(error) : status;
    status = add_file(in, file, &local, error);
    clean_up(in);
    if (status == VDB_OK && added != NULL)
        *added = local;
    return status;
}

vdb_status ingest_stored(vdb_tenant *tenant, const vdb_document *document, const char *lease, const char *path,
                         vdb_progress progress, void *context, vdb_document_added *added, vdb_error *error)
{
    ingest *in = ingest_new(tenant, progress, context);
    if (in == NULL)
        return error_memory(error);
    vdb_status status = path == NULL ? source_open_text(document->content, document->document_name, &in->source, error)
                                     : source_open(path, DEFAULT_MAX_BYTES, &in->source, error);
    if (status == VDB_OK) {
        in->document = *document;
        in->lease = lease;
        in->document.file_size = in->source.size;
        in->document.content_sha256 = in->source.sha256;
        status = ingest_source(in, added, error);
    }
    clean_up(in);
    return status;
}
