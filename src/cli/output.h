/* What a command prints: records as tables, as key and value, or as JSON. */
#ifndef VDB_CLI_OUTPUT_H
#define VDB_CLI_OUTPUT_H

#include "cli/cli.h"
#include "cli/writer.h"
#include "pg/record.h"

/* VDB_BAD_INPUT: stdout is closed or its reader has gone, so that nothing should be begun. */
vdb_status output_check(vdb_error *error);
/* Writes what is left. VDB_BAD_INPUT: not all could be written. */
vdb_status output_finish(vdb_error *error);

/* Rows as a table of `columns` ("a b c", the names of fields), or as a JSON array of whole objects. */
void output_rows(const cli_call *call, const record *r, const void *rows, size_t count, const char *columns);
/* One row as keys and values, or as a JSON object. */
void output_row(const cli_call *call, const record *r, const void *row);
/* A UUID alone on its line, or {"key": uuid}. */
void output_uuid(const cli_call *call, const char *key, const char *uuid);

/* The parts that commands with output of their own put together. */
void output_table(const cli_call *call, const record *r, const void *rows, size_t count, const char *columns);
void output_pairs(const cli_call *call, const record *r, const void *row);
void output_members(json_writer *w, const record *r, const void *row);
void output_array(json_writer *w, const char *key, const record *r, const void *rows, size_t count);

/* A line for people on stderr; nothing under --json. */
void output_note(const cli_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* An error as lines, its message behind "voicedb: " and `about` (NULL: nothing); or as JSON, without `about`. */
void output_error(bool json, const char *about, const vdb_error *error);
/* The members of an error in an open JSON object. */
void output_error_members(json_writer *w, const vdb_error *error);

#endif
