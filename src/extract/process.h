/* The process voicedb-extract, or voicedb-extract-pdf. */
#ifndef VDB_EXTRACT_PROCESS_H
#define VDB_EXTRACT_PROCESS_H

#include "extract/extract.h"

#include <sys/types.h>

typedef struct extract_process {
    pid_t pid;
    int output; /* to read from */
} extract_process;

/* Starts it on `file`, with nothing of ours but that: no environment, no other descriptor, no terminal. VDB_DEFECT: it
 * is not there. */
vdb_status extract_start(int file, const extract_limits *limits, extract_process *p, vdb_error *error);
/* Waits for its end, and kills it when that takes longer than two seconds, or at once if `kill_it`. Returns what
 * waitpid() says; 0 too when that cannot be told.
 */
int extract_stop(extract_process *p, bool kill_it);

#endif
