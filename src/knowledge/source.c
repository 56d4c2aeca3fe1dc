#include "knowledge/source.h"

#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

static vdb_status cannot_read(const char *path, int reason, vdb_error *error)
{
    return error_set(error, VDB_BAD_INPUT, "Check the path and its rights.", "cannot read %s: %s", path,
                     strerror(reason));
}

static vdb_status too_large(const char *path, int64_t max_bytes, vdb_error *error)
{
    return error_set(error, VDB_BAD_INPUT, "Split the file, or raise --max-bytes.",
                     "%s is larger than %" PRId64 " bytes", path, max_bytes);
}

/* Standard input and pipes can be read only once: a nameless copy can be read again. */
static vdb_status copy_to_temporary(const char *path, FILE *from, int64_t max_bytes, FILE **copy, vdb_error *error)
{
    char block[SOURCE_BLOCK];
    int64_t size = 0;
    *copy = tmpfile();
    if (*copy == NULL)
        return error_set(error, VDB_BAD_INPUT, "Free space in the folder for temporary files.",
                         "cannot make a temporary file: %s", strerror(errno));
    for (size_t got; (got = fread(block, 1, sizeof block, from)) > 0;) {
        size += (int64_t)got;
        if (size > max_bytes)
            return too_large(path, max_bytes, error);
        if (fwrite(block, 1, got, *copy) != got)
            return error_set(error, VDB_BAD_INPUT, "Free space in the folder for temporary files.",
                             "cannot write a temporary file: %s", strerror(errno));
    }
    if (ferror(from))
        return cannot_read(path, errno, error);
    return VDB_OK;
}

static vdb_status open_file(const char *path, int64_t max_bytes, FILE **file, vdb_error *error)
{
    bool standard_input = strcmp(path, "-") == 0;
    FILE *opened = standard_input ? stdin : fopen(path, "rbe");
    struct stat about;
    if (opened == NULL || fstat(fileno(opened), &about) != 0) {
        int reason = errno;
        if (opened != NULL && !standard_input)
            fclose(opened);
        return cannot_read(path, reason, error);
    }
    if (S_ISREG(about.st_mode) && !standard_input) {
        *file = opened;
        return VDB_OK;
    }
    *file = NULL;
    vdb_status status = S_ISDIR(about.st_mode) ? cannot_read(path, EISDIR, error)
                                               : copy_to_temporary(path, opened, max_bytes, file, error);
    if (!standard_input)
        fclose(opened);
    if (status != VDB_OK && *file != NULL)
        fclose(*file);
    return status;
}

/* Checks and hashes block by block; `kept` bytes at the end of a block belong to a character that the next one
 * finishes. */
typedef struct check {
    const char *path;
    crypto_hash_sha256_state hash;
    int64_t size;
    int64_t max_bytes;
    size_t kept;
    char block[4 + SOURCE_BLOCK];
} check;

static vdb_status check_block(check *c, size_t got, vdb_error *error)
{
    const char *fresh = c->block + c->kept;
    crypto_hash_sha256_update(&c->hash, (const unsigned char *)fresh, got);
    c->size += (int64_t)got;
    if (c->size > c->max_bytes)
        return too_large(c->path, c->max_bytes, error);
    if (memchr(fresh, '\0', got) != NULL)
        return error_set(error, VDB_BAD_INPUT, "Give a file of UTF-8 text or Markdown.", "%s is binary", c->path);
    size_t length = c->kept + got;
    size_t tail = text_utf8_tail(c->block, length);
    if (!text_is_utf8(c->block, length - tail))
        return error_set(error, VDB_BAD_INPUT, "Convert it, for example by `iconv -f WINDOWS-1252 -t UTF-8`.",
                         "%s is not UTF-8", c->path);
    memmove(c->block, c->block + length - tail, tail);
    c->kept = tail;
    return VDB_OK;
}

static void finish_hash(crypto_hash_sha256_state *hash, char hexadecimal[65])
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(hash, digest);
    sodium_bin2hex(hexadecimal, 65, digest, sizeof digest);
}

static vdb_status check_file(source *s, check *c, vdb_error *error)
{
    rewind(s->file);
    crypto_hash_sha256_init(&c->hash);
    for (size_t got; (got = fread(c->block + c->kept, 1, SOURCE_BLOCK, s->file)) > 0;) {
        vdb_status status = check_block(c, got, error);
        if (status != VDB_OK)
            return status;
    }
    if (ferror(s->file))
        return cannot_read(c->path, errno, error);
    if (c->size == 0)
        return error_set(error, VDB_BAD_INPUT, "Give a file with text.", "%s is empty", c->path);
    if (c->kept > 0)
        return error_set(error, VDB_BAD_INPUT, "Check that the file is whole.", "%s ends in the middle of a character",
                         c->path);
    s->size = c->size;
    finish_hash(&c->hash, s->sha256);
    return VDB_OK;
}

vdb_status source_open(const char *path, int64_t max_bytes, source *s, vdb_error *error)
{
    *s = (source){ 0 };
    vdb_status status = open_file(path, max_bytes, &s->file, error);
    if (status != VDB_OK)
        return status;
    check c = { .path = strcmp(path, "-") == 0 ? "standard input" : path, .max_bytes = max_bytes };
    status = check_file(s, &c, error);
    if (status != VDB_OK)
        source_close(s);
    return status;
}

void source_close(source *s)
{
    if (s->file != NULL)
        fclose(s->file);
    s->file = NULL;
}

vdb_status source_read(source *s, source_sink sink, void *context, vdb_error *error)
{
    char block[SOURCE_BLOCK], sha256[65];
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    rewind(s->file);
    for (size_t got; (got = fread(block, 1, sizeof block, s->file)) > 0;) {
        crypto_hash_sha256_update(&hash, (const unsigned char *)block, got);
        vdb_status status = sink(context, block, got, error);
        if (status != VDB_OK)
            return status;
    }
    if (ferror(s->file))
        return cannot_read("the file", errno, error);
    finish_hash(&hash, sha256);
    if (strcmp(sha256, s->sha256) == 0)
        return VDB_OK;
    return error_set(error, VDB_CONFLICT, "Add it again when nobody writes to it.",
                     "the file changed while it was read");
}
