/* Small helpers over jansson. */
#ifndef VDB_BASE_JSON_H
#define VDB_BASE_JSON_H

#include "base/arena.h"
#include "base/error.h"

#include <jansson.h>

/* Parses a JSON object of at most 1 MiB. `what` names it in the error ("config"). NULL: `error` is set to
 * VDB_BAD_INPUT. */
json_t *json_parse_object(const char *text, const char *what, vdb_error *error);

/* True when a key names a secret: api_key, token, secret, password, authorization and their compounds, in any case. */
bool json_key_is_secret(const char *key);

/* JSON array of strings from a list that ends with NULL; NULL: memory ran out. Free with free(). */
char *json_from_strings(const char *const *strings);

/* A list that ends with NULL from a JSON array of strings; NULL: it is none, or memory ran out. */
const char *const *json_to_strings(arena *a, const char *text);

#endif
