#include "backup/container.h"
#include "backup/layout.h"
#include "base/file.h"
#include "base/key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

struct container_reader {
    int fd;
    int64_t size, position;
    char *path;
    char *manifest;
    ZSTD_DCtx *zstd;
    size_t frame_left; /* what ZSTD said last: 0 when a frame has just ended */
    crypto_generichash_state hash;
    bool sealed, finished; /* finished: the sealed stream said so, or the file ended */
    bool proved;           /* the hash is right */
    crypto_secretstream_xchacha20poly1305_state seal;
    ZSTD_inBuffer packed; /* within `piece`, behind what is held back */
    size_t text_room;
    char *text;
    /* The last TAIL_BYTES read are held back: they may be the hash. Then comes a piece. */
    size_t held;
    unsigned char piece[TAIL_BYTES + PIECE_BYTES];
};

static vdb_status damaged(const container_reader *r, vdb_error *error, const char *how)
{
    error_set(error, VDB_BAD_INPUT, "Use another backup; `voicedb backup verify` tells which are whole.",
              "%s is damaged", r->path);
    return error_detail(error, "%s, before byte %lld of %lld", how, (long long)r->position, (long long)r->size);
}

/* As many bytes as there are, at most `length`. */
static vdb_status read_some(container_reader *r, unsigned char *bytes, size_t length, size_t *got, vdb_error *error)
{
    *got = 0;
    while (*got < length) {
        ssize_t n = read(r->fd, bytes + *got, length - *got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return file_failed(error, "cannot read", r->path);
        if (n == 0)
            break;
        *got += (size_t)n;
        r->position += n;
    }
    return VDB_OK;
}

static vdb_status open_piece(container_reader *r, unsigned char *piece, size_t *length, vdb_error *error)
{
    unsigned char sealed[PIECE_BYTES + SEAL_BYTES], tag = 0;
    size_t got;
    vdb_status status = read_some(r, sealed, sizeof sealed, &got, error);
    if (status != VDB_OK)
        return status;
    if (got < SEAL_BYTES)
        return damaged(r, error, "it ends too early");
    if (crypto_secretstream_xchacha20poly1305_pull(&r->seal, piece, NULL, &tag, sealed, got,
                                                   (const unsigned char *)SEALED_TITLE, TITLE_BYTES) != 0)
        return damaged(r, error, "a piece was changed, or this is not its key");
    r->finished = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    *length = got - SEAL_BYTES;
    if (r->finished && r->position != r->size)
        return damaged(r, error, "something was added");
    return VDB_OK;
}

/* Unsealed bytes; 0 at the end. */
static vdb_status read_piece(container_reader *r, unsigned char *piece, size_t *length, vdb_error *error)
{
    *length = 0;
    if (r->finished)
        return VDB_OK;
    if (r->sealed)
        return open_piece(r, piece, length, error);
    vdb_status status = read_some(r, piece, PIECE_BYTES, length, error);
    r->finished = *length < PIECE_BYTES;
    return status;
}

/* Refills `packed`; leaves it empty at the end, after comparing the hash. */
static vdb_status refill(container_reader *r, vdb_error *error)
{
    if (r->proved)
        return VDB_OK;
    memmove(r->piece, r->piece + r->packed.size, r->held);
    size_t got;
    vdb_status status = read_piece(r, r->piece + r->held, &got, error);
    if (status != VDB_OK)
        return status;
    size_t all = r->held + got;
    size_t body = all > TAIL_BYTES ? all - TAIL_BYTES : 0;
    r->held = all - body;
    r->packed = (ZSTD_inBuffer){ r->piece, body, 0 };
    crypto_generichash_update(&r->hash, r->piece, body);
    if (body > 0 || !r->finished)
        return VDB_OK;
    unsigned char hash[HASH_BYTES];
    crypto_generichash_update(&r->hash, r->piece, FRAME_HEAD);
    crypto_generichash_final(&r->hash, hash, sizeof hash);
    if (r->held != TAIL_BYTES || get_le32(r->piece) != HASH_MAGIC || get_le32(r->piece + 4) != HASH_BYTES ||
        sodium_memcmp(hash, r->piece + FRAME_HEAD, HASH_BYTES) != 0)
        return damaged(r, error, "it is not what was written");
    r->proved = true;
    return VDB_OK;
}

/* Exactly `length` unsealed bytes. */
static vdb_status take(container_reader *r, unsigned char *bytes, size_t length, vdb_error *error)
{
    while (length > 0) {
        if (r->packed.pos == r->packed.size) {
            vdb_status status = refill(r, error);
            if (status != VDB_OK)
                return status;
            if (r->proved)
                return damaged(r, error, "it ends too early");
        }
        size_t there = r->packed.size - r->packed.pos, part = there < length ? there : length;
        memcpy(bytes, r->piece + r->packed.pos, part);
        r->packed.pos += part;
        bytes += part;
        length -= part;
    }
    return VDB_OK;
}

static vdb_status take_manifest(container_reader *r, vdb_error *error)
{
    unsigned char head[FRAME_HEAD + TITLE_BYTES];
    vdb_status status = take(r, head, sizeof head, error);
    if (status != VDB_OK)
        return status;
    uint32_t length = get_le32(head + 4);
    if (get_le32(head) != MANIFEST_MAGIC || memcmp(head + FRAME_HEAD, PLAIN_TITLE, TITLE_BYTES) != 0 ||
        length < TITLE_BYTES || length > TITLE_BYTES + LARGEST_MANIFEST)
        return damaged(r, error, "its head is not a backup's");
    length -= TITLE_BYTES;
    r->manifest = calloc(1, (size_t)length + 1);
    return r->manifest == NULL ? error_memory(error) : take(r, (unsigned char *)r->manifest, length, error);
}

static vdb_status begin_seal(container_reader *r, const char *key_file, vdb_error *error)
{
    unsigned char head[SEAL_HEAD], key[KEY_BYTES];
    size_t got;
    if (key_file == NULL)
        return error_set(error, VDB_USAGE, "Write --key FILE with the key that it was made with.", "%s is encrypted",
                         r->path);
    vdb_status status = read_some(r, head, sizeof head, &got, error);
    if (status == VDB_OK && got < sizeof head)
        status = damaged(r, error, "it ends too early");
    if (status == VDB_OK)
        status = key_read(key_file, key, error);
    if (status != VDB_OK)
        return status;
    r->sealed = true;
    int begun = crypto_secretstream_xchacha20poly1305_init_pull(&r->seal, head, key);
    sodium_memzero(key, sizeof key);
    return begun == 0 ? VDB_OK : damaged(r, error, "its head was changed");
}

typedef enum form { FORM_PLAIN, FORM_SEALED, FORM_FOREIGN } form;

/* By the first bytes, from either of which a damaged file is still told. */
static form form_of(const unsigned char *head, size_t length)
{
    if (length >= TITLE_BYTES && memcmp(head, SEALED_TITLE, TITLE_BYTES) == 0)
        return FORM_SEALED;
    if (length >= FRAME_HEAD + TITLE_BYTES && memcmp(head + FRAME_HEAD, PLAIN_TITLE, TITLE_BYTES) == 0)
        return FORM_PLAIN;
    if (length >= 4 && get_le32(head) == MANIFEST_MAGIC)
        return FORM_PLAIN;
    return FORM_FOREIGN;
}

static vdb_status look(container_reader *r, const char *key_file, vdb_error *error)
{
    unsigned char head[FRAME_HEAD + TITLE_BYTES];
    struct stat s;
    if (fstat(r->fd, &s) != 0 || !S_ISREG(s.st_mode))
        return error_set(error, VDB_BAD_INPUT, "Give the file of a backup.", "%s is no regular file", r->path);
    r->size = s.st_size;
    ssize_t length = pread(r->fd, head, sizeof head, 0);
    if (length < 0)
        return file_failed(error, "cannot read", r->path);
    switch (form_of(head, (size_t)length)) {
    case FORM_FOREIGN:
        return error_set(error, VDB_BAD_INPUT, "Give a file that `voicedb backup` or `voicedb tenant export` made.",
                         "%s is no backup of voicedb", r->path);
    case FORM_SEALED:
        (void)lseek(r->fd, TITLE_BYTES, SEEK_SET);
        r->position = TITLE_BYTES;
        return begin_seal(r, key_file, error);
    case FORM_PLAIN:
        break;
    }
    return VDB_OK;
}

static vdb_status open_reader(container_reader *r, const char *path, const char *key_file, vdb_error *error)
{
    r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (r->fd < 0)
        return file_failed(error, "cannot read", path);
    r->path = strdup(path);
    r->zstd = ZSTD_createDCtx();
    r->text_room = ZSTD_DStreamOutSize();
    r->text = malloc(r->text_room);
    if (r->path == NULL || r->zstd == NULL || r->text == NULL)
        return error_memory(error);
    crypto_generichash_init(&r->hash, NULL, 0, HASH_BYTES);
    vdb_status status = look(r, key_file, error);
    return status == VDB_OK ? take_manifest(r, error) : status;
}

vdb_status container_open(const char *path, const char *key_file, container_reader **r, vdb_error *error)
{
    container_reader *new = sodium_init() < 0 ? NULL : calloc(1, sizeof *new);
    if (new == NULL)
        return error_memory(error);
    new->fd = -1;
    vdb_status status = open_reader(new, path, key_file, error);
    if (status != VDB_OK) {
        container_close(new);
        return status;
    }
    *r = new;
    return VDB_OK;
}

void container_close(container_reader *r)
{
    if (r == NULL)
        return;
    if (r->fd >= 0)
        close(r->fd);
    ZSTD_freeDCtx(r->zstd);
    free(r->path);
    free(r->manifest);
    free(r->text);
    sodium_memzero(r, sizeof *r);
    free(r);
}

bool container_is_foreign(const char *path)
{
    unsigned char head[FRAME_HEAD + TITLE_BYTES];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t length = fd < 0 ? -1 : pread(fd, head, sizeof head, 0);
    if (fd >= 0)
        close(fd);
    return length >= 0 && form_of(head, (size_t)length) == FORM_FOREIGN;
}

const char *container_manifest(const container_reader *r)
{
    return r->manifest;
}

bool container_is_sealed(const container_reader *r)
{
    return r->sealed;
}

int64_t container_size(const container_reader *r)
{
    return r->size;
}

int64_t container_position(const container_reader *r)
{
    return r->position;
}

vdb_status container_read(container_reader *r, const char **text, size_t *length, vdb_error *error)
{
    ZSTD_outBuffer out = { r->text, r->text_room, 0 };
    while (out.pos == 0) {
        if (r->packed.pos == r->packed.size) {
            vdb_status status = refill(r, error);
            if (status != VDB_OK)
                return status;
        }
        if (r->proved && r->frame_left == 0)
            break;
        size_t left = r->frame_left;
        r->frame_left = ZSTD_decompressStream(r->zstd, &out, &r->packed);
        if (ZSTD_isError(r->frame_left))
            return damaged(r, error, ZSTD_getErrorName(r->frame_left));
        if (r->proved && out.pos == 0 && r->frame_left == left)
            return damaged(r, error, "its text ends too early");
    }
    *text = r->text;
    *length = out.pos;
    return VDB_OK;
}

vdb_status container_skim(container_reader *r, vdb_progress progress, void *context, vdb_error *error)
{
    do {
        vdb_status status = refill(r, error);
        if (status != VDB_OK)
            return status;
        if (progress != NULL && !progress(context, r->position, r->size))
            return error_set(error, VDB_USAGE, "Run it again to see it through.", "interrupted");
    } while (!r->proved);
    return VDB_OK;
}
