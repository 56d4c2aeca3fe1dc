#include "secret/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_DIGITS = 2 * MASTER_KEY_BYTES, ID_DIGITS = MASTER_ID_ROOM - 1, LINE_ROOM = 160 };

static const char word[] = "voicedb-master-key-1 ";
static const char make_one[] = "Make one with `voicedb key init FILE`.";
static const char comment[] = "# Master keys of voicedb: the first seals the tenants' data keys, all of them open.\n"
                              "# Who loses them loses every sealed secret. Keep a copy, apart from backups.\n";

static void id_of(const unsigned char bytes[MASTER_KEY_BYTES], char id[MASTER_ID_ROOM])
{
    unsigned char hash[crypto_generichash_BYTES_MIN];
    crypto_generichash(hash, sizeof hash, bytes, MASTER_KEY_BYTES, (const unsigned char *)"voicedb master key id", 21);
    sodium_bin2hex(id, MASTER_ID_ROOM, hash, ID_DIGITS / 2);
}

/* ---- parsing ----------------------------------------------------------------------------------------------------- */

static bool is_hexadecimal(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (strchr("0123456789abcdefABCDEF", text[i]) == NULL || text[i] == '\0')
            return false;
    }
    return true;
}

/* "voicedb-master-key-1 ID KEY", nothing before and after. */
static bool parse_line(const char *line, size_t length, master_key *key)
{
    const size_t words = sizeof word - 1;
    if (length != words + ID_DIGITS + 1 + KEY_DIGITS || memcmp(line, word, words) != 0 ||
        line[words + ID_DIGITS] != ' ')
        return false;
    const char *digits = line + words + ID_DIGITS + 1;
    if (!is_hexadecimal(line + words, ID_DIGITS) || !is_hexadecimal(digits, KEY_DIGITS) ||
        sodium_hex2bin(key->bytes, MASTER_KEY_BYTES, digits, KEY_DIGITS, NULL, NULL, NULL) != 0)
        return false;
    id_of(key->bytes, key->id);
    return strncasecmp(key->id, line + words, ID_DIGITS) == 0;
}

static vdb_status refuse_line(const char *path, int number, const char *line, size_t length, vdb_error *error)
{
    if (length == KEY_DIGITS && is_hexadecimal(line, length))
        error_set(error, VDB_BAD_INPUT, make_one, "%s is a key for backups, no file of master keys", path);
    else
        error_set(error, VDB_BAD_INPUT, "Take the copy you kept of it.", "the key file %s is damaged", path);
    error_detail(error, "line %d is no master key", number);
    return VDB_BAD_INPUT;
}

static vdb_status add_line(const char *path, int number, const char *line, size_t length, master_key *keys,
                           size_t *count, vdb_error *error)
{
    if (*count == MOST_MASTER_KEYS)
        return error_set(error, VDB_BAD_INPUT, "Remove keys that `voicedb key status` says nothing is sealed by.",
                         "%s holds more than %d keys", path, MOST_MASTER_KEYS);
    if (!parse_line(line, length, &keys[*count]))
        return refuse_line(path, number, line, length, error);
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(keys[i].id, keys[*count].id) == 0)
            return error_set(error, VDB_BAD_INPUT, "Remove one of the two lines.", "%s holds the key %s twice", path,
                             keys[i].id);
    }
    (*count)++;
    return VDB_OK;
}

vdb_status key_file_parse(const char *path, const char *text, size_t length, master_key *keys, size_t *count,
                          vdb_error *error)
{
    *count = 0;
    int number = 1;
    for (size_t start = 0; start < length; number++) {
        const char *line = text + start;
        const char *newline = memchr(line, '\n', length - start);
        size_t size = newline == NULL ? length - start : (size_t)(newline - line);
        start += size + 1;
        if (size == 0 || line[0] == '#')
            continue;
        vdb_status status = add_line(path, number, line, size, keys, count, error);
        if (status != VDB_OK)
            return status;
    }
    if (*count == 0)
        return error_set(error, VDB_BAD_INPUT, make_one, "the key file %s holds no key", path);
    return VDB_OK;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool is_credential(const char *path)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    size_t length = folder == NULL ? 0 : strlen(folder);
    return length > 0 && strncmp(path, folder, length) == 0 && path[length] == '/';
}

static vdb_status check_private(int fd, const char *path, vdb_error *error)
{
    struct stat s;
    if (fstat(fd, &s) != 0)
        return error_set(error, VDB_BAD_INPUT, "Look at the file.", "cannot read %s: %s", path, strerror(errno));
    if (!S_ISREG(s.st_mode))
        return error_set(error, VDB_BAD_INPUT, make_one, "%s is no regular file", path);
    mode_t open_to_others = is_credential(path) && s.st_uid == 0 ? 037 : 077;
    if ((s.st_mode & open_to_others) != 0)
        return error_set(error, VDB_NOT_ALLOWED,
                         "Run `chmod 600` on it; if others could read it, follow it by a new key (`voicedb key init "
                         "--after`).",
                         "the key file %s is open to others", path);
    if (s.st_uid != geteuid() && s.st_uid != 0)
        return error_set(error, VDB_NOT_ALLOWED, "Use a key file of your own.",
                         "the key file %s belongs to somebody else", path);
    return VDB_OK;
}

static vdb_status read_all(int fd, const char *path, char *text, size_t *length, vdb_error *error)
{
    *length = 0;
    for (;;) {
        ssize_t got = read(fd, text + *length, LARGEST_KEY_FILE + 1 - *length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(error, VDB_BAD_INPUT, "Look at the file.", "cannot read %s: %s", path, strerror(errno));
        *length += (size_t)got;
        if (*length > LARGEST_KEY_FILE)
            return error_set(error, VDB_BAD_INPUT, make_one, "%s is too large for a key file", path);
        if (got == 0)
            return VDB_OK;
    }
}

static vdb_status read_open(int fd, const char *path, char *text, master_key *keys, size_t *count, vdb_error *error)
{
    size_t length;
    vdb_status status = check_private(fd, path, error);
    if (status == VDB_OK)
        status = read_all(fd, path, text, &length, error);
    return status == VDB_OK ? key_file_parse(path, text, length, keys, count, error) : status;
}

vdb_status key_file_read(const char *path, master_key *keys, size_t *count, vdb_error *error)
{
    char *text = sodium_malloc(LARGEST_KEY_FILE + 1);
    if (text == NULL)
        return error_memory(error);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    vdb_status status =
        fd < 0 ? error_set(error, VDB_NOT_ALLOWED, make_one, "cannot read the key file %s: %s", path, strerror(errno))
               : read_open(fd, path, text, keys, count, error);
    if (fd >= 0)
        close(fd);
    sodium_free(text);
    return status;
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

static bool write_all(int fd, const char *text, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t wrote = write(fd, text + done, length - done);
        if (wrote < 0 && errno != EINTR)
            return false;
        done += wrote < 0 ? 0 : (size_t)wrote;
    }
    return true;
}

static bool write_key(int fd, const master_key *key)
{
    char digits[KEY_DIGITS + 1], line[LINE_ROOM];
    sodium_bin2hex(digits, sizeof digits, key->bytes, sizeof key->bytes);
    int length = snprintf(line, sizeof line, "%s%s %s\n", word, key->id, digits);
    bool written = write_all(fd, line, (size_t)length);
    sodium_memzero(digits, sizeof digits);
    sodium_memzero(line, sizeof line);
    return written;
}

/* So that the name, too, survives a loss of power. */
static bool sync_folder(const char *path)
{
    char *folder = strdup(path);
    char *slash = folder == NULL ? NULL : strrchr(folder, '/');
    if (slash != NULL)
        slash[slash == folder] = '\0';
    int fd = folder == NULL ? -1 : open(slash == NULL ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    free(folder);
    return synced;
}

static vdb_status cannot_write(const char *path, int reason, vdb_error *error)
{
    if (reason == EEXIST)
        return error_set(error, VDB_CONFLICT, "Choose another name; a key file is never replaced.",
                         "the file %s exists", path);
    return error_set(error, VDB_BAD_INPUT, "Choose a folder that you can write to.", "cannot write %s: %s", path,
                     strerror(reason));
}

/* Written under another name, then linked, which never replaces a file. */
static vdb_status write_file(const char *path, const char *partial, const master_key *new, const master_key *before,
                             size_t count, vdb_error *error)
{
    int fd = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return cannot_write(path, errno, error);
    errno = 0;
    bool written = fchmod(fd, 0600) == 0 && write_all(fd, comment, sizeof comment - 1) && write_key(fd, new);
    for (size_t i = 0; written && i < count; i++)
        written = write_key(fd, &before[i]);
    written = written && fsync(fd) == 0;
    int reason = errno;
    if (close(fd) != 0 && written)
        reason = errno;
    bool linked = written && link(partial, path) == 0;
    if (written && !linked)
        reason = errno;
    unlink(partial);
    if (!linked)
        return cannot_write(path, reason, error);
    return sync_folder(path) ? VDB_OK : cannot_write(path, errno, error);
}

vdb_status key_file_create(const char *path, const master_key *before, size_t count, char id[MASTER_ID_ROOM],
                           vdb_error *error)
{
    if (count >= MOST_MASTER_KEYS)
        return error_set(error, VDB_BAD_INPUT, "Remove keys that `voicedb key status` says nothing is sealed by.",
                         "a key file holds at most %d keys", MOST_MASTER_KEYS);
    master_key *new = sodium_malloc(sizeof *new);
    char *partial;
    if (new == NULL || asprintf(&partial, "%s.partial", path) < 0) {
        sodium_free(new);
        return error_memory(error);
    }
    randombytes_buf(new->bytes, sizeof new->bytes);
    id_of(new->bytes, new->id);
    vdb_status status = write_file(path, partial, new, before, count, error);
    if (status == VDB_OK)
        memcpy(id, new->id, MASTER_ID_ROOM);
    sodium_free(new);
    free(partial);
    return status;
}
