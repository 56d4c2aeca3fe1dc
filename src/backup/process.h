/* A child process whose standard output is read, with the database's connection in its environment. */
#ifndef VDB_BACKUP_PROCESS_H
#define VDB_BACKUP_PROCESS_H

#include "base/error.h"

#include <stddef.h>
#include <sys/types.h>

typedef struct process {
    const char *name;
    pid_t pid;
    int out;    /* to read from */
    int errors; /* what it said on standard error */
} process;

/* `arguments` begin with the program, looked for in PATH, and end with NULL, like `environment`. VDB_UNREACHABLE: it is
 * not there. */
vdb_status process_start(const char *const *arguments, char **environment, process *p, vdb_error *error);
/* What it wrote; `length` 0 is the end. */
vdb_status process_read(process *p, char *bytes, size_t room, size_t *length, vdb_error *error);
/* Waits for its end. VDB_UNREACHABLE, with what it said last, unless it ended well. */
vdb_status process_finish(process *p, vdb_error *error);
/* Ends it. */
void process_kill(process *p);

#endif
