/* What changes in files and folders from one look to the next. */
#ifndef VDB_CLI_WATCH_H
#define VDB_CLI_WATCH_H

#include "cli/files.h"

typedef struct watch watch;

typedef enum watch_answer { WATCH_TAKEN, WATCH_FAILED, WATCH_STOP } watch_answer;

/* Told of a file that is new or has changed, and where it stands among those of this look. */
typedef watch_answer (*watch_sink)(void *context, const found_file *file, const file_turn *turn);

/* NULL: memory ran out. */
watch *watch_new(void);
void watch_free(watch *w);

/*
 * Looks at the files below `paths`. At the first look all are new; after that, a file is told of when it is other than
 * at the look that it was last told of and the same as at the last one, lest it is still being written. A file that
 * failed is told of again when it changes or `retry_ms` have passed. VDB_BAD_INPUT: a folder cannot be read.
 */
vdb_status watch_look(watch *w, const char *const *paths, int retry_ms, watch_sink sink, void *context,
                      vdb_error *error);

#endif
