/*
 * Vectors of several kinds and questions about them, nine of ten near a vector, the tenth about something else:
 *   topics      as in the other measurements (data.h)
 *   cone        one direction is shared by all, as in OpenAI's ada-002: any two vectors have cosine 0.75, and many sign
 *               bits are the same for all
 *   white cone  the same, with the rest spread evenly over all dimensions, as text never is
 *   builtin     sentences in Portuguese, embedded by voicedb's builtin provider, asked with other sentences about the
 *               same
 *   sift-like   128 whole numbers from 0 to 255, skewed and in clusters, as descriptors of images are
 *   uniform     every number by itself: all vectors are nearly as far from a question as the nearest
 *   provider    the sentences, embedded by the server that VOICEDB_BENCH_PROVIDER configures (a provider's JSON, as in
 *               docs/embeddings.md); only there when it is set
 */
#ifndef VDB_BENCH_KINDS_H
#define VDB_BENCH_KINDS_H

#include "data.h"

typedef struct vector_set {
    int chunks, questions, dimensions;
    float (*vectors)[VDB_DIMENSIONS]; /* zeros behind the dimensions */
    float (*asked)[VDB_DIMENSIONS];
} vector_set;

typedef enum vector_kind {
    KIND_TOPICS,
    KIND_CONE,
    KIND_WHITE_CONE,
    KIND_BUILTIN,
    KIND_SIFT_LIKE,
    KIND_UNIFORM_SMALL,
    KIND_UNIFORM,
    KIND_PROVIDER,
    KINDS
} vector_kind;

const char *kind_name(vector_kind kind);
bool kind_available(vector_kind kind);

void vector_set_init(vector_set *s, int chunks, int questions);
void vector_set_make(vector_set *s, vector_kind kind);
void vector_set_free(vector_set *s);

#endif
