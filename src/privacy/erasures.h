/*
 * The ledger of erased callers, and doing its erasures again on rows that came from elsewhere. A caller stands there as
 * hashes of the number and of its ends, by a key that no database holds: whoever has the ledger alone cannot try all
 * numbers.
 */
#ifndef VDB_PRIVACY_ERASURES_H
#define VDB_PRIVACY_ERASURES_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/key.h"
#include "pg/connection.h"
#include "privacy/caller.h"

#include <libpq-fe.h>

enum { HASH_BYTES = 16, KEY_ID_ROOM = 17 };

typedef struct erasure_key {
    unsigned char bytes[KEY_BYTES]; /* wipe it */
    char id[KEY_ID_ROOM];
} erasure_key;

vdb_status erasure_key_read(const char *path, erasure_key *key, vdb_error *error);

/* What the ledger keeps of a tenant's caller, in hexadecimal digits behind what `text` holds. */
void erasure_hash(const erasure_key *key, const char *domain_uuid, const caller *c, buffer *text);

/*
 * A JSON array of those caller ids in `callers` (the result of privacy_callers) that are spellings of `wanted`, for
 * free(); NULL: memory ran out. `*count` (may be NULL): how many.
 */
char *erasure_spellings(const PGresult *callers, const caller *wanted, size_t *count);

typedef struct erasures erasures;

/*
 * Reads the ledger of a tenant and of the one that its rows come from, or (NULL, NULL) of all. VDB_USAGE: it holds what
 * none of `key_files` (ends with NULL; NULL: none) can read. Release with erasures_close(), which NULL is allowed for;
 * it is NULL when the ledger is empty.
 */
vdb_status erasures_open(connection *c, const char *domain_uuid, const char *source_uuid, const char *const *key_files,
                         erasures **e, vdb_error *error);
void erasures_close(erasures *e);

/*
 * Erases in `domain_uuid` whom the ledger says that `source_uuid` has erased, within the open transaction; `*count`
 * grows by the conversations.
 */
vdb_status erasures_repeat(const erasures *e, connection *c, const char *domain_uuid, const char *source_uuid,
                           int64_t *count, vdb_error *error);
/* The same for every tenant in the ledger. */
vdb_status erasures_repeat_all(const erasures *e, connection *c, int64_t *count, vdb_error *error);

#endif
