/* A spool directory for each test, logs in it, and what they have said. */
#ifndef VDB_TESTS_PG_LOGGING_H
#define VDB_TESTS_PG_LOGGING_H

#include "fixture.h"

extern char spool_directory[64];
extern char notes[1 << 16]; /* what logs have told, a line each */

/* Setup and teardown of a test: no conversations, an empty directory. */
int begin_logging(void **state);
int end_logging(void **state);

/* `conninfo` NULL: the test's database. */
vdb_log *open_log(const char *conninfo);
vdb_log *open_log_with(const char *conninfo, const vdb_log_options *options); /* the directory is added */
void take_note(void *context, const char *line);

/* Nobody listens there. */
#define NOWHERE "host=/nonexistent"

/* Of the clinic's. `call` NULL: a call of its own. */
const char *begin_call(vdb_log *log, const char *call);
int64_t say(vdb_log *log, const char *conversation, const char *role, const char *content);
void end_call(vdb_log *log, const char *conversation);
void flush(vdb_log *log);
vdb_log_state state_of(vdb_log *log);

/* "1 user a|1 assistant b" */
const char *transcript(const char *conversation);

/* The names in the spool directory, each with a space behind it. */
const char *files_left(void);
const char *dead_letters(void);

/* `part` again and again, to free(). */
char *long_text(size_t length, const char *part);

#endif
