/* Rows of one tenant on their way into the same or another domain. */
#ifndef VDB_BACKUP_REWRITE_H
#define VDB_BACKUP_REWRITE_H

#include "backup/loader.h"

enum { MOST_COLUMNS_REWRITTEN = 1600 };

typedef struct rewriter {
    const char *from, *to; /* domain UUIDs */
    const voice_table *of; /* whose columns `kinds` are */
    unsigned char kinds[MOST_COLUMNS_REWRITTEN];
    size_t columns;
} rewriter;

/*
 * A row_rewriter. The tenant of every row becomes `to`; VDB_BAD_INPUT for a row of another tenant than `from`. In
 * another domain every key becomes another UUID, the same one for the same key and domain each time: keys are unique in
 * the whole database.
 */
vdb_status rewrite_row(void *context, const voice_table *t, const char *row, size_t length, buffer *out,
                       vdb_error *error);

#endif
