/*
 * The file of a backup: a manifest, then SQL text, compressed, every byte of it under a hash.
 *
 * Without a key it is a Zstandard file that `zstd -dc` reads: a skippable frame with the manifest, frames with the
 * text, and a skippable frame with the BLAKE2b-256 of all bytes before the hash. With a key the same bytes are sealed
 * in pieces of 64 KiB by libsodium's secretstream (XChaCha20-Poly1305), which refuses a piece that was changed, moved,
 * repeated or left out.
 */
#ifndef VDB_BACKUP_CONTAINER_H
#define VDB_BACKUP_CONTAINER_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct container_writer container_writer;
typedef struct container_reader container_reader;

/* `key_file` NULL: not sealed. Errors as those of file_create() and key_read(). */
vdb_status container_create(const char *path, const char *key_file, const char *manifest, container_writer **w,
                            vdb_error *error);
vdb_status container_write(container_writer *w, const char *text, size_t length, vdb_error *error);
/* Both release the writer; only a commit that succeeds leaves a file. `size` in bytes. */
vdb_status container_commit(container_writer *w, int64_t *size, vdb_error *error);
void container_abort(container_writer *w);

/* True when the file is no backup of ours: neither form of it, whatever else it is. */
bool container_is_foreign(const char *path);

/*
 * Opens it and reads its manifest. VDB_BAD_INPUT: it is no backup, is damaged at its head, or the key is not its own;
 * VDB_USAGE: it is sealed and there is no key.
 */
vdb_status container_open(const char *path, const char *key_file, container_reader **r, vdb_error *error);
void container_close(container_reader *r);
const char *container_manifest(const container_reader *r); /* JSON; lives as long as the reader */
bool container_is_sealed(const container_reader *r);
int64_t container_size(const container_reader *r);     /* bytes of the file */
int64_t container_position(const container_reader *r); /* of them read */

/* The next piece of text; `length` 0 is its end, and is given only when all that was read is as it was written. */
vdb_status container_read(container_reader *r, const char **text, size_t *length, vdb_error *error);
/* Reads the rest without unpacking it; VDB_OK when all is as it was written. */
vdb_status container_skim(container_reader *r, vdb_progress progress, void *context, vdb_error *error);

#endif
