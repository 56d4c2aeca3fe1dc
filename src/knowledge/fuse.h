/* The answers of both ways of searching as one list. */
#ifndef VDB_KNOWLEDGE_FUSE_H
#define VDB_KNOWLEDGE_FUSE_H

#include "store/search.h"

typedef struct fuse_options {
    size_t top;
    double threshold; /* of similarity; below 0: none */
    bool keep_duplicates;
} fuse_options;

/*
 * Fills hits, count, duplicates, the two about the threshold, and verdict. By one way alone its own order holds; by
 * both, the sums of 1 / (60 + rank) (Cormack, Clarke & Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and
 * individual Rank Learning Methods", SIGIR 2009). False: memory ran out.
 */
bool fuse(const chunk_finds *finds, const fuse_options *options, vdb_search_result *result);

#endif
