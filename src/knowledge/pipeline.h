/* Texts on their way to vectors: several batches at once, given out in the order in which they came. */
#ifndef VDB_KNOWLEDGE_PIPELINE_H
#define VDB_KNOWLEDGE_PIPELINE_H

#include "knowledge/provider.h"

enum { PIPELINE_BATCH = 256 /* texts in a batch at the most: 1.5 MB of vectors */ };

typedef struct pipeline pipeline;

typedef struct pipeline_batch {
    arena *memory; /* of the texts, and of whatever else was put there */
    size_t count;
    const char *texts[PIPELINE_BATCH];
    void *extras[PIPELINE_BATCH]; /* what came with them */
    float *vectors;               /* count × VDB_DIMENSIONS */
    int dimensions;
} pipeline_batch;

/* Told of the batches in order, by the caller's thread. Not VDB_OK ends the work. The batch lasts for the call. */
typedef vdb_status (*pipeline_sink)(void *context, const pipeline_batch *batch, vdb_error *error);

/*
 * Of a tenant's provider. Texts that it has embedded before are found among the kept embeddings, and what a service is
 * asked for over HTTP is kept there batch by batch: unless all of it is one batch. `context` must outlive the pipeline.
 * Release with pipeline_free(), which waits for requests that are under way.
 */
vdb_status pipeline_new(vdb_tenant *tenant, const search_context *context, pipeline_sink sink, void *sink_context,
                        pipeline **p, vdb_error *error);
void pipeline_free(pipeline *p);

/* Keeps every embedding, from the first text on. */
void pipeline_keep_all(pipeline *p);

const embedder *pipeline_embedder(const pipeline *p);

/* Where the next text and what comes with it have to lie. */
arena *pipeline_memory(pipeline *p);
/* Adds it. The sink may be told of earlier batches. */
vdb_status pipeline_add(pipeline *p, const char *text, void *extra, vdb_error *error);
/* There are no more: the sink is told of all that are left. */
vdb_status pipeline_finish(pipeline *p, vdb_error *error);

#endif
