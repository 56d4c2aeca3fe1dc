/* FusionPBX's config.conf: how it connects to its database. */
#ifndef VDB_CLI_FUSIONPBX_H
#define VDB_CLI_FUSIONPBX_H

#include "base/arena.h"
#include "base/error.h"

/*
 * Makes a libpq connection string of the text of a config.conf: lines of `key = value`, of which those of database.0
 * count; the last one of a key holds; a value may stand in double quotes. VDB_BAD_INPUT: it names no PostgreSQL
 * database. No message repeats a value. `conninfo` lives in `memory`.
 */
vdb_status fusionpbx_conninfo(arena *memory, const char *text, const char **conninfo, vdb_error *error);

/*
 * Reads `path`, or where it is "" the first of /etc/fusionpbx/config.conf and /usr/local/etc/fusionpbx/config.conf that
 * exists.
 */
vdb_status fusionpbx_read(arena *memory, const char *path, const char **conninfo, vdb_error *error);

#endif
