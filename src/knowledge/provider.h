/* The embedder that a tenant's search or document uses. */
#ifndef VDB_KNOWLEDGE_PROVIDER_H
#define VDB_KNOWLEDGE_PROVIDER_H

#include "knowledge/embed.h"
#include "store/search.h"

/*
 * Borrows the embedder of a context: the tenant handle keeps idle ones, so that their connections to the provider stay
 * open from one question to the next. Give it back with provider_release(). VDB_NOT_FOUND: the tenant has no embeddings
 * provider; VDB_CONFLICT: it is disabled.
 */
vdb_status provider_borrow(vdb_tenant *t, const search_context *context, embedder **e, vdb_error *error);
void provider_release(vdb_tenant *t, const search_context *context, embedder *e);

/* Embeddings of the questions asked last, by this provider as it is configured now. False: it is not among them. */
bool provider_recall(vdb_tenant *t, const search_context *context, const char *question, float *vector,
                     int *dimensions);
void provider_remember(vdb_tenant *t, const search_context *context, const char *question, const float *vector,
                       int dimensions);

#endif
