#include "backup/container.h"
#include "backup/layout.h"
#include "base/file.h"
#include "base/key.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { LEVEL = 1, WORKERS = 1 };

struct container_writer {
    new_file *file;
    ZSTD_CCtx *zstd;
    crypto_generichash_state hash;
    bool sealed;
    crypto_secretstream_xchacha20poly1305_state seal;
    size_t filled; /* of `piece` */
    size_t room;   /* of `packed` */
    unsigned char *packed;
    unsigned char piece[PIECE_BYTES];
};

static void release(container_writer *w)
{
    ZSTD_freeCCtx(w->zstd);
    free(w->packed);
    sodium_memzero(w, sizeof *w);
    free(w);
}

static vdb_status flush_piece(container_writer *w, bool last, vdb_error *error)
{
    unsigned char sealed[PIECE_BYTES + SEAL_BYTES];
    if (!w->sealed) {
        vdb_status status = file_write(w->file, w->piece, w->filled, error);
        w->filled = 0;
        return status;
    }
    unsigned char tag = last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0;
    crypto_secretstream_xchacha20poly1305_push(&w->seal, sealed, NULL, w->piece, w->filled,
                                               (const unsigned char *)SEALED_TITLE, TITLE_BYTES, tag);
    vdb_status status = file_write(w->file, sealed, w->filled + SEAL_BYTES, error);
    w->filled = 0;
    return status;
}

/* A full piece waits for what comes after it: the last one is marked as such. */
static vdb_status put(container_writer *w, const void *bytes, size_t length, vdb_error *error)
{
    const unsigned char *next = bytes;
    while (length > 0) {
        if (w->filled == PIECE_BYTES) {
            vdb_status status = flush_piece(w, false, error);
            if (status != VDB_OK)
                return status;
        }
        size_t part = PIECE_BYTES - w->filled < length ? PIECE_BYTES - w->filled : length;
        memcpy(w->piece + w->filled, next, part);
        w->filled += part;
        next += part;
        length -= part;
    }
    return VDB_OK;
}

static vdb_status put_hashed(container_writer *w, const void *bytes, size_t length, vdb_error *error)
{
    crypto_generichash_update(&w->hash, bytes, length);
    return put(w, bytes, length, error);
}

static vdb_status begin_seal(container_writer *w, const char *key_file, vdb_error *error)
{
    unsigned char key[KEY_BYTES], head[SEAL_HEAD];
    vdb_status status = key_read(key_file, key, error);
    if (status != VDB_OK)
        return status;
    w->sealed = true;
    crypto_secretstream_xchacha20poly1305_init_push(&w->seal, head, key);
    sodium_memzero(key, sizeof key);
    status = file_write(w->file, SEALED_TITLE, TITLE_BYTES, error);
    return status == VDB_OK ? file_write(w->file, head, sizeof head, error) : status;
}

static vdb_status put_manifest(container_writer *w, const char *manifest, vdb_error *error)
{
    size_t length = strlen(manifest);
    if (length > LARGEST_MANIFEST)
        return error_set(error, VDB_DEFECT, "Report this.", "the manifest is too large");
    unsigned char head[FRAME_HEAD];
    put_le32(head, MANIFEST_MAGIC);
    put_le32(head + 4, (uint32_t)(TITLE_BYTES + length));
    vdb_status status = put_hashed(w, head, sizeof head, error);
    if (status == VDB_OK)
        status = put_hashed(w, PLAIN_TITLE, TITLE_BYTES, error);
    return status == VDB_OK ? put_hashed(w, manifest, length, error) : status;
}

static vdb_status prepare(container_writer *w, vdb_error *error)
{
    w->zstd = ZSTD_createCCtx();
    w->room = ZSTD_CStreamOutSize();
    w->packed = malloc(w->room);
    if (w->zstd == NULL || w->packed == NULL)
        return error_memory(error);
    (void)ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, LEVEL);
    (void)ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_checksumFlag, 1);
    /* Refused by a libzstd without threads, which then does it in this one. */
    (void)ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_nbWorkers, WORKERS);
    crypto_generichash_init(&w->hash, NULL, 0, HASH_BYTES);
    return VDB_OK;
}

vdb_status container_create(const char *path, const char *key_file, const char *manifest, container_writer **w,
                            vdb_error *error)
{
    container_writer *new = sodium_init() < 0 ? NULL : calloc(1, sizeof *new);
    if (new == NULL)
        return error_memory(error);
    vdb_status status = prepare(new, error);
    if (status == VDB_OK)
        status = file_create(path, &new->file, error);
    if (status == VDB_OK && key_file != NULL)
        status = begin_seal(new, key_file, error);
    if (status == VDB_OK)
        status = put_manifest(new, manifest, error);
    if (status != VDB_OK) {
        container_abort(new);
        return status;
    }
    *w = new;
    return VDB_OK;
}

static vdb_status compress(container_writer *w, ZSTD_inBuffer *in, ZSTD_EndDirective how, vdb_error *error)
{
    for (;;) {
        ZSTD_outBuffer out = { w->packed, w->room, 0 };
        size_t left = ZSTD_compressStream2(w->zstd, &out, in, how);
        if (ZSTD_isError(left))
            return error_set(error, VDB_DEFECT, "Report this.", "compression failed: %s", ZSTD_getErrorName(left));
        vdb_status status = put_hashed(w, w->packed, out.pos, error);
        if (status != VDB_OK || (how == ZSTD_e_end ? left == 0 : in->pos == in->size))
            return status;
    }
}

vdb_status container_write(container_writer *w, const char *text, size_t length, vdb_error *error)
{
    return length == 0 ? VDB_OK : compress(w, &(ZSTD_inBuffer){ text, length, 0 }, ZSTD_e_continue, error);
}

static vdb_status put_tail(container_writer *w, vdb_error *error)
{
    unsigned char tail[TAIL_BYTES];
    put_le32(tail, HASH_MAGIC);
    put_le32(tail + 4, HASH_BYTES);
    crypto_generichash_update(&w->hash, tail, FRAME_HEAD);
    crypto_generichash_final(&w->hash, tail + FRAME_HEAD, HASH_BYTES);
    return put(w, tail, sizeof tail, error);
}

vdb_status container_commit(container_writer *w, int64_t *size, vdb_error *error)
{
    vdb_status status = compress(w, &(ZSTD_inBuffer){ NULL, 0, 0 }, ZSTD_e_end, error);
    if (status == VDB_OK)
        status = put_tail(w, error);
    if (status == VDB_OK)
        status = flush_piece(w, true, error);
    if (status != VDB_OK) {
        container_abort(w);
        return status;
    }
    status = file_commit(w->file, size, error);
    release(w);
    return status;
}

void container_abort(container_writer *w)
{
    if (w == NULL)
        return;
    file_abort(w->file);
    release(w);
}
