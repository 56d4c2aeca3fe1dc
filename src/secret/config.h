/*
 * Secrets inside JSON objects. A member whose key names a secret (base/json.h), or that the object's own member
 * "$secret" lists by key (["account_sid"]), is one, at any depth, whatever its value; null and "" are not. Sealed, its
 * value is {"$sealed": "v1:DATA-KEY:…"}, bound to where it stands.
 */
#ifndef VDB_SECRET_CONFIG_H
#define VDB_SECRET_CONFIG_H

#include "secret/keyring.h"

#define SEALED_MEMBER "$sealed"

/* The field that holds an object. */
typedef struct seal_place {
    const char *domain, *table, *row, *column; /* UUIDs where that is what they are */
} seal_place;

/* How many values of an object are sealed, and how many should be. VDB_BAD_INPUT: it is no JSON object. */
vdb_status config_count(const char *config, int64_t *sealed, int64_t *plain, vdb_error *error);

/* True when the text holds something sealed; for a text of PostgreSQL's. */
bool config_has_sealed(const char *config);

/* How many sealed values do not open. `a` as for config_open(). */
vdb_status config_broken(arena *a, const char *config, const seal_place *place, const data_key *key, int64_t *broken,
                         vdb_error *error);

/*
 * The object with every secret sealed by `key`, in `a`. What is sealed already is opened by `old` (NULL: by `key`), as
 * it was bound to `old_place` (NULL: to `place`). VDB_BAD_INPUT: no JSON object; something sealed that does not open;
 * a secret that is "***".
 */
typedef struct seal_order {
    const seal_place *place;
    const data_key *key;
    const seal_place *old_place;
    const data_key *old;
} seal_order;
vdb_status config_seal(arena *a, const char *config, const seal_order *order, const char **result, vdb_error *error);

/*
 * Seals again what is sealed, as the order says, and leaves every other byte of the object as it is; `escaped` is the
 * same object in which backslashes may be doubled, and is what is returned changed (NULL: `config`).
 */
vdb_status config_reseal(arena *a, const char *config, const char *escaped, const seal_order *order,
                         const char **result, vdb_error *error);

/*
 * The object with everything opened, in `a`: make it with arena_new_private(). `key` may be NULL when nothing is
 * sealed. VDB_BAD_INPUT, with the path: a value does not open.
 */
vdb_status config_open(arena *a, const char *config, const seal_place *place, const data_key *key, const char **result,
                       vdb_error *error);

#endif
