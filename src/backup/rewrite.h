/* Rows of one tenant on their way into the same or another domain. */
#ifndef VDB_BACKUP_REWRITE_H
#define VDB_BACKUP_REWRITE_H

#include "backup/loader.h"
#include "secret/config.h"

enum { MOST_COLUMNS_REWRITTEN = 1600 };

typedef struct rewriter {
    const char *from, *to; /* domain UUIDs */
    const voice_table *of; /* whose columns `kinds` are */
    unsigned char kinds[MOST_COLUMNS_REWRITTEN];
    size_t columns;
    size_t row_column; /* whose UUID the table's sealed values are bound to */
    keyring *keys;
    data_key old, new; /* of the tenant there and here; without a UUID until its row has come. Wipe them */
} rewriter;

/*
 * A row_rewriter. The tenant of every row becomes `to`; VDB_BAD_INPUT for a row of another tenant than `from`. In
 * another domain every key becomes another UUID, the same one for the same key and domain each time: keys are unique in
 * the whole database. The tenant there gets a data key of its own, and what is sealed is sealed again, bound to where
 * it goes: that takes the master key.
 */
vdb_status rewrite_row(void *context, const voice_table *t, const char *row, size_t length, buffer *out,
                       vdb_error *error);

/* A UUID of version 8, RFC 9562's own kind, from the key and the domain it goes to. */
void rewrite_key(const char *key, const char *domain, char made[37]);

/* Whether values of a column are sealed, and which column names their row (NULL: they are not). */
const char *rewrite_sealed_column(const char *table, const char *column);

/* A field of such a column, as COPY writes it, sealed again behind what `out` holds. */
vdb_status rewrite_sealed(rewriter *w, const char *field, size_t length, const char *row_uuid, buffer *out,
                          vdb_error *error);

#endif
