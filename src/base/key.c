#include "base/key.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIGITS = 2 * KEY_BYTES };

static vdb_status check_private(int fd, const char *path, vdb_error *error)
{
    struct stat s;
    if (fstat(fd, &s) != 0)
        return file_failed(error, "cannot read", path);
    if (!S_ISREG(s.st_mode))
        return error_set(error, VDB_BAD_INPUT, "Make one with `voicedb backup key FILE`.", "%s is no regular file",
                         path);
    if ((s.st_mode & 077) != 0)
        return error_set(error, VDB_NOT_ALLOWED, "Run `chmod 600` on it; if others could read it, make a new key.",
                         "the key file %s is open to others", path);
    if (s.st_uid != geteuid() && s.st_uid != 0)
        return error_set(error, VDB_NOT_ALLOWED, "Use a key file of your own.",
                         "the key file %s belongs to somebody else", path);
    return VDB_OK;
}

static vdb_status decode(int fd, const char *path, unsigned char key[KEY_BYTES], vdb_error *error)
{
    char digits[DIGITS + 2];
    ssize_t length = read(fd, digits, sizeof digits);
    if (length == DIGITS + 1 && digits[DIGITS] == '\n')
        length = DIGITS;
    size_t decoded = 0;
    bool valid = length == DIGITS && sodium_hex2bin(key, KEY_BYTES, digits, DIGITS, NULL, &decoded, NULL) == 0 &&
                 decoded == KEY_BYTES;
    sodium_memzero(digits, sizeof digits);
    if (valid)
        return VDB_OK;
    sodium_memzero(key, KEY_BYTES);
    return error_set(error, VDB_BAD_INPUT, "Make one with `voicedb backup key FILE`.",
                     "%s holds no key of 64 hexadecimal digits", path);
}

vdb_status key_read(const char *path, unsigned char key[KEY_BYTES], vdb_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return file_failed(error, "cannot read", path);
    vdb_status status = check_private(fd, path, error);
    if (status == VDB_OK)
        status = decode(fd, path, key, error);
    close(fd);
    return status;
}

vdb_status vdb_backup_key_create(const char *path, vdb_error *error)
{
    error_clear(error);
    if (sodium_init() < 0)
        return error_memory(error);
    unsigned char key[KEY_BYTES];
    char digits[DIGITS + 1];
    randombytes_buf(key, sizeof key);
    sodium_bin2hex(digits, sizeof digits, key, sizeof key);
    digits[DIGITS] = '\n';
    new_file *file;
    vdb_status status = file_create(path, &file, error);
    if (status == VDB_OK) {
        int64_t size;
        status = file_write(file, digits, sizeof digits, error);
        if (status == VDB_OK)
            status = file_commit(file, &size, error);
        else
            file_abort(file);
    }
    sodium_memzero(key, sizeof key);
    sodium_memzero(digits, sizeof digits);
    return status;
}
