#include "knowledge/source.h"

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
        *file = opened; /* closed by source_close() */
        return about.st_size > max_bytes ? too_large(path, max_bytes, error) : VDB_OK;
    }
    *file = NULL;
    vdb_status status = S_ISDIR(about.st_mode) ? cannot_read(path, EISDIR, error)
                                               : copy_to_temporary(path, opened, max_bytes, file, error);
    if (!standard_input)
        fclose(opened);
    return status;
}

/* Reads all of the file. */
static vdb_status hash_file(const source *s, int64_t max_bytes, int64_t *size, char sha256[65], vdb_error *error)
{
    char block[SOURCE_BLOCK];
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    *size = 0;
    rewind(s->file);
    for (size_t got; (got = fread(block, 1, sizeof block, s->file)) > 0;) {
        crypto_hash_sha256_update(&hash, (const unsigned char *)block, got);
        *size += (int64_t)got;
        if (*size > max_bytes)
            return too_large(s->name, max_bytes, error);
    }
    if (ferror(s->file))
        return cannot_read(s->name, errno, error);
    crypto_hash_sha256_final(&hash, digest);
    sodium_bin2hex(sha256, 65, digest, sizeof digest);
    return VDB_OK;
}

/* Of an open file: its size and hash. */
static vdb_status look_at(source *s, int64_t max_bytes, vdb_error *error)
{
    vdb_status status = hash_file(s, max_bytes, &s->size, s->sha256, error);
    if (status == VDB_OK && s->size == 0)
        status = error_set(error, VDB_BAD_INPUT, "Give a file with text.", "%s is empty", s->name);
    if (status != VDB_OK)
        source_close(s);
    return status;
}

vdb_status source_open(const char *path, int64_t max_bytes, source *s, vdb_error *error)
{
    *s = (source){ .name = strcmp(path, "-") == 0 ? "standard input" : path };
    vdb_status status = open_file(path, max_bytes, &s->file, error);
    if (status == VDB_OK)
        return look_at(s, max_bytes, error);
    source_close(s);
    return status;
}

vdb_status source_open_text(const char *text, const char *name, source *s, vdb_error *error)
{
    *s = (source){ .file = tmpfile(), .name = name };
    if (s->file == NULL || fwrite(text, 1, strlen(text), s->file) != strlen(text) || fflush(s->file) != 0) {
        int reason = errno;
        source_close(s);
        return error_set(error, VDB_BAD_INPUT, "Free space in the folder for temporary files.",
                         "cannot write a temporary file: %s", strerror(reason));
    }
    return look_at(s, INT64_MAX, error);
}

void source_close(source *s)
{
    if (s->file != NULL)
        fclose(s->file);
    s->file = NULL;
}

vdb_status source_unchanged(const source *s, vdb_error *error)
{
    char sha256[65];
    int64_t size;
    vdb_status status = hash_file(s, INT64_MAX, &size, sha256, error);
    if (status != VDB_OK || strcmp(sha256, s->sha256) == 0)
        return status;
    return error_set(error, VDB_CONFLICT, "Add it again when nobody writes to it.",
                     "the file changed while it was read");
}
