/*
 * voicedb.h - the database of AI phone secretaries on FusionPBX, for C programs.
 *
 * Model. A pool holds connections to one PostgreSQL. A tenant handle names one FusionPBX domain; every call that reads
 * or writes tenant data takes one, and PostgreSQL's row-level security enforces it a second time. There is no call that
 * reads tenant data without a handle.
 *
 * Errors. A fallible call returns a vdb_status and, when that is not VDB_OK, fills the vdb_error it was given (NULL is
 * allowed: the caller only wants the status). Output parameters are written on success only. The library never prints,
 * exits or jumps. Secrets never appear in an error.
 *
 * Memory. What a call hands out belongs to the caller and is released with the one function its comment names. A call
 * that returns rows returns one block: an array of structs with their strings behind it, released by vdb_rows_free().
 * Strings in rows are UTF-8 and end with NUL; a database NULL is a NULL pointer. Input strings are UTF-8, are read
 * during the call and never kept.
 *
 * Inputs. In a `*_input` struct a NULL member means "not given": the column's default on add, unchanged on update. An
 * empty string sets a column that may be NULL to NULL.
 *
 * Units. Instants are RFC 3339 strings in UTC ("2026-03-01T12:00:00.123456Z"); durations are milliseconds; similarity
 * is 1 - cosine distance, from -1 to 1.
 *
 * Threads. A pool and the tenant handles made from it may be used from any number of threads at once. Everything else
 * belongs to the thread that got it.
 */
#ifndef VOICEDB_H
#define VOICEDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VDB_API __attribute__((visibility("default")))
#define VDB_MUST_CHECK __attribute__((warn_unused_result))

/* Length of every stored embedding; a shorter one is padded with zeros, which changes no cosine, dot product or L2. */
#define VDB_DIMENSIONS 1536

/* The status of a call is also the exit status of the `voicedb` command. */
typedef enum vdb_status {
    VDB_OK = 0,
    VDB_DEFECT = 1,      /* a defect in voicedb, or memory ran out */
    VDB_USAGE = 2,       /* the call itself is wrong */
    VDB_NOT_FOUND = 3,   /* no such thing in this tenant */
    VDB_CONFLICT = 4,    /* it conflicts with what is there */
    VDB_NOT_ALLOWED = 5, /* the tenant or the role may not */
    VDB_UNREACHABLE = 6, /* the database cannot be reached, or the connection was lost */
    VDB_SCHEMA = 7,      /* the schema is not current */
    VDB_PROVIDER = 8,    /* an AI provider failed */
    VDB_BAD_INPUT = 9,   /* a file, JSON or vector that cannot be used */
    VDB_PENDING = 10,    /* migrations are pending */
    VDB_DRIFT = 11,      /* the schema differs from its migrations */
    VDB_FINDINGS = 12,   /* a check found something */
    VDB_WORSE = 13       /* an evaluation is worse than the one it is compared with */
} vdb_status;

/* What went wrong and what to do. Filled by a failing call; all strings end with NUL, an unused one is empty. */
typedef struct vdb_error {
    vdb_status status;
    char sqlstate[6];  /* PostgreSQL's code, where the server said no */
    char message[512]; /* one line: what is wrong */
    char detail[512];  /* one line: where, or which value */
    char hint[512];    /* one line, starts with a verb: what to do */
} vdb_error;

/* "0.1.0": the version of the library that is running. Never fails. */
VDB_API const char *vdb_version(void);

/* A stable lower-case name ("not_found") and the HTTP status that fits. Never fail; an unknown status is a defect. */
VDB_API const char *vdb_status_name(vdb_status status);
VDB_API int vdb_status_http(vdb_status status);

/* Releases what a call returned as rows. NULL is allowed. */
VDB_API void vdb_rows_free(const void *rows);

/* ---- connections and tenants ------------------------------------------------------------------------------------- */

typedef struct vdb_pool vdb_pool;
typedef struct vdb_tenant vdb_tenant;

typedef struct vdb_options {
    const char *conninfo;        /* libpq connection string or URI; NULL: libpq's own environment and service file */
    int max_connections;         /* opened on demand; 0: 8 */
    int acquire_timeout_ms;      /* how long a call waits for a free connection; 0: 5000 */
    int statement_timeout_ms;    /* set on every connection; 0: 30000 */
    bool no_prepared;            /* true: no named prepared statements, for a pooler that cannot carry them */
    const char *master_key_file; /* opens and seals secrets, read when first needed; NULL: $VOICEDB_MASTER_KEY, else the
                                    systemd credential voicedb-master.key, else /etc/voicedb/master.key */
} vdb_options;

/*
 * Opens a pool and its first connection. `options` may be NULL. The connections pin search_path, client_encoding,
 * TimeZone, application_name and statement_timeout.
 * VDB_UNREACHABLE: no server, or it refused. Release with vdb_pool_close() after the last call through it.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_pool_open(const vdb_options *options, vdb_pool **pool, vdb_error *error);
VDB_API void vdb_pool_close(vdb_pool *pool);

/*
 * Opens a tenant by domain UUID or by FusionPBX domain name (letter case does not matter). The handle is bound to this
 * domain for life. VDB_NOT_FOUND: no such domain; VDB_CONFLICT: the name belongs to several; VDB_SCHEMA: run
 * `voicedb migrate` first. Release with vdb_tenant_close(), before its pool.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_tenant_open(vdb_pool *pool, const char *domain, vdb_tenant **tenant,
                                                  vdb_error *error);
VDB_API void vdb_tenant_close(vdb_tenant *tenant);
VDB_API const char *vdb_tenant_uuid(const vdb_tenant *tenant); /* lives as long as the handle */
VDB_API const char *vdb_tenant_name(const vdb_tenant *tenant); /* lives as long as the handle */

typedef struct vdb_tenant_row {
    const char *domain_uuid;
    const char *domain_name;
    bool domain_enabled;
    int64_t secretaries;
    int64_t documents;
    int64_t chunks;
    int64_t conversations;
} vdb_tenant_row;

/* All tenants with their sizes, for the operator. VDB_NOT_ALLOWED under a role that row-level security binds. */
VDB_API VDB_MUST_CHECK vdb_status vdb_tenant_list(vdb_pool *pool, const vdb_tenant_row **rows, size_t *count,
                                                  vdb_error *error);

/* ---- providers --------------------------------------------------------------------------------------------------- */

typedef struct vdb_provider {
    const char *provider_uuid;
    const char *provider_type; /* stt, tts, llm, embeddings */
    const char *provider_name;
    const char *display_name;
    const char *config; /* JSON object; holds secrets: show vdb_provider_config_masked() to people */
    bool is_default;
    bool enabled;
    const char *created_at;
    const char *updated_at;
} vdb_provider;

typedef struct vdb_provider_input {
    const char *provider_type; /* required on add, refused on update */
    const char *provider_name; /* required on add */
    const char *display_name;
    const char *config;     /* JSON object; its secrets are sealed before they leave the process */
    const bool *is_default; /* true takes it from the type's default so far */
    const bool *enabled;
} vdb_provider_input;

/*
 * On success `uuid` holds the new UUID. VDB_CONFLICT: the tenant has a provider of this type and name; VDB_NOT_ALLOWED:
 * the config holds a secret and there is no master key to seal it by.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_provider_add(vdb_tenant *tenant, const vdb_provider_input *input, char uuid[37],
                                                   vdb_error *error);
/* `type` NULL: all types. Secrets in the configs are sealed, {"$sealed": "…"}: vdb_provider_get() opens them. */
VDB_API VDB_MUST_CHECK vdb_status vdb_provider_list(vdb_tenant *tenant, const char *type, const vdb_provider **rows,
                                                    size_t *count, vdb_error *error);
/* `provider`: UUID or name; `type` may be NULL when that names one only (VDB_CONFLICT otherwise). One row, its
 * config opened. VDB_NOT_ALLOWED: the master key that is needed is not at hand, the message names it. */
VDB_API VDB_MUST_CHECK vdb_status vdb_provider_get(vdb_tenant *tenant, const char *type, const char *provider,
                                                   const vdb_provider **row, vdb_error *error);
VDB_API VDB_MUST_CHECK vdb_status vdb_provider_update(vdb_tenant *tenant, const char *provider_uuid,
                                                      const vdb_provider_input *input, vdb_error *error);
/* VDB_CONFLICT: a secretary uses it. */
VDB_API VDB_MUST_CHECK vdb_status vdb_provider_remove(vdb_tenant *tenant, const char *provider_uuid, vdb_error *error);

typedef struct vdb_provider_test {
    const char *provider_uuid;
    const char *provider_name;
    const char *protocol; /* that it was asked in; "builtin" needs none */
    const char *address;  /* NULL: builtin */
    const char *embedding_model;
    int64_t embedding_dimensions;
    int64_t tokens; /* that the provider counted */
    double took_ms;
    const char *first_numbers; /* of the vector, a JSON array */
} vdb_provider_test;

/*
 * Asks an embeddings provider, by UUID or name, for the vector of one text (NULL: a question of ours), with its
 * retries. The answer is checked as in a search. Nothing is stored. One row. VDB_PROVIDER: it failed.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_provider_ask(vdb_tenant *tenant, const char *provider, const char *text,
                                                   const vdb_provider_test **row, vdb_error *error);

typedef struct vdb_provider_usage {
    const char *usage_date; /* "2026-03-01", in UTC */
    const char *provider_name;
    const char *embedding_model;
    int64_t requests; /* that were answered */
    int64_t texts;
    int64_t tokens; /* the service's own count; where it gives none, one for every four bytes */
    double cost;    /* by the config's price_per_million_tokens as it was then */
} vdb_provider_usage;

/* What embedding services were asked for in so many days up to today, the newest first. */
VDB_API VDB_MUST_CHECK vdb_status vdb_provider_usage_list(vdb_tenant *tenant, int days, const vdb_provider_usage **rows,
                                                          size_t *count, vdb_error *error);

/*
 * A copy of `config` in which every secret is "***": what is sealed, and every value whose key names one (api_key,
 * token, secret, password and the like) or stands in the config's own list "$secret", at any depth. NULL when `config`
 * is no JSON object or memory ran out. Release with free().
 */
VDB_API char *vdb_provider_config_masked(const char *config);

/* ---- secretaries ------------------------------------------------------------------------------------------------- */

typedef struct vdb_secretary {
    const char *voice_secretary_uuid;
    const char *name;
    const char *description;
    const char *extension;
    bool enabled;
    const char *stt_provider_uuid;
    const char *stt_provider; /* provider_name; NULL when there is none */
    const char *stt_config;   /* JSON object; holds secrets */
    const char *tts_provider_uuid;
    const char *tts_provider;
    const char *tts_config;
    const char *llm_provider_uuid;
    const char *llm_provider;
    const char *llm_config;
    const char *embeddings_provider_uuid;
    const char *embeddings_provider;
    const char *embeddings_config;
    const char *system_prompt;
    const char *greeting_message;
    const char *goodbye_message;
    const char *voice_name;
    const char *language;
    bool rag_enabled;
    double rag_similarity_threshold;
    int64_t max_conversation_turns;
    const char *webhook_url;
    bool webhook_enabled;
    const char *created_at;
    const char *updated_at;
} vdb_secretary;

typedef struct vdb_secretary_input {
    const char *name; /* required on add */
    const char *description;
    const char *extension; /* dialled number; unique in the tenant */
    const bool *enabled;
    const char *stt_provider_uuid; /* of the tenant and of this type, else VDB_BAD_INPUT */
    const char *tts_provider_uuid;
    const char *llm_provider_uuid;
    const char *embeddings_provider_uuid;
    const char *system_prompt;
    const char *greeting_message;
    const char *goodbye_message;
    const char *voice_name;
    const char *language; /* BCP 47, "pt-BR" */
    const bool *rag_enabled;
    const double *rag_similarity_threshold; /* 0 to 1 */
    const int64_t *max_conversation_turns;
    const char *webhook_url;
    const bool *webhook_enabled;
} vdb_secretary_input;

VDB_API VDB_MUST_CHECK vdb_status vdb_secretary_add(vdb_tenant *tenant, const vdb_secretary_input *input, char uuid[37],
                                                    vdb_error *error);
/* Without the providers' configs: those members are NULL here. */
VDB_API VDB_MUST_CHECK vdb_status vdb_secretary_list(vdb_tenant *tenant, const vdb_secretary **rows, size_t *count,
                                                     vdb_error *error);
/* `secretary`: UUID, extension or name, in this order. One row, with its providers, their configs opened, by one query.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_secretary_get(vdb_tenant *tenant, const char *secretary,
                                                    const vdb_secretary **row, vdb_error *error);
VDB_API VDB_MUST_CHECK vdb_status vdb_secretary_update(vdb_tenant *tenant, const char *voice_secretary_uuid,
                                                       const vdb_secretary_input *input, vdb_error *error);
/* VDB_CONFLICT: it has documents of its own. Its transfer rules go with it, its conversations stay. */
VDB_API VDB_MUST_CHECK vdb_status vdb_secretary_remove(vdb_tenant *tenant, const char *voice_secretary_uuid,
                                                       vdb_error *error);

/* ---- documents --------------------------------------------------------------------------------------------------- */

typedef struct vdb_document {
    const char *document_uuid;        /* to a writer: the document that is to be replaced; NULL: by its name */
    const char *voice_secretary_uuid; /* NULL: all secretaries of the tenant */
    const char *document_name;
    const char *document_type;
    const char *file_path;
    const char *mime_type;
    int64_t file_size;            /* bytes */
    const char *content;          /* the whole text: read by the writer, NULL in what is listed */
    const char *content_sha256;   /* 64 hexadecimal digits */
    int64_t chunk_target_tokens;  /* most tokens of a chunk, an estimate; 0 in what is written: 200 */
    int64_t chunk_overlap_tokens; /* that a chunk repeats of the one before at the most */
    int64_t chunk_count;
    const char *embedding_model;   /* of its chunks */
    const char *processing_status; /* pending, processing, ready, failed */
    const char *processing_error;
    const char *processed_at;
    bool enabled;
    const char *created_at;
    const char *updated_at;
} vdb_document;

typedef struct vdb_chunk {
    const char *chunk_uuid;
    const char *document_uuid;
    int64_t chunk_index; /* from 0 */
    const char *content;
    const char *embedding_model;
    int64_t embedding_dimensions; /* before padding */
    int64_t token_count;          /* an estimate */
    const char *metadata;         /* JSON object: heading path, page or row, byte offset and length in the text */
    const char *created_at;
} vdb_chunk;

typedef struct vdb_document_file {
    const char *path;          /* PDF, DOCX, ODT, HTML, Markdown, CSV or text; "-": standard input */
    const char *document_name; /* NULL: the file's name. Names a document within tenant and secretary */
    const char *secretary;     /* UUID, extension or name; NULL: for all secretaries of the tenant */
    int64_t max_bytes;         /* 0: 256 MiB; a larger file is refused */
    int64_t chunk_tokens;      /* the most a chunk has, an estimate: 32 to 4000; 0: 200 */
    int64_t overlap_tokens; /* what a chunk repeats of the one before at the most: up to half of a chunk; 0: nothing */
} vdb_document_file;

typedef enum vdb_document_outcome {
    VDB_DOCUMENT_ADDED,
    VDB_DOCUMENT_REPLACED,
    VDB_DOCUMENT_UNCHANGED /* the same bytes are there, split the same way, embedded by the same model: nothing was
                              written */
} vdb_document_outcome;

typedef struct vdb_document_added {
    char document_uuid[37];
    vdb_document_outcome outcome;
    int64_t chunk_count;
    char embedding_model[101];
} vdb_document_added;

/* Called now and then with bytes done of all; returning false ends the work with VDB_USAGE and the document as before.
 */
typedef bool (*vdb_progress)(void *context, int64_t done, int64_t total);

/*
 * Reads, splits, embeds and stores a file as a document, in one transaction: other sessions see it as before or
 * complete, whatever happens to this process. The file is read by the programs voicedb-extract and voicedb-extract-pdf,
 * found in the folder VOICEDB_EXTRACT_DIR, else beside the running program, else where they were installed. The
 * embeddings come from the secretary's provider, else from the tenant's default. VDB_BAD_INPUT: no document of a kind
 * that is read, encrypted, damaged, without text, too large; VDB_PROVIDER: embedding failed. `progress` may be NULL.
 * Where a service is asked over HTTP, several requests are under way at once, each on a connection of the pool beside
 * the document's own: it must have two at least. What was embedded is kept when the call fails, for the next one.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_document_add_file(vdb_tenant *tenant, const vdb_document_file *file,
                                                        vdb_progress progress, void *context, vdb_document_added *added,
                                                        vdb_error *error);

/* Tenants with documents that are pending, or were taken by a worker that has not stored them in time. */
typedef struct vdb_document_queue {
    const char *domain_uuid;
    const char *domain_name;
    int64_t documents;
} vdb_document_queue;

/* For the operator. VDB_NOT_ALLOWED under a role that row-level security binds. */
VDB_API VDB_MUST_CHECK vdb_status vdb_document_waiting(vdb_pool *pool, const vdb_document_queue **rows, size_t *count,
                                                       vdb_error *error);

typedef struct vdb_process_options {
    const char *files; /* the folder in which documents without content may lie by their file_path; NULL: nowhere */
    int lease_s;       /* after so long without a passage another worker may take the document; 0: 300 */
} vdb_process_options;

typedef struct vdb_processed {
    char document_uuid[37]; /* empty: no document waits */
    char document_name[1024];
    vdb_document_added added; /* of a document that is ready now */
    vdb_error error;          /* its status is VDB_OK then; else why the document waits again or has failed */
} vdb_processed;

/*
 * Takes the pending document that has waited longest, and splits, embeds and stores it, in one transaction as
 * vdb_document_add_file() does. Any number of workers may do so at once: no two take the same one. `options` and
 * `progress` may be NULL. A document that cannot be stored is no error of the call: it waits for another try, longer
 * each time, or is marked as failed when no try can mend it or eight have failed. What another worker has taken
 * meanwhile, or somebody has given another text, is left as it is (VDB_CONFLICT).
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_document_process(vdb_tenant *tenant, const vdb_process_options *options,
                                                       vdb_progress progress, void *context, vdb_processed *processed,
                                                       vdb_error *error);

/* What a change of the tenant's embedding model takes. */
typedef struct vdb_reembed_plan {
    char embedding_model[101]; /* that the tenant changes to */
    int64_t chunks;            /* of the tenant */
    int64_t switched;          /* that the model has embedded already, where searches look */
    int64_t missing;           /* that it still has to embed */
    int64_t tokens;            /* of those, an estimate */
    int64_t disk_bytes;        /* that the database grows by at the most */
} vdb_reembed_plan;

/* `provider`: the new one of embeddings, by UUID or name. Nothing is changed. */
VDB_API VDB_MUST_CHECK vdb_status vdb_reembed_prepare(vdb_tenant *tenant, const char *provider, vdb_reembed_plan *plan,
                                                      vdb_error *error);

/*
 * Embeds all chunks of the tenant by another provider while searches go on with the embeddings they have, then changes
 * chunks, the tenant's default provider and its secretaries' in one transaction. What was embedded is kept when it
 * stops or is killed, and the next call goes on from there. The old embeddings are kept too, so that changing back
 * takes no request. `plan` (may be NULL) is what was found at the start.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_reembed(vdb_tenant *tenant, const char *provider, vdb_progress progress,
                                              void *context, vdb_reembed_plan *plan, vdb_error *error);

/* Drops the embeddings that are kept of models that no chunk of the tenant has, `*count` of them. */
VDB_API VDB_MUST_CHECK vdb_status vdb_reembed_discard(vdb_tenant *tenant, int64_t *count, vdb_error *error);

typedef struct vdb_chunk_input {
    const char *content;
    const float *embedding; /* `dimensions` numbers of the batch, finite */
    int64_t token_count;
    const char *metadata; /* JSON object, or NULL */
} vdb_chunk_input;

/*
 * A writer stores a document whose text was split and embedded elsewhere: open, append batches, then commit, all in one
 * transaction on one connection. vdb_document_writer_abort() (or the process's end) leaves everything as before.
 * Commit and abort both release the writer; after an append that failed, commit aborts and says so. One writer per
 * document name at a time: a second one waits.
 */
typedef struct vdb_document_writer vdb_document_writer;
VDB_API VDB_MUST_CHECK vdb_status vdb_document_writer_open(vdb_tenant *tenant, const vdb_document *document,
                                                           const char *embedding_model, int dimensions,
                                                           vdb_document_writer **writer, vdb_error *error);
/* True when the same bytes are there, split the same way, embedded by the same model: append and commit then write
 * nothing. */
VDB_API bool vdb_document_writer_is_unchanged(const vdb_document_writer *writer);
VDB_API VDB_MUST_CHECK vdb_status vdb_document_writer_append(vdb_document_writer *writer, const vdb_chunk_input *chunks,
                                                             size_t count, vdb_error *error);
VDB_API VDB_MUST_CHECK vdb_status vdb_document_writer_commit(vdb_document_writer *writer, vdb_document_added *added,
                                                             vdb_error *error);
VDB_API void vdb_document_writer_abort(vdb_document_writer *writer);

VDB_API VDB_MUST_CHECK vdb_status vdb_document_list(vdb_tenant *tenant, const vdb_document **rows, size_t *count,
                                                    vdb_error *error);
/* `document`: UUID or name (VDB_CONFLICT when several have the name). One row. */
VDB_API VDB_MUST_CHECK vdb_status vdb_document_get(vdb_tenant *tenant, const char *document, const vdb_document **row,
                                                   vdb_error *error);
VDB_API VDB_MUST_CHECK vdb_status vdb_document_enable(vdb_tenant *tenant, const char *document_uuid, bool enabled,
                                                      vdb_error *error);
VDB_API VDB_MUST_CHECK vdb_status vdb_document_remove(vdb_tenant *tenant, const char *document_uuid, vdb_error *error);
/*
 * Makes what search by words needs of the tenant's passages that lack it: those of an older voicedb, and those that
 * another program has written or changed. `progress` (may be NULL) is told how many are done, of 0. `chunks` (may be
 * NULL) holds how many there were, also when it was stopped. Can run beside everything else.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_document_index(vdb_tenant *tenant, vdb_progress progress, void *context,
                                                     int64_t *chunks, vdb_error *error);
/* In chunk_index order. */
VDB_API VDB_MUST_CHECK vdb_status vdb_chunk_list(vdb_tenant *tenant, const char *document_uuid, const vdb_chunk **rows,
                                                 size_t *count, vdb_error *error);

/* ---- search ------------------------------------------------------------------------------------------------------ */

typedef enum vdb_search_mode {
    VDB_SEARCH_AUTO,    /* hybrid for a question, vector for a ready embedding */
    VDB_SEARCH_VECTOR,  /* by meaning, as far as the embedding knows it */
    VDB_SEARCH_LEXICAL, /* by words: without the embeddings provider */
    VDB_SEARCH_HYBRID   /* by both, in one round trip */
} vdb_search_mode;

typedef enum vdb_explain {
    VDB_EXPLAIN_NOT,
    VDB_EXPLAIN_TEXT, /* as people read it, lines with indents */
    VDB_EXPLAIN_JSON
} vdb_explain;

typedef struct vdb_search_request {
    const char *question;   /* embedded by the provider, unless `embedding` is given */
    const float *embedding; /* or a ready one of `dimensions` numbers, made by `embedding_model` */
    int dimensions;         /* 1 to VDB_DIMENSIONS */
    const char *embedding_model;
    const char *secretary;   /* UUID, extension or name: its documents and those for all, its threshold; NULL: all */
    int top;                 /* at most so many results, 1 to 1000; 0: 5 */
    const double *threshold; /* least similarity, 0 to 1; NULL: the secretary's, or none without a secretary */
    vdb_search_mode mode;
    const char *const *documents;      /* only these, UUIDs or names, ends with NULL; NULL: all */
    const char *const *document_types; /* only these, ends with NULL; NULL: all */
    const char *metadata;              /* a JSON object that a passage's metadata must contain; NULL: any */
    bool keep_duplicates;              /* also passages that say the same as a better one */
    int neighbours;                    /* so many passages before and behind each hit are joined to it, 0 to 10 */
    int deadline_ms; /* how long it may take, at least 20; 0: as long as it takes. When the embeddings provider fails,
                        or would be too slow, the question is answered by its words, and `left_out` says so */
    vdb_explain explain; /* what PostgreSQL's EXPLAIN (ANALYZE, BUFFERS) says of the queries, which run again for it */
} vdb_search_request;

typedef struct vdb_search_hit {
    const char *chunk_uuid;
    const char *document_uuid;
    const char *document_name;
    int64_t chunk_index;
    const char *content;
    const char *metadata;
    double similarity;   /* NaN: not known, where the question or the passage has no embedding of the model */
    double word_share;   /* 0 to 1: how much of the weight of the question's words it has; 0 in vector mode */
    double score;        /* what it is ordered by: similarity, word_score, or the sum of 1 / (60 + rank) */
    double word_score;   /* BM25 */
    int64_t vector_rank; /* from 1; 0: not among those found by vector, or not looked for there */
    int64_t word_rank;   /* likewise by words */
    const char *before;  /* the passages in front of it in its document; NULL: there is none, or none was asked for */
    const char *after;   /* likewise behind it */
} vdb_search_hit;

typedef struct vdb_search_result {
    const vdb_search_hit *hits; /* best first; of equal ones the smaller chunk_uuid */
    size_t count;
    size_t below_threshold;      /* how many of the `top` best were left out because they are not good enough */
    double best_below_threshold; /* the highest similarity of those, or word_share in lexical mode */
    size_t duplicates;           /* how many were left out because they say the same as a better one */
    const char *verdict;         /* found; not_good_enough: there are passages, all below the threshold; nothing: there
                                    is none; off: rag_enabled is false */
    const char *mode;            /* vector, lexical, hybrid, off */
    const char *left_out;        /* what this search did without, in a sentence; NULL: nothing */
    const char *embedding_model; /* empty: the question was not embedded */
    const char *embedded;        /* the question's embedding: provider, remembered (asked lately), given, no */
    const char *strategy; /* two-stage, exact, hnsw, ivfflat, tenantvec; words: no vector; off: rag_enabled is false */
    const char *vector_plan; /* explained; NULL: not asked for, or not searched by vector */
    const char *words_plan;  /* likewise of the search by words */
    double embed_ms;
    double search_ms; /* without what explaining took */
    double total_ms;  /* of the whole call */
} vdb_search_result;

/*
 * The `top` best passages of the tenant among the enabled, ready documents that the secretary may use: by cosine to the
 * question's embedding among those of its model, by the question's words, or by both, by the sum of what its two ranks
 * are worth (reciprocal rank fusion, k = 60, times the similarity or the root of word_share). A passage is good enough
 * when its similarity reaches the threshold, or its word_share does and is at least 0.4. Release with
 * vdb_search_free(). VDB_BAD_INPUT: no question, a question without words in lexical mode, a vector that is too long,
 * not finite or all zeros; VDB_PROVIDER: embedding failed. A provider that has failed three questions of the process in
 * a row is not asked for some seconds: they are answered as if it had failed again. By both ways, the search runs on
 * two connections at the same time where the pool has a second one idle.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_search(vdb_tenant *tenant, const vdb_search_request *request,
                                             vdb_search_result **result, vdb_error *error);
VDB_API void vdb_search_free(vdb_search_result *result);

/* ---- transfer rules ---------------------------------------------------------------------------------------------- */

typedef struct vdb_transfer_rule {
    const char *transfer_rule_uuid;
    const char *voice_secretary_uuid; /* NULL: all secretaries of the tenant */
    const char *department_name;
    const char *const *intent_keywords; /* ends with NULL */
    const char *const *intent_patterns; /* ends with NULL */
    const char *destination_type;       /* extension, ring_group, queue, voicemail, ivr_menu, external */
    const char *transfer_extension;
    const char *transfer_message;
    const char *working_hours; /* JSON: docs/transfers.md; NULL or {}: always */
    const char *fallback_action;
    const char *fallback_extension;
    int64_t priority; /* smaller first */
    bool enabled;
    const char *created_at;
    const char *updated_at;
} vdb_transfer_rule;

typedef struct vdb_transfer_rule_input {
    const char *secretary;              /* UUID, extension or name; NULL or empty: all */
    const char *department_name;        /* required */
    const char *const *intent_keywords; /* ends with NULL; none may be without a letter or digit */
    const char *const *intent_patterns;
    const char *destination_type;   /* NULL: extension */
    const char *transfer_extension; /* required */
    const char *transfer_message;
    const char *working_hours;
    const char *fallback_action;
    const char *fallback_extension;
    const int64_t *priority;
    const bool *enabled;
} vdb_transfer_rule_input;

VDB_API VDB_MUST_CHECK vdb_status vdb_transfer_rule_add(vdb_tenant *tenant, const vdb_transfer_rule_input *input,
                                                        char uuid[37], vdb_error *error);
/* `secretary` NULL: every rule; else its own and those for all. By priority. */
VDB_API VDB_MUST_CHECK vdb_status vdb_transfer_rule_list(vdb_tenant *tenant, const char *secretary,
                                                         const vdb_transfer_rule **rows, size_t *count,
                                                         vdb_error *error);
VDB_API VDB_MUST_CHECK vdb_status vdb_transfer_rule_remove(vdb_tenant *tenant, const char *transfer_rule_uuid,
                                                           vdb_error *error);
/* What became of one rule. */
typedef struct vdb_transfer_step {
    const char *transfer_rule_uuid;
    const char *department_name;
    int64_t priority;
    const char *verdict; /* chosen; fallback; passed: it is meant, but cannot take the call; not_meant; later: it is
                            meant, but another one came first; disabled */
    const char *why;     /* one sentence */
} vdb_transfer_step;

typedef struct vdb_transfer_decision {
    const char *outcome;            /* transfer; fallback: no rule that is meant can take the call now; none */
    const vdb_transfer_rule *rule;  /* that was chosen, or whose fallback was; NULL: none */
    const char *action;             /* transfer, or the rule's fallback_action */
    const char *destination_type;   /* of `number`; NULL where a fallback does not say */
    const char *number;             /* NULL: there is none to call */
    const char *message;            /* what the caller hears before; NULL: nothing, or a fallback */
    const char *matched_by;         /* keyword, pattern */
    const char *matched;            /* which one */
    const char *why;                /* one sentence */
    const char *instant;            /* for which it was decided */
    const vdb_transfer_step *steps; /* all rules, in the order in which they were tried */
    size_t step_count;
} vdb_transfer_decision;

/*
 * Where what a caller said leads, at `instant` (RFC 3339; NULL: now). Rules are tried by priority, at the same priority
 * those of `secretary` (UUID, extension or name; NULL: rules of all) before those for all. A rule is meant when one of
 * its keywords stands in the utterance as whole words, accents, case and plural folded, or one of its patterns (PCRE2,
 * case folded, with limits) matches. The first one that is meant, has working hours now, and whose number is in
 * FusionPBX's tables (where they are) is chosen; when there is none, the first one's fallback that can be had. Release
 * with vdb_rows_free(). VDB_OK also for the outcome none. VDB_BAD_INPUT: not UTF-8, or longer than 64 KiB.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_transfer_resolve(vdb_tenant *tenant, const char *secretary, const char *utterance,
                                                       const char *instant, const vdb_transfer_decision **decision,
                                                       vdb_error *error);

/* ---- the beginning of a call --------------------------------------------------------------------------------------
 */

enum { VDB_CALL_PROVIDERS = 4 };

typedef struct vdb_call_provider {
    const char *provider_type; /* stt, tts, llm, embeddings */
    const char *provider_uuid; /* NULL: there is none to use, and the members below are NULL too */
    const char *provider_name;
    const char *display_name;
    const char *config; /* JSON object, opened: holds secrets */
    const char
        *fallback; /* NULL: the secretary's own. Else why it is the tenant's default, or nothing: missing, disabled */
} vdb_call_provider;

typedef struct vdb_call_context {
    const vdb_secretary *secretary;                  /* its providers' configs are NULL here */
    vdb_call_provider providers[VDB_CALL_PROVIDERS]; /* stt, tts, llm, embeddings */
    const vdb_transfer_rule *rules;                  /* the enabled ones, in the order in which they are tried */
    size_t rule_count;
    const char *embedding_model; /* of the document that was embedded last; NULL: it has none to search */
} vdb_call_context;

/*
 * All that a call begins with, in one round trip, or two when it has changed since the pool read it. `secretary`: its
 * UUID, or the extension that was dialled. What was read is kept by the pool and shared: change nothing in it, and
 * release it with vdb_rows_free(). The opened configs are wiped with their last user. VDB_NOT_FOUND: no such secretary;
 * VDB_CONFLICT: it is disabled; VDB_NOT_ALLOWED, VDB_BAD_INPUT: a secret of a provider in use cannot be opened.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_call_context_get(vdb_tenant *tenant, const char *secretary,
                                                       const vdb_call_context **context, vdb_error *error);

/* ---- conversations ----------------------------------------------------------------------------------------------- */

typedef struct vdb_conversation {
    const char *conversation_uuid;
    const char *voice_secretary_uuid;
    const char *secretary_name;
    const char *call_uuid; /* FreeSWITCH channel UUID */
    const char *caller_id;
    const char *caller_name;
    const char *started_at;
    const char *ended_at; /* NULL: going on */
    const char *final_action;
    const char *transfer_rule_uuid;
    const char *transfer_target;
    const char *summary;
    const char *ticket_id;
    const char *metadata; /* JSON object */
    int64_t messages;     /* counted, as are the turns */
    int64_t turns;
    int64_t duration_ms; /* 0: going on */
    const char *created_at;
    const char *updated_at;
} vdb_conversation;

typedef struct vdb_conversation_start_input {
    const char *secretary; /* UUID, extension or name; may be NULL */
    const char *call_uuid; /* NULL: a call without FreeSWITCH */
    const char *caller_id;
    const char *caller_name;
    const char *metadata;
} vdb_conversation_start_input;

/*
 * Starts a conversation, or takes up the one of this call that goes on: then only `call_uuid` is looked at. The UUID is
 * made of domain and call, where there is a call: every process that starts the same one means the same.
 * VDB_CONFLICT: the conversation of this call has ended; the detail names it.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_conversation_start(vdb_tenant *tenant, const vdb_conversation_start_input *input,
                                                         char conversation_uuid[37], vdb_error *error);

typedef struct vdb_message {
    const char *message_uuid;
    int64_t turn_number; /* from 1 */
    const char *role;    /* user, assistant, system, tool */
    const char *content;
    int64_t audio_duration_ms; /* 0: not known; likewise the numbers below */
    const char *audio_file_path;
    const char *stt_provider;
    int64_t stt_latency_ms;
    int64_t rag_latency_ms; /* from the question to the chunks */
    const char *llm_provider;
    int64_t llm_latency_ms;
    const char *tts_provider;
    int64_t tts_latency_ms;
    int64_t tokens_used;
    const char *const *rag_chunk_uuids; /* ends with NULL; NULL: none */
    const double *rag_similarities;     /* given: of each chunk, or NULL; not in rows: vdb_conversation_trace() tells */
    const char *detected_intent;
    double intent_confidence; /* 0 to 1 */
    const char *created_at;
} vdb_message;

/*
 * Adds a message. `turn_number` 0: the next one (a role that has spoken in the current turn opens the next). Members
 * that are 0 or NULL stay NULL; message_uuid and created_at are not read. On success `turn` (may be NULL) holds the
 * number. VDB_NOT_FOUND: no such conversation in this tenant; VDB_CONFLICT: it has ended, or this role has spoken in
 * that turn.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_conversation_say(vdb_tenant *tenant, const char *conversation_uuid,
                                                       const vdb_message *message, int64_t *turn, vdb_error *error);

typedef struct vdb_conversation_end_input {
    const char *final_action; /* "hangup", "transfer", … ; NULL: hangup */
    const char *transfer_rule_uuid;
    const char *transfer_target;
    const char *summary;
    const char *ticket_id;
} vdb_conversation_end_input;

/* VDB_CONFLICT: it has ended already. */
VDB_API VDB_MUST_CHECK vdb_status vdb_conversation_end(vdb_tenant *tenant, const char *conversation_uuid,
                                                       const vdb_conversation_end_input *input, vdb_error *error);
/*
 * Ends the conversations in which nothing was said for so many seconds, as of their last turn, with final_action
 * "abandoned". `ended` (may be NULL): how many. What a log brings later opens such a one again. sweep_all is for the
 * operator: all tenants; VDB_NOT_ALLOWED under a role that row-level security binds.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_conversation_sweep(vdb_tenant *tenant, int64_t idle_seconds, int64_t *ended,
                                                         vdb_error *error);
VDB_API VDB_MUST_CHECK vdb_status vdb_conversation_sweep_all(vdb_pool *pool, int64_t idle_seconds, int64_t *ended,
                                                             vdb_error *error);
/* Newest first; `limit` 1 to 10000, 0: 50. `caller_id` NULL: all callers. */
VDB_API VDB_MUST_CHECK vdb_status vdb_conversation_list(vdb_tenant *tenant, const char *caller_id, int limit,
                                                        const vdb_conversation **rows, size_t *count, vdb_error *error);
/* `conversation`: its UUID or its call UUID. One row. */
VDB_API VDB_MUST_CHECK vdb_status vdb_conversation_get(vdb_tenant *tenant, const char *conversation,
                                                       const vdb_conversation **row, vdb_error *error);
/* In the order they were said. */
VDB_API VDB_MUST_CHECK vdb_status vdb_message_list(vdb_tenant *tenant, const char *conversation_uuid,
                                                   const vdb_message **rows, size_t *count, vdb_error *error);

typedef struct vdb_trace_event {
    const char *event;   /* start; a role: user, assistant, system, tool; chunk; transfer; end; webhook */
    const char *at;      /* NULL for a chunk, which the answer above it used */
    int64_t elapsed_ms;  /* since the start; 0 for a chunk */
    int64_t turn_number; /* 0: of the whole call */
    const char *content; /* what was said; the chunk's, NULL when it is not there any more; the summary at the end */
    const char *details; /* JSON object, of what is known: docs/conversations.md lists its members */
} vdb_trace_event;

/*
 * A call in the order of its events, from one query: who said what, how long each stage took, which chunks an answer
 * used and how near they were, where it was transferred. `conversation`: its UUID or its call's.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_conversation_trace(vdb_tenant *tenant, const char *conversation,
                                                         const vdb_trace_event **rows, size_t *count, vdb_error *error);

/* ---- conversation log --------------------------------------------------------------------------------------------
 *
 * The way for calls that cannot wait for a disk or a database. What a log has taken (VDB_OK) is in a file of the spool
 * directory and outlives the process, kill -9 included; threads of its own bring it into the database, in order within
 * each conversation, and once: what is sent again after a lost connection is known again. While the database is away,
 * the spool grows, up to its limit. A log that is opened in the directory later, by any process, takes over what dead
 * processes have left there.
 *
 * A log works while the database is away, so it takes the domain's UUID (vdb_tenant_uuid()) instead of a handle, and
 * leaves to later what only the database can say. A secretary or transfer rule that is not found then is noted in the
 * conversation's metadata (unknown_secretary, unknown_transfer_rule). What can never be stored - its tenant was
 * deleted, its conversation was ended elsewhere before - becomes a line of JSON in the directory's dead.jsonl.
 *
 * A log may be used from any number of threads at once. It has connections of its own.
 */

typedef struct vdb_log vdb_log;

typedef struct vdb_log_options {
    const char *spool_directory; /* made with mode 0700 if its parent exists; holds what callers said, in plain text */
    int64_t spool_limit_bytes;   /* of this log's files on disk; 0: 256 MiB */
    int senders;                 /* connections, 1 to 32; 0: 4 */
    bool survive_power_loss;     /* waits for the disk before it acknowledges: milliseconds instead of microseconds */
    void (*note)(void *context, const char *line); /* damaged files, refused records; from another thread; or NULL */
    void *context;
} vdb_log_options;

/*
 * Opens a log with a spool of its own. `database` (may be NULL) is as in vdb_pool_open(), but nothing is connected yet.
 * VDB_BAD_INPUT: the directory cannot be used. Release with vdb_log_close().
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_log_open(const vdb_options *database, const vdb_log_options *options,
                                               vdb_log **log, vdb_error *error);

/* Does not wait for the database, but for a statement that it is at. What is not stored yet stays in the spool. */
VDB_API void vdb_log_close(vdb_log *log);

/*
 * Begins a conversation, or takes up the one that this or another process has begun about the same call: its UUID is
 * made of domain and call, so that all of them get the same. Without a call each start is a new one. VDB_CONFLICT: this
 * log has ended it. VDB_UNREACHABLE: the spool is full; VDB_BAD_INPUT: it cannot be written, or a value cannot be
 * stored.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_log_start(vdb_log *log, const char *domain_uuid,
                                                const vdb_conversation_start_input *input, char conversation_uuid[37],
                                                vdb_error *error);

/*
 * Says something in a conversation that this log has begun. `turn_number` 0: the next one, as vdb_conversation_say()
 * counts; `turn` (may be NULL) gets it. Where another process speaks in the same conversation, turns counted here move
 * up behind its own when they are stored. At most 4 MiB. VDB_NOT_FOUND: not begun here; VDB_CONFLICT: ended, or a
 * given turn is over; otherwise as vdb_log_start().
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_log_say(vdb_log *log, const char *domain_uuid, const char *conversation_uuid,
                                              const vdb_message *message, int64_t *turn, vdb_error *error);

/* Ends a conversation that this log has begun. Errors as vdb_log_say(). */
VDB_API VDB_MUST_CHECK vdb_status vdb_log_end(vdb_log *log, const char *domain_uuid, const char *conversation_uuid,
                                              const vdb_conversation_end_input *input, vdb_error *error);

/*
 * Waits until all that was acknowledged, here and by the dead processes of the directory, is in the database or in
 * dead.jsonl. VDB_UNREACHABLE: it is not, after so many milliseconds; the detail says why.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_log_flush(vdb_log *log, int timeout_ms, vdb_error *error);

typedef struct vdb_log_state {
    int64_t waiting; /* records acknowledged and not in the database, those of orphans too */
    int64_t spool_bytes;
    int64_t spool_limit_bytes;
    int64_t stored;  /* by this log, since it was opened */
    int64_t refused; /* written to dead.jsonl */
    int64_t damaged; /* places of spools that could not be read; their files are kept as ….damaged */
    int64_t orphans; /* spools of dead processes that are not in the database yet */
    int64_t orphan_bytes;
    int64_t adopted; /* all of those so far */
    int connections;
    vdb_error last; /* why nothing can be stored now; VDB_OK: it can */
} vdb_log_state;

/* Never waits for the database. */
VDB_API void vdb_log_status(vdb_log *log, vdb_log_state *state);

typedef struct vdb_spool {
    const char *name;  /* of its files, up to a suffix; dead.jsonl */
    const char *state; /* open: its process lives; orphan: it does not; damaged: a file kept aside; dead: refused */
    int64_t process;   /* who opened it; 0: not known */
    int64_t waiting;   /* records that are not in the database; of `dead`: all there are */
    int64_t bytes;
    const char *since; /* of the oldest file */
} vdb_spool;

/* What lies in a spool directory, which is only looked at. Rows for vdb_rows_free(). VDB_BAD_INPUT: unreadable. */
VDB_API VDB_MUST_CHECK vdb_status vdb_log_spools(const char *directory, const vdb_spool **rows, size_t *count,
                                                 vdb_error *error);
/* ---- webhooks ---------------------------------------------------------------------------------------------------- */

/* A notice about a conversation that has ended, to where its secretary reports. */
typedef struct vdb_webhook_delivery {
    const char *delivery_uuid; /* the receiver's idempotency key */
    const char *conversation_uuid;
    const char *event;
    const char *state; /* pending, sending, delivered, dead (given up after a day) */
    int64_t attempts;  /* since it was last asked for */
    const char *created_at;
    const char *next_attempt_at; /* of a pending one */
    const char *last_attempt_at;
    int64_t last_status;    /* of HTTP; 0: no answer */
    const char *last_error; /* NULL: none */
    int64_t last_took_ms;
    const char *delivered_at;
    const char *url;          /* without user, password and query, which may be secrets */
    const char *paused_until; /* NULL: its address is not resting after failures */
} vdb_webhook_delivery;

typedef struct vdb_webhook_filter {
    const char *state;        /* NULL: any */
    const char *conversation; /* its UUID; NULL: any */
    int limit;                /* 1 to 10000; 0: 50 */
} vdb_webhook_filter;

/* The newest first. `filter` may be NULL. */
VDB_API VDB_MUST_CHECK vdb_status vdb_webhook_list(vdb_tenant *tenant, const vdb_webhook_filter *filter,
                                                   const vdb_webhook_delivery **rows, size_t *count, vdb_error *error);
/*
 * Sends a notice again from now on, for another day, to where its secretary reports now; `delivery_uuid` NULL: all dead
 * ones. `count` (may be NULL): how many. VDB_NOT_FOUND: no such notice, or it is on its way just now.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_webhook_retry(vdb_tenant *tenant, const char *delivery_uuid, int64_t *count,
                                                    vdb_error *error);

/* The room that a secret takes, its NUL included. */
#define VDB_WEBHOOK_SECRET_ROOM 96
/* Makes a new secret: "whsec_" and base64. */
VDB_API void vdb_webhook_secret_make(char secret[VDB_WEBHOOK_SECRET_ROOM]);
/*
 * Sets the secret that the tenant's notices are signed by; NULL: they are not signed any more. For a day the one before
 * it signs too. VDB_BAD_INPUT: it is no secret, as vdb_webhook_secret_make() makes one.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_webhook_secret_set(vdb_tenant *tenant, const char *secret, vdb_error *error);

typedef struct vdb_webhook_options {
    int workers;              /* threads, each with a connection to the database; 1 to 64, 0: 4 */
    int in_flight;            /* notices that one worker sends at once; 1 to 1000, 0: 64 */
    int per_tenant;           /* notices of one tenant on their way at once; 1 to 1000, 0: 8 */
    int timeout_ms;           /* of one attempt; 1 to 600 000, 0: 10 000 */
    bool once;                /* return when nothing is due any more */
    const char *const *allow; /* networks that are not public but may be sent to, "10.1.2.0/24"; ends with NULL */
    const char *ca_file;      /* authorities to trust, PEM; NULL: the system's */
    bool (*stopping)(void *context); /* asked ten times a second by each worker; true: end what is on its way, return */
    void (*note)(void *context, const char *line); /* what an operator wants to know; by any of the workers */
    void *context;
} vdb_webhook_options;

typedef struct vdb_webhook_summary {
    int64_t delivered;
    int64_t failed; /* attempts; those that were the last of their notice are in `dead` too */
    int64_t dead;
} vdb_webhook_summary;

/*
 * Sends the notices of all tenants until `stopping` says so. Any number of processes may do so at once. Each notice is
 * sent at least once, those of one conversation in order, and until somebody answers 2xx for a day, with pauses that
 * grow. Public addresses only, unless `allow` says otherwise. A database that goes away is waited for, but not with
 * `once`. `options` and `summary` may be NULL. VDB_NOT_ALLOWED: the role does not see all tenants' rows.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_webhook_run(vdb_pool *pool, const vdb_webhook_options *options,
                                                  vdb_webhook_summary *summary, vdb_error *error);

/* ---- privacy ----------------------------------------------------------------------------------------------------- */

/* What a tenant has of a caller under one spelling of the number. */
typedef struct vdb_personal_data {
    const char *caller_id; /* as it is stored */
    int64_t conversations;
    int64_t summaries;
    int64_t messages;
    int64_t recordings; /* messages that name a file */
    int64_t traces;     /* messages that tell which passages they used */
    int64_t notices;    /* of webhooks */
    const char *first_at;
    const char *last_at;
} vdb_personal_data;

/*
 * What there is of the caller. `caller_id` is a number in any spelling: numbers are one caller's when one ends with the
 * other and the shorter has at least ten digits; what is no number must be equal. No rows: nothing.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_privacy_find(vdb_tenant *tenant, const char *caller_id,
                                                   const vdb_personal_data **rows, size_t *count, vdb_error *error);

typedef struct vdb_personal_copy {
    const char *conversation_uuid;
    const char *document; /* JSON: the conversation, its messages, its notices, with all that is stored of them */
} vdb_personal_copy;

/* A copy of it, a row for each conversation. */
VDB_API VDB_MUST_CHECK vdb_status vdb_privacy_export(vdb_tenant *tenant, const char *caller_id,
                                                     const vdb_personal_copy **rows, size_t *count, vdb_error *error);

typedef struct vdb_erased {
    int64_t conversations;
    int64_t messages;
    int64_t notices;
    const char *const *recordings; /* files that were named there, and are still where they were; ends with NULL */
} vdb_erased;

/*
 * Erases it, and writes into the ledger of erasures that the caller was erased, as hashes by the key of `key_file` (as
 * vdb_backup_key_create() makes one). A restore and an import ask for that key, to leave out whom the ledger knows. One
 * row for vdb_rows_free().
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_privacy_erase(vdb_tenant *tenant, const char *caller_id, const char *key_file,
                                                    const vdb_erased **erased, vdb_error *error);

#define VDB_MOST_DAYS 36500

/* How long a tenant keeps what, in days from the start of the call; 0: for ever. vdb_maintain() removes the rest. */
typedef struct vdb_retention {
    int64_t messages_days;
    int64_t recordings_days; /* where the files are; not the files */
    int64_t traces_days;     /* which passages an answer used */
    int64_t conversations_days;
} vdb_retention;

/* NULL: as it is; 0: for ever. */
typedef struct vdb_retention_input {
    const int64_t *messages_days;
    const int64_t *recordings_days;
    const int64_t *traces_days;
    const int64_t *conversations_days;
} vdb_retention_input;

/* One row for vdb_rows_free(). */
VDB_API VDB_MUST_CHECK vdb_status vdb_retention_get(vdb_tenant *tenant, const vdb_retention **terms, vdb_error *error);
VDB_API VDB_MUST_CHECK vdb_status vdb_retention_set(vdb_tenant *tenant, const vdb_retention_input *input,
                                                    vdb_error *error);

/* ---- schema and index (operator) --------------------------------------------------------------------------------- */

typedef struct vdb_migration {
    int64_t version;
    const char *name;
    const char *state; /* applied, pending, changed (its file differs from what was applied), unknown (newer voicedb) */
    const char *applied_at;
    int64_t execution_ms;
} vdb_migration;

/* Told of each step before (`done` false) and after it runs. */
typedef void (*vdb_migrate_progress)(void *context, const vdb_migration *migration, bool done);

/*
 * Brings the schema up to date, one transaction a step, and waits (polling, at most `lock_timeout_ms`, 0: 60 000) while
 * another run is at work, then as long again for the tables that a step needs. `applied` (may be NULL) holds how many
 * steps ran, also when one failed: 0 when there was nothing to do. VDB_DRIFT: files of applied steps have changed, the
 * detail names them; nothing was done.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_migrate(vdb_pool *pool, int lock_timeout_ms, vdb_migrate_progress progress,
                                              void *context, int *applied, vdb_error *error);
typedef struct vdb_migration_plan {
    int64_t version;
    const char *name;
    const char *sql;
    bool transaction;         /* false: it runs outside one, and its locks were not tried */
    const char *const *locks; /* "ACCESS EXCLUSIVE on v_voice_messages"; ends with NULL; NULL: not tried */
} vdb_migration_plan;

/*
 * The pending steps and the table locks that each takes beyond those of the steps before it, of tables that are there
 * now and stronger than a SELECT's. They are found by running the steps in one transaction that is rolled back: it
 * holds the locks meanwhile, and gives up with VDB_CONFLICT when one cannot be had in half a second. A step that would
 * fail is an error here already.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_migrate_plan(vdb_pool *pool, const vdb_migration_plan **rows, size_t *count,
                                                   vdb_error *error);
/*
 * Takes this voicedb's file of one applied step for what was applied: for a file that was edited without effect on the
 * schema. `changed` (may be NULL): false when it was so already. VDB_NOT_FOUND: no such step, or it was not applied.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_migrate_repair(vdb_pool *pool, int version, bool *changed, vdb_error *error);
/* VDB_OK in any state; the rows tell. */
VDB_API VDB_MUST_CHECK vdb_status vdb_migrate_status(vdb_pool *pool, const vdb_migration **rows, size_t *count,
                                                     vdb_error *error);

typedef struct vdb_adoption {
    const char *kind; /* table, column, change, schema, cross_tenant, obstacle */
    const char *name;
    const char *before; /* a table's number and hash of rows; a column's name; what refers */
    const char *after;  /* the same; a statement; to what it refers */
} vdb_adoption;

/*
 * Brings a database of the public voice-ai-ivr system to this schema, in one transaction, under locks on all its voice
 * tables: every row and every further column stays, which is checked by number and hash of the rows. `rows` tell what
 * was done; when `dry_run`, it is rolled back. `adopted` (may be NULL): false when there was nothing to adopt, or when
 * it was not done. A database that has been adopted or migrated already: VDB_OK and no rows. VDB_NOT_FOUND: no voice
 * tables; VDB_CONFLICT: references across tenants, unless `drop_cross_tenant` (which sets them to NULL and switches off
 * what had them), or something that only the operator can decide: a dry run lists them all.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_migrate_adopt(vdb_pool *pool, bool dry_run, bool drop_cross_tenant,
                                                    const vdb_adoption **rows, size_t *count, bool *adopted,
                                                    vdb_error *error);

typedef struct vdb_drift {
    const char *kind;     /* function, table, column, default, nullability, primary key, unique key, check, foreign key,
                             index, trigger,     row security, policy, grant, role */
    const char *name;     /* "v_voice_secretaries.language", "v_voice_messages to voicedb_app" */
    const char *problem;  /* missing, different, unexpected */
    const char *expected; /* NULL: nothing should be there */
    const char *found;    /* NULL: nothing is */
    const char *mend;     /* SQL, each statement ended by a semicolon */
} vdb_drift;

/*
 * Compares the live catalog with what the applied migrations give, and every further table called v_voice_* with the
 * rules of tenancy. VDB_OK whether or not rows are found. What may be there beside: further columns that no insert must
 * give, indexes that are neither unique nor invalid, further tables that keep the rules; and the vector index is
 * `voicedb index`'s business. The rows are in an order in which their statements can be run. Takes no lock that a call
 * would wait for. VDB_SCHEMA: nothing was applied yet; VDB_DRIFT: files of applied steps have changed, or a newer
 * voicedb was here.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_migrate_verify(vdb_pool *pool, const vdb_drift **rows, size_t *count,
                                                     vdb_error *error);

typedef struct vdb_index {
    const char *strategy; /* two-stage, tenantvec, hnsw, ivfflat, none */
    const char *index_name;
    bool available; /* this server can build it */
    bool in_use;    /* searches go this way now */
    bool valid;
    int64_t size_bytes;
    const char *reason; /* why it is or is not in use, in one sentence */
} vdb_index;

VDB_API VDB_MUST_CHECK vdb_status vdb_index_show(vdb_pool *pool, const vdb_index **rows, size_t *count,
                                                 vdb_error *error);
/*
 * Builds the named strategy's index beside running calls (CREATE INDEX CONCURRENTLY), then drops the others. Doing what
 * is done already changes nothing. VDB_CONFLICT: this server cannot build it, or another voicedb has been changing the
 * schema for a minute.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_index_use(vdb_pool *pool, const char *strategy, vdb_error *error);

/* ---- master keys (operator) -------------------------------------------------------------------------------------- */

/*
 * Secrets are sealed by a data key of their tenant, and data keys by a master key, which is in a file outside the
 * database. The first key of the file seals, all of them open. It has nothing to do with the keys of backups.
 */
typedef struct vdb_master_key {
    const char *key_id; /* 16 hexadecimal digits */
    const char *state;  /* seals; opens; missing: data keys are sealed by it, and the file does not have it */
    int64_t tenants;    /* whose data key it seals */
} vdb_master_key;

typedef struct vdb_key_report {
    const char *path;           /* of the key file; NULL: there is none */
    const vdb_master_key *keys; /* those of the file, then missing ones */
    size_t key_count;
    int64_t tenants; /* who have a data key */
    int64_t sealed;  /* values */
    int64_t plain;   /* secrets that should be sealed */
    int64_t broken;  /* sealed values and data keys that do not open though their master key is at hand */
} vdb_key_report;

/*
 * Makes a key file of mode 0600 with one new key, followed by the keys of the file `after` (NULL: none), so that the
 * new one seals and the old ones still open. `key_id` (may be NULL) gets the new key's. VDB_CONFLICT: the file exists.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_key_init(const char *path, const char *after, char key_id[17], vdb_error *error);
/*
 * What is sealed by what, of all tenants, each value tried. One row for vdb_rows_free(). VDB_OK whatever it finds, also
 * without a key file. VDB_NOT_ALLOWED: the key file cannot be used, or the role sees only one tenant's rows.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_key_status(vdb_pool *pool, const vdb_key_report **report, vdb_error *error);
/* Seals what is plain, tenant by tenant. `sealed` (may be NULL): how many values, also when one tenant's failed. */
VDB_API VDB_MUST_CHECK vdb_status vdb_key_seal(vdb_pool *pool, int64_t *sealed, vdb_error *error);
/*
 * Gives every tenant a new data key, sealed by the file's first key, and seals its secrets by it, each tenant in one
 * transaction; calls go on. Then nothing needs the file's other keys but backups. `tenants` (may be NULL): how many
 * were done, also when one failed; doing it again is safe.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_key_rotate(vdb_pool *pool, int64_t *tenants, vdb_error *error);

/* ---- backup (operator) ------------------------------------------------------------------------------------------- */

typedef struct vdb_backup_table {
    const char *name;
    int64_t rows;
    const char *sha256; /* of all its rows in any order, 64 hexadecimal digits; NULL for a dump */
} vdb_backup_table;

/* What a backup is. Release with vdb_rows_free(). */
typedef struct vdb_backup_info {
    const char *path;
    const char *kind;    /* database; tenant: one tenant's copy; dump: SQL of pg_dump, of which less is known */
    const char *made_at; /* the instant whose rows it holds */
    const char *database;
    const char *voicedb_version;
    const char *server_version;
    const char *pgvector_version; /* NULL: there was none */
    int64_t schema_version;       /* the newest migration; 0: none */
    int64_t tenants;              /* who have rows in it */
    int64_t rows;
    int64_t bytes; /* of the file */
    bool encrypted;
    const vdb_backup_table *tables; /* those referred to before those that refer */
    size_t table_count;
} vdb_backup_info;

typedef struct vdb_backup_options {
    const char *path;      /* a new file, or a directory in which it gets a name of its database and instant */
    const char *key_file;  /* as vdb_backup_key_create() makes one; NULL: not encrypted */
    vdb_progress progress; /* rows; may be NULL */
    void *context;
} vdb_backup_options;

/*
 * Writes all voice tables, as of one instant, into one compressed file of mode 0600, with pg_dump (of PATH, or
 * VOICEDB_PG_DUMP). The file appears when it is whole and safe on disk, whatever happens before. VDB_NOT_ALLOWED: rows
 * are hidden from this role; VDB_CONFLICT: the file exists or is being written; VDB_BAD_INPUT: it cannot be written;
 * VDB_UNREACHABLE: the server or pg_dump failed.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_backup(vdb_pool *pool, const vdb_backup_options *options,
                                             const vdb_backup_info **info, vdb_error *error);
/*
 * Reads a backup whole: VDB_BAD_INPUT when one byte is not as it was written. `info` may be NULL. VDB_USAGE: it is
 * encrypted and `key_file` is NULL.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_backup_verify(const char *path, const char *key_file, vdb_progress progress,
                                                    void *context, const vdb_backup_info **info, vdb_error *error);
typedef struct vdb_backup_file {
    const char *path;
    const char *state; /* kept; removed; damaged: it is newer than what is kept, and cannot be read with this key */
} vdb_backup_file;

/*
 * Removes old backups from a directory that vdb_backup() named files of `database` in: those older than the newest
 * `keep` (at least 1) that were read whole just now. A damaged one counts for nothing. Rows for vdb_rows_free(), the
 * newest first.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_backup_prune(const char *directory, const char *database, int keep,
                                                   const char *key_file, const vdb_backup_file **rows, size_t *count,
                                                   vdb_error *error);
/* Makes a key file of mode 0600. VDB_CONFLICT: the file exists. Who loses it loses every backup made with it. */
VDB_API VDB_MUST_CHECK vdb_status vdb_backup_key_create(const char *path, vdb_error *error);

typedef struct vdb_restore_options {
    const char *path; /* a backup, or SQL that `pg_dump -t 'v_voice_*' -f FILE` wrote: only its rows are read */
    const char *key_file;
    const char *const *erasure_keys; /* files, ends with NULL: callers who were erased here do not come back */
    bool replace;                    /* delete the rows that are there, in the same transaction */
    vdb_progress progress;           /* bytes of the file; may be NULL */
    void (*note)(void *context, const char *line); /* what people want to know on the way; may be NULL */
    void *context;
} vdb_restore_options;

/*
 * Puts the rows of a backup into a FusionPBX database: the schema by its migrations, all rows in one transaction which
 * is committed when their numbers and hashes are those of the backup, the vector index last. Searches read on; writers
 * wait. Doing it again after it was cut off finishes it. Columns that only the backup has are added; a whole table that
 * only it has is a VDB_CONFLICT. Nothing is touched on VDB_NOT_FOUND: tenants of the backup are not in v_domains (each
 * is told to `note`); VDB_CONFLICT: other rows are there and `replace` is false; VDB_BAD_INPUT: the file is damaged;
 * VDB_NOT_ALLOWED: not the owner; VDB_SCHEMA: the backup is of a newer voicedb; VDB_USAGE: the
 * ledger of erasures holds entries that none of `erasure_keys` is the key of.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_restore(vdb_pool *pool, const vdb_restore_options *options,
                                              const vdb_backup_info **info, vdb_error *error);

/*
 * Writes one tenant's rows, as of one instant, into a new file. Its hashes are of everything but the keys, which
 * another domain's copy has otherwise. Errors as those of vdb_backup().
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_tenant_export(vdb_tenant *tenant, const vdb_backup_options *options,
                                                    const vdb_backup_info **info, vdb_error *error);

typedef struct vdb_import_options {
    const char *path; /* made by vdb_tenant_export() */
    const char *key_file;
    const char *const *erasure_keys; /* files, ends with NULL: callers who were erased here do not come back */
    const char *into;                /* a domain by UUID or name; NULL: the one it came from */
    bool replace;                    /* delete the tenant's rows that are there, in the same transaction */
    vdb_progress progress;           /* bytes of the file; may be NULL */
    void *context;
} vdb_import_options;

/*
 * Puts one tenant's rows into its domain or another one, in one transaction; no other tenant's row is touched, and no
 * writer waits. In another domain the rows get keys of their own, the same ones each time. When these rows are there
 * already, nothing is done. VDB_CONFLICT: the tenant has other rows and `replace` is false; VDB_BAD_INPUT: the file is
 * damaged, or has a row that is not the tenant's; VDB_NOT_FOUND: no such domain; VDB_USAGE: as for vdb_restore().
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_tenant_import(vdb_pool *pool, const vdb_import_options *options,
                                                    const vdb_backup_info **info, vdb_error *error);
/*
 * Deletes all voice rows of a tenant, for ever, in one transaction; the domain stays. `confirm` is the domain's name,
 * else VDB_USAGE; with `dry_run` it is not needed and nothing is deleted. The rows, for vdb_rows_free(), tell how many
 * of each table.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_tenant_erase(vdb_tenant *tenant, const char *confirm, bool dry_run,
                                                   const vdb_backup_table **rows, size_t *count, vdb_error *error);

/* ---- maintenance (operator) ---------------------------------------------------------------------------------------
 */

typedef struct vdb_maintenance {
    const char *kind; /* term (what a tenant no longer keeps), table, index */
    const char *name;
    const char *action;    /* remove, vacuum, analyze, reindex, drop, none */
    const char *reason;    /* NULL: nothing is due */
    int64_t bloat_percent; /* of an index, estimated from statistics; -1: cannot be told */
    int64_t size_before;   /* bytes */
    int64_t size_after;
    int64_t dead_before; /* rows, as PostgreSQL counts them; those past their term */
    int64_t dead_after;
    int64_t took_ms;
} vdb_maintenance;

typedef struct vdb_maintain_options {
    bool dry_run;          /* only tell */
    int bloat_percent;     /* an index is rebuilt from here on, if that frees a MiB; 0: 40 */
    vdb_progress progress; /* tables and indexes; may be NULL */
    void *context;
} vdb_maintain_options;

/*
 * Removes what tenants no longer keep (vdb_retention), ends conversations in which nothing was said for a day, as
 * vdb_conversation_sweep_all() does, vacuums and analyzes voice tables where it is due and rebuilds bloated or invalid
 * indexes concurrently: calls go on. Rows for vdb_rows_free(), one for each term, table and index. `options` may be
 * NULL. VDB_CONFLICT: another maintenance is at work; VDB_NOT_ALLOWED: not the owner.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_maintain(vdb_pool *pool, const vdb_maintain_options *options,
                                               const vdb_maintenance **rows, size_t *count, vdb_error *error);

/* ---- doctor (operator) ------------------------------------------------------------------------------------------- */

typedef struct vdb_finding {
    const char *code;     /* of its check */
    const char *severity; /* error: something fails or is open; warning: it will, or works badly; note: good to know */
    const char *domain_uuid; /* of the tenant it is about; NULL: the whole database */
    const char *domain_name;
    const char *problem; /* one line: what is wrong */
    const char *detail;  /* lines, such as a plan; NULL: nothing more to say */
    const char *mend;    /* one line: what mends it */
    const char
        *mend_by;      /* who takes that line: voicedb, shell, psql; hand: it is a sentence, only a person can decide */
    bool fixable;      /* mending it loses nothing and stands in nobody's way */
    const char *state; /* found, mended, failed: mending it did, for the reason in `detail` */
} vdb_finding;

typedef struct vdb_check {
    const char *code; /* "pgvector-version"; stays the same for ever */
    const char *title;
    const char *state;  /* good: nothing was found, or notes only; found; skipped; failed: it could not be done */
    const char *reason; /* why it was skipped or failed, or what of it was skipped; NULL: it was done whole */
    int64_t took_ms;
    const vdb_finding *findings;
    size_t finding_count;
} vdb_check;

typedef struct vdb_doctor_options {
    const char *const *only;   /* codes of checks, ends with NULL; NULL: all */
    const char *const *except; /* the same, of checks to leave out */
    const char *domain;        /* of the checks that look at tenants: only this one, by UUID or name; NULL: all */
    const char *const *files;  /* further files that hold secrets, ends with NULL; NULL: none */
    const char *fusionpbx;     /* FusionPBX's config.conf; NULL: where FusionPBX has it */
    bool fix;                  /* mend what is fixable */
} vdb_doctor_options;

/*
 * Looks for what is wrong, from the server's version to the numbers that calls are transferred to. VDB_OK whether or
 * not something is found: a check that fails says so in its row, and those that need the tenants' rows are skipped,
 * which is a finding, under a role that row-level security binds. Rows for vdb_rows_free(), one for each check, in a
 * fixed order. Changes nothing unless `fix`; what is mended is looked for before it is mended, check by check.
 * `options` may be NULL. VDB_USAGE: there is no such check; VDB_NOT_FOUND: no such domain; VDB_SCHEMA: this is not
 * FusionPBX's database.
 */
VDB_API VDB_MUST_CHECK vdb_status vdb_doctor(vdb_pool *pool, const vdb_doctor_options *options, const vdb_check **rows,
                                             size_t *count, vdb_error *error);

#ifdef __cplusplus
}
#endif

#endif
