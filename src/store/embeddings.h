/* Embeddings beside those of the chunks, found by the text that they were made for. */
#ifndef VDB_STORE_EMBEDDINGS_H
#define VDB_STORE_EMBEDDINGS_H

#include "store/tenant.h"

enum { MOST_EMBEDDINGS = 256 /* in one call */ };

typedef struct content_hash {
    unsigned char bytes[32]; /* SHA-256 of the text */
} content_hash;

content_hash content_hash_of(const char *text);

/*
 * Fills the vectors, VDB_DIMENSIONS numbers each, of those texts that `model` has embedded before, and their places in
 * `found`. `*dimensions` is the length of all of them, 0: none was found; those of another length count as not found.
 */
vdb_status embeddings_find(vdb_tenant *t, const char *model, const content_hash *hashes, size_t count, float *vectors,
                           bool *found, int *dimensions, vdb_error *error);

/* Keeps the vectors whose places are not in `known`. */
vdb_status embeddings_keep(vdb_tenant *t, const char *model, int dimensions, const content_hash *hashes,
                           const float *vectors, const bool *known, size_t count, vdb_error *error);

/* Keeps those that the chunks of a document have of `model`. */
vdb_status embeddings_hold(vdb_tenant *t, const char *document_uuid, const char *model, vdb_error *error);

/* Drops those that the chunks of a document have of `model`, and those of interrupted work that nobody went on with. */
vdb_status embeddings_drop(vdb_tenant *t, const char *document_uuid, const char *model, vdb_error *error);

#endif
