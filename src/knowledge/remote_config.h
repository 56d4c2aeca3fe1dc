/* The `config` of an embeddings provider that is asked over HTTP. */
#ifndef VDB_KNOWLEDGE_REMOTE_CONFIG_H
#define VDB_KNOWLEDGE_REMOTE_CONFIG_H

#include "base/arena.h"
#include "knowledge/protocol.h"

typedef struct remote_config {
    const char *provider_name;
    const protocol *protocol;
    const char *url;
    const char *model;
    const char *label;   /* the model, with its dimensions when the config asks for some */
    const char *api_key; /* NULL: none */
    int dimensions;      /* 0: the model's own */
    int timeout_ms;
    int connect_timeout_ms;
    int max_retries;
    int batch_size;
    int parallel;            /* requests at once, while a document is stored */
    int requests_per_minute; /* 0: as many as it takes */
    int tokens_per_minute;   /* 0: as many as it takes */
    double price;            /* of a million tokens; 0: not known */
} remote_config;

/* Reads the JSON object that remote.h describes; its strings live in `memory`. VDB_BAD_INPUT: it cannot be used. */
vdb_status remote_config_read(arena *memory, const char *provider_name, const char *config, remote_config *c,
                              vdb_error *error);

#endif
