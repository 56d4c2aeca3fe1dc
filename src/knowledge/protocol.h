/* What the embedding services want to be asked, and how they answer: one row of data each. */
#ifndef VDB_KNOWLEDGE_PROTOCOL_H
#define VDB_KNOWLEDGE_PROTOCOL_H

#include "knowledge/answer.h"
#include "knowledge/embed.h"

typedef struct protocol {
    const char *name;
    const char *base_url;   /* NULL: the config must say */
    const char *path;       /* behind base_url; NULL: Azure's, which names the deployment instead of the model */
    const char *key_header; /* what stands before the key */
    const char *model;      /* members of the request; NULL: it has none such */
    const char *texts;
    const char *dimensions;
    const char *kind;
    const char *kinds[2];  /* its values, by embed_kind */
    const char *constants; /* further members, a JSON object */
    int most_texts;        /* in one request */
    int most_tokens;       /* in one request; 0: no such limit */
    answer_shape answer;
} protocol;

extern const protocol protocols[]; /* ends with a NULL name */

/* NULL: there is none of this name. */
const protocol *protocol_find(const char *name);

/*
 * The protocol of a provider that does not name one: that of its own name, "openai" for every other name. `base_url`
 * (may be NULL) tells the OpenAI-compatible addresses apart that Azure, Cohere and Ollama have beside their own.
 */
const protocol *protocol_guess(const char *provider_name, const char *base_url);

#endif
