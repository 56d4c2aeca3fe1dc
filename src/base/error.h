/* Statuses and errors as values. */
#ifndef VDB_BASE_ERROR_H
#define VDB_BASE_ERROR_H

#include "voicedb.h"

#include <stdarg.h>

#define PRINTF_LIKE(format, first) __attribute__((__format__(__printf__, format, first)))

/*
 * Fills `error` (NULL: nothing to fill) with a message of one line and a hint, and returns `status`. Control characters
 * become spaces, a text that is too long ends in "…" on a character's border. The hint may be NULL.
 */
vdb_status error_set(vdb_error *error, vdb_status status, const char *hint, const char *format, ...) PRINTF_LIKE(4, 5);

/* Adds a detail to an error that is set, and returns its status. */
vdb_status error_detail(vdb_error *error, const char *format, ...) PRINTF_LIKE(2, 3);

/* A file or directory cannot be used: VDB_BAD_INPUT, with errno's reason as the detail. */
vdb_status error_system(vdb_error *error, const char *hint, const char *format, ...) PRINTF_LIKE(3, 4);

/* Memory ran out. */
vdb_status error_memory(vdb_error *error);

/* Empties an error before a call that may fill it. NULL is allowed. */
void error_clear(vdb_error *error);

/* Copies at most size - 1 bytes as one line of whole UTF-8 characters. */
void error_copy_line(char *target, size_t size, const char *text);

#endif
