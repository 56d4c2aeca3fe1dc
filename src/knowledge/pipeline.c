#include "knowledge/pipeline.h"

#include "store/embeddings.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct slot {
    pipeline_batch batch;
    bool done;
    vdb_status status;
    vdb_error error;
} slot;

struct pipeline {
    vdb_tenant *tenant;
    const search_context *context;
    pipeline_sink sink;
    void *sink_context;
    embedder *embedder; /* of the caller's thread */
    size_t batch_size;
    bool alone;       /* the first batch is the last one: nothing needs to be kept */
    bool keep_all;    /* even so, and of "builtin" too */
    size_t collected; /* batches that the sink was told of; the next one to be filled is number `sent` */
    size_t slot_count;
    slot *slots; /* a ring */

    size_t thread_count;
    pthread_t *threads;
    pthread_mutex_t lock; /* of what follows, and of `done` in the slots */
    pthread_cond_t changed;
    size_t sent;
    size_t taken; /* by whoever embeds them */
    bool stopping;
};

static slot *slot_of(const pipeline *p, size_t batch)
{
    return &p->slots[batch % p->slot_count];
}

/* ---- one batch --------------------------------------------------------------------------------------------------- */

/* Embeds the texts that are not known, which need not lie side by side. */
static vdb_status embed_unknown(embedder *e, pipeline_batch *b, const bool *known, vdb_error *error)
{
    const char *texts[PIPELINE_BATCH];
    size_t count = 0;
    for (size_t i = 0; i < b->count; i++) {
        if (!known[i])
            texts[count++] = b->texts[i];
    }
    int dimensions = b->dimensions;
    float *vectors = count == 0 ? NULL : calloc(count * VDB_DIMENSIONS, sizeof *vectors);
    if (count > 0 && vectors == NULL)
        return error_memory(error);
    vdb_status status = count == 0 ? VDB_OK : embed_texts(e, EMBED_DOCUMENT, texts, count, vectors, &dimensions, error);
    for (size_t i = 0, next = 0; vectors != NULL && status == VDB_OK && i < b->count; i++) {
        if (!known[i])
            memcpy(b->vectors + i * VDB_DIMENSIONS, vectors + next++ * VDB_DIMENSIONS,
                   VDB_DIMENSIONS * sizeof *vectors);
    }
    free(vectors);
    if (status == VDB_OK && b->dimensions != 0 && b->dimensions != dimensions)
        return error_set(error, VDB_PROVIDER, "Set `dimensions` in the provider's config.",
                         "the provider gave vectors of %d and of %d numbers", b->dimensions, dimensions);
    b->dimensions = dimensions;
    return status;
}

static bool any_unknown(const bool *known, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!known[i])
            return true;
    }
    return false;
}

static vdb_status embed_batch(pipeline *p, embedder *e, pipeline_batch *b, vdb_error *error)
{
    content_hash hashes[PIPELINE_BATCH];
    bool known[PIPELINE_BATCH] = { false };
    const char *model = embedder_model(e);
    b->dimensions = 0;
    if (!embedder_is_remote(e) && !p->keep_all)
        return embed_unknown(e, b, known, error);
    for (size_t i = 0; i < b->count; i++)
        hashes[i] = content_hash_of(b->texts[i]);
    vdb_status status = embeddings_find(p->tenant, model, hashes, b->count, b->vectors, known, &b->dimensions, error);
    if (status == VDB_OK)
        status = embed_unknown(e, b, known, error);
    if (status == VDB_OK && (p->keep_all || !p->alone) && any_unknown(known, b->count))
        status = embeddings_keep(p->tenant, model, b->dimensions, hashes, b->vectors, known, b->count, error);
    return status;
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

/* The next batch that waits; NULL: the pipeline ends. */
static slot *take(pipeline *p)
{
    pthread_mutex_lock(&p->lock);
    while (!p->stopping && p->taken == p->sent)
        pthread_cond_wait(&p->changed, &p->lock);
    slot *found = p->stopping ? NULL : slot_of(p, p->taken++);
    pthread_mutex_unlock(&p->lock);
    return found;
}

/* After a failure no further batch is paid for: those before it are done or under way, and none behind it is given out.
 */
static void finish(pipeline *p, slot *s, vdb_status status)
{
    pthread_mutex_lock(&p->lock);
    s->status = status;
    s->done = true;
    p->stopping = p->stopping || status != VDB_OK;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static void *work(void *context)
{
    pipeline *p = context;
    embedder *e = NULL;
    for (slot *s; (s = take(p)) != NULL;) {
        vdb_status status = e == NULL ? provider_borrow(p->tenant, p->context, &e, &s->error) : VDB_OK;
        if (status == VDB_OK)
            status = embed_batch(p, e, &s->batch, &s->error);
        finish(p, s, status);
    }
    if (e != NULL)
        provider_release(p->tenant, p->context, e);
    return NULL;
}

/* Threads wait for the network; without one, they would only take the processor from each other. */
static void start_threads(pipeline *p)
{
    size_t wanted = embedder_is_remote(p->embedder) ? p->slot_count - 1 : 0;
    p->threads = wanted == 0 ? NULL : calloc(wanted, sizeof *p->threads);
    while (p->threads != NULL && p->thread_count < wanted &&
           pthread_create(&p->threads[p->thread_count], NULL, work, p) == 0)
        p->thread_count++;
}

/* ---- the caller's side ------------------------------------------------------------------------------------------- */

static bool make_empty(slot *s)
{
    pipeline_batch *b = &s->batch;
    arena_free(b->memory);
    b->memory = arena_new();
    b->count = 0;
    s->done = false;
    if (b->vectors == NULL)
        b->vectors = calloc((size_t)PIPELINE_BATCH * VDB_DIMENSIONS, sizeof *b->vectors);
    return b->memory != NULL && b->vectors != NULL;
}

static vdb_status set_up(pipeline *p, vdb_error *error)
{
    vdb_status status = provider_borrow(p->tenant, p->context, &p->embedder, error);
    if (status != VDB_OK)
        return status;
    p->batch_size = embedder_batch_size(p->embedder);
    if (p->batch_size > PIPELINE_BATCH)
        p->batch_size = PIPELINE_BATCH;
    p->slot_count = embedder_parallel(p->embedder) + 1;
    p->slots = calloc(p->slot_count, sizeof *p->slots);
    return p->slots == NULL || !make_empty(slot_of(p, 0)) ? error_memory(error) : VDB_OK;
}

vdb_status pipeline_new(vdb_tenant *tenant, const search_context *context, pipeline_sink sink, void *sink_context,
                        pipeline **result, vdb_error *error)
{
    pipeline *p = calloc(1, sizeof *p);
    if (p == NULL)
        return error_memory(error);
    p->tenant = tenant;
    p->context = context;
    p->sink = sink;
    p->sink_context = sink_context;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    vdb_status status = set_up(p, error);
    if (status == VDB_OK)
        *result = p;
    else
        pipeline_free(p);
    return status;
}

void pipeline_free(pipeline *p)
{
    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->thread_count; i++)
        pthread_join(p->threads[i], NULL);
    for (size_t i = 0; p->slots != NULL && i < p->slot_count; i++) {
        arena_free(p->slots[i].batch.memory);
        free(p->slots[i].batch.vectors);
    }
    if (p->embedder != NULL)
        provider_release(p->tenant, p->context, p->embedder);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->changed);
    free(p->threads);
    free(p->slots);
    free(p);
}

void pipeline_keep_all(pipeline *p)
{
    p->keep_all = true;
}

const embedder *pipeline_embedder(const pipeline *p)
{
    return p->embedder;
}

arena *pipeline_memory(pipeline *p)
{
    return slot_of(p, p->sent)->batch.memory;
}

/* Waits for the oldest batch, or embeds it where there is no thread for it, and gives it out. */
static vdb_status collect(pipeline *p, vdb_error *error)
{
    slot *s = slot_of(p, p->collected);
    if (p->thread_count == 0) {
        finish(p, take(p), embed_batch(p, p->embedder, &s->batch, &s->error));
    } else {
        pthread_mutex_lock(&p->lock);
        while (!s->done)
            pthread_cond_wait(&p->changed, &p->lock);
        pthread_mutex_unlock(&p->lock);
    }
    p->collected++;
    if (s->status == VDB_OK)
        return p->sink(p->sink_context, &s->batch, error);
    if (error != NULL)
        *error = s->error;
    return s->status;
}

static void send(pipeline *p)
{
    pthread_mutex_lock(&p->lock);
    p->sent++;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

/* Sends the full batch, and makes the next one's place free. */
static vdb_status send_full(pipeline *p, vdb_error *error)
{
    if (p->sent == 0)
        start_threads(p);
    send(p);
    vdb_status status = p->sent - p->collected == p->slot_count ? collect(p, error) : VDB_OK;
    if (status == VDB_OK && !make_empty(slot_of(p, p->sent)))
        status = error_memory(error);
    return status;
}

vdb_status pipeline_add(pipeline *p, const char *text, void *extra, vdb_error *error)
{
    pipeline_batch *b = &slot_of(p, p->sent)->batch;
    b->texts[b->count] = text;
    b->extras[b->count] = extra;
    return ++b->count < p->batch_size ? VDB_OK : send_full(p, error);
}

vdb_status pipeline_finish(pipeline *p, vdb_error *error)
{
    p->alone = p->sent == 0;
    if (slot_of(p, p->sent)->batch.count > 0)
        send(p);
    vdb_status status = VDB_OK;
    while (status == VDB_OK && p->collected < p->sent)
        status = collect(p, error);
    return status;
}
