/* The builtin embedding: lexical, offline, deterministic. */
#ifndef VDB_KNOWLEDGE_BUILTIN_H
#define VDB_KNOWLEDGE_BUILTIN_H

#include "knowledge/embed.h"

/* Another name as soon as any text's vector changes: vectors of different names are never compared. */
#define BUILTIN_MODEL "builtin-lexical-2"

typedef struct builtin builtin;

/* Release with builtin_free(). For one thread at a time. */
vdb_status builtin_new(builtin **b, vdb_error *error);
void builtin_free(builtin *b);

/*
 * The unit vector of a text, as a question or as what may answer it: only those of different kinds are to be compared.
 * VDB_BAD_INPUT: it has no word.
 */
vdb_status builtin_embed(builtin *b, embed_kind kind, const char *text, float vector[VDB_DIMENSIONS], vdb_error *error);

#endif
