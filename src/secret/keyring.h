/* The master keys that a process has at hand, in memory that is locked and left out of core dumps. */
#ifndef VDB_SECRET_KEYRING_H
#define VDB_SECRET_KEYRING_H

#include "secret/key_file.h"
#include "secret/seal.h"

typedef struct keyring keyring;

/*
 * Reads nothing yet: that is for the first use. `path` NULL: $VOICEDB_MASTER_KEY, else the systemd credential
 * voicedb-master.key, else /etc/voicedb/master.key. NULL: memory ran out. Used from any number of threads at once.
 */
keyring *keyring_new(const char *path);
void keyring_free(keyring *k);

/* The file it reads; lives as long as the ring and the environment. NULL: there is none in any of the places. */
const char *keyring_path(const keyring *k);

/* A tenant's data key, opened. Wipe it with sodium_memzero(). */
typedef struct data_key {
    char uuid[37];
    unsigned char bytes[SEAL_KEY_BYTES];
} data_key;

/* Reads the file. VDB_NOT_ALLOWED: there is none, or it is open to others; VDB_BAD_INPUT: it is damaged. */
vdb_status keyring_load(keyring *k, vdb_error *error);

/* A copy of the keys' identifiers, the one that seals first; empty when there is no file. */
vdb_status keyring_ids(keyring *k, char ids[MOST_MASTER_KEYS][MASTER_ID_ROOM], size_t *count, vdb_error *error);

/* Makes a file with a new key in front of those of `after` (a path; NULL: alone). */
vdb_status keyring_create(const char *path, const char *after, char id[MASTER_ID_ROOM], vdb_error *error);

/* Seals a data key by the first master key. The text is `a`'s. */
vdb_status keyring_seal(keyring *k, arena *a, const char *domain, const data_key *key, const char **sealed,
                        vdb_error *error);

/*
 * Opens a data key, sealed by any of the master keys; the file is read again for one that it did not have.
 * VDB_NOT_ALLOWED: that key is not at hand; VDB_BAD_INPUT: it does not open. Both name it.
 */
vdb_status keyring_open(keyring *k, const char *domain, const char *uuid, const char *sealed, data_key *key,
                        vdb_error *error);

#endif
