/* Puts the rows of a text into the tables of a database. */
#ifndef VDB_BACKUP_LOADER_H
#define VDB_BACKUP_LOADER_H

#include "backup/copy_text.h"
#include "backup/tables.h"

/* Turns one row into what is to be stored, behind what `out` holds. */
typedef vdb_status (*row_rewriter)(void *context, const voice_table *t, const char *row, size_t length, buffer *out,
                                   vdb_error *error);

typedef struct loader {
    connection *connection;   /* within a transaction */
    const table_list *tables; /* prepared */
    const char *only;         /* the one table to be loaded; NULL: all */
    bool done;                /* a table's rows have ended */
    row_rewriter rewrite;     /* NULL: rows as they are */
    void *context;
    bool hashed;          /* rows are compared by hash when all are there: none need be sent as it is written */
    voice_table *current; /* its COPY is open; NULL: rows are passed over */
    bool binary;          /* of that COPY */
    buffer rows;          /* on their way */
    int64_t loaded;
} loader;

void loader_begin(loader *l, connection *c, const table_list *tables);
copy_listener loader_listener(loader *l);
/* Ends an open COPY after a failure, so that the connection can be used to roll back, and frees. `status` is returned.
 */
vdb_status loader_end(loader *l, vdb_status status, vdb_error *error);

#endif
