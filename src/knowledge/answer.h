/* What an embeddings server answers: functions on bytes that nobody vouches for. */
#ifndef VDB_KNOWLEDGE_ANSWER_H
#define VDB_KNOWLEDGE_ANSWER_H

#include "base/buffer.h"
#include "base/error.h"

/* Where an answer keeps what: names of members, with dots between them. */
typedef struct answer_shape {
    const char *items;
    bool indexed; /* an item is {"index", "embedding"}; else the vector itself, in the order of the texts */
    const char *tokens;
} answer_shape;

/*
 * Reads the answer to `count` texts into `vectors`, count × VDB_DIMENSIONS floats in the order of the texts: scaled to
 * length 1, padded with zeros. `*dimensions` says how many numbers each must have, 0: as many as the first has; on
 * success it holds the number, and `*tokens` what the server counted, -1: it did not say. On failure `vectors` is
 * undefined. VDB_BAD_INPUT: longer than VDB_DIMENSIONS; VDB_PROVIDER: anything else that is wrong. The error quotes
 * nothing of the answer.
 */
vdb_status answer_vectors(const answer_shape *shape, const char *bytes, size_t length, size_t count, float *vectors,
                          int *dimensions, int64_t *tokens, vdb_error *error);

/*
 * Appends the server's own words about an error, white space made single spaces: error.message, error, message or
 * detail of a JSON answer, all of a UTF-8 text that is no JSON. Appends nothing where there are none.
 */
void answer_reason(const char *bytes, size_t length, buffer *reason);

/* True when the answer says that the account has no credit left, which no waiting mends. */
bool answer_quota_spent(const char *bytes, size_t length);

#endif
