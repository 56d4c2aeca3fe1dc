/* Terms of chunks on their way to PostgreSQL: rows of v_voice_document_terms. */
#ifndef VDB_STORE_CHUNK_TERMS_H
#define VDB_STORE_CHUNK_TERMS_H

#include "base/buffer.h"
#include "base/terms.h"
#include "store/tenant.h"

/* Raise it when a text gets other terms: documents that have those of other rules are not searched by words. */
enum { TERMS_VERSION = 2 };

typedef struct term_writer term_writer;

/* NULL: memory ran out. Release with term_writer_free(); NULL is allowed there. For one thread at a time. */
term_writer *term_writer_new(void);
void term_writer_free(term_writer *w);

/* Adds a chunk; the indexes of chunks ascend. */
bool term_writer_add(term_writer *w, int64_t chunk_index, const char *content);

/* Sends the rows of what was added since the last time, on a connection with a transaction. */
vdb_status term_writer_send(term_writer *w, vdb_tenant *t, connection *c, const char *document_uuid, vdb_error *error);

#endif
