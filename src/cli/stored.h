/* What `document add` and `document run` say of each document. */
#ifndef VDB_CLI_STORED_H
#define VDB_CLI_STORED_H

#include "cli/cli.h"
#include "cli/writer.h"

typedef struct stored_printer {
    cli_call *call;
    json_writer json;
    bool worker;      /* what becomes of a document is that it is processed */
    size_t counts[3]; /* by vdb_document_outcome */
    size_t failed;
    vdb_error first; /* the first failure */
} stored_printer;

void stored_begin(stored_printer *p, cli_call *call, bool worker);
/* `name`: what was read, a path or a document's name. */
void stored_print(stored_printer *p, const char *name, const vdb_document_added *added);
/* `several`: the error needs the name in front, unless it says it itself. */
void stored_print_failed(stored_printer *p, const char *name, bool several, const vdb_error *error);
/* Says how many there were, where it was more than one. The status and error are those of the first failure. */
vdb_status stored_end(stored_printer *p, bool several, vdb_error *error);

#endif
