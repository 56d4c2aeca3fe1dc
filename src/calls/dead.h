/*
 * What can never be stored, as lines of JSON in the spool's directory: dead.jsonl. Each says when and why, and holds
 * the record's fields, so that nothing that was acknowledged is lost.
 */
#ifndef VDB_CALLS_DEAD_H
#define VDB_CALLS_DEAD_H

#include "base/error.h"
#include "calls/format.h"

/* Appends a line; it is in the file when this returns VDB_OK. For any number of threads and processes. */
vdb_status dead_write(const char *directory, const entry *e, const char *why, bool durable, vdb_error *error);

/* How many lines there are; -1: the file cannot be read. */
int64_t dead_count(const char *directory);

#endif
