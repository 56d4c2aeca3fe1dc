/* What the parameters of each noun's commands fill. Every member is a pointer; NULL: not given. */
#ifndef VDB_CLI_VALUES_H
#define VDB_CLI_VALUES_H

#include "cli/cli.h"

/* A number as the library takes it: 0 where it was not given. */
static inline int64_t or_zero(const int64_t *number)
{
    return number == NULL ? 0 : *number;
}

typedef struct migrate_values {
    const int64_t *lock_timeout;
    const int64_t *version;
    const bool *dry_run;
    const bool *drop_cross_tenant;
} migrate_values;

typedef struct provider_values {
    const char *provider; /* UUID or name */
    const char *type;     /* tells providers of one name apart, or limits a list */
    const char *text;     /* to try it with */
    const int64_t *days;
    vdb_provider_input input;
} provider_values;

typedef struct secretary_values {
    const char *secretary; /* UUID, extension or name */
    const char *stt;       /* providers by UUID or name */
    const char *tts;
    const char *llm;
    const char *embeddings;
    vdb_secretary_input input;
} secretary_values;

typedef struct document_values {
    const char *const *files;
    const char *document; /* UUID or name */
    const char *secretary;
    const char *name;
    const int64_t *max_bytes;
    const int64_t *chunk_tokens;
    const int64_t *overlap_tokens;
    const bool *chunks;
    const bool *watch;
    const bool *once;
    const int64_t *lease;
    const char *provider; /* to change to */
    const bool *dry_run;
    const bool *discard;
    const char *folder; /* that a worker may read files from */
} document_values;

/* The names of vdb_search_mode, by their numbers; ends with NULL. */
extern const char *const cli_search_modes[];

typedef struct search_values {
    const char *const *question; /* its words */
    const char *secretary;
    const int64_t *top;
    const double *threshold;
    const char *mode;
    const char *const *documents;
    const char *const *types;
    const char *metadata;
    const int64_t *neighbours;
    const int64_t *deadline;
    const bool *duplicates;
    const bool *explain;
} search_values;

typedef struct eval_values {
    const char *const *files;
    const char *mode;
    const char *secretary;
    const double *threshold;
    const int64_t *rounds;
    const char *compare;
    const double *tolerance;
} eval_values;

typedef struct transfer_values {
    const char *transfer_rule; /* UUID */
    const char *secretary;
    const char *const *utterance; /* its words */
    const char *at;               /* an instant */
    vdb_transfer_rule_input input;
} transfer_values;

typedef struct conversation_values {
    const char *conversation; /* its UUID or its call UUID */
    const char *call;
    const char *caller;
    const char *role;
    const char *const *text; /* its words */
    const int64_t *turn;
    vdb_message said; /* as far as it is text */
    const int64_t *audio_ms, *stt_ms, *rag_ms, *llm_ms, *tts_ms, *tokens;
    const double *confidence;
    const char *search; /* what `search --json` printed */
    const int64_t *limit;
    const bool *trace;
    const int64_t *idle; /* seconds */
    const char *spool;   /* a directory */
    const bool *send;
    const bool *dead;
    const int64_t *timeout; /* seconds */
    vdb_conversation_start_input start;
    vdb_conversation_end_input end;
} conversation_values;

typedef struct index_values {
    const char *strategy;
} index_values;

typedef struct backup_values {
    const char *path;
    const char *key; /* a file */
    const char *const *erasure_keys;
    const int64_t *keep;
    const bool *replace;
    const char *into; /* a domain */
    const char *confirm;
    const bool *dry_run;
    const int64_t *bloat; /* percent */
} backup_values;

typedef struct doctor_values {
    const char *const *codes; /* of checks */
    const char *const *except;
    const char *const *files;
    const bool *fix;
} doctor_values;
typedef struct key_values {
    const char *path;
    const char *after; /* a file */
} key_values;

typedef struct webhook_values {
    const int64_t *workers, *in_flight, *per_tenant, *timeout;
    const bool *once;
    const char *const *allow;
    const char *ca_file;
    const char *state;
    const char *conversation;
    const int64_t *limit;
    const char *delivery; /* UUID */
    const bool *dead;
    const char *path; /* of a file with a secret */
    const bool *remove;
} webhook_values;

typedef struct privacy_values {
    const char *caller;
    const char *key; /* a file */
    vdb_retention_input terms;
} privacy_values;

typedef struct help_values {
    const char *const *words;
    const bool *markdown;
} help_values;

typedef struct completion_values {
    const char *shell;
} completion_values;

#endif
