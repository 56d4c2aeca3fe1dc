#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct new_file {
    int fd;
    int64_t size;
    char *path;
    char *partial;
};

vdb_status file_failed(vdb_error *error, const char *what, const char *path)
{
    int reason = errno;
    const char *hint = "Check the path and its permissions.";
    if (reason == ENOSPC || reason == EDQUOT || reason == EFBIG)
        hint = "Free space there or choose another place, then run the same command again.";
    else if (reason == EIO)
        hint = "Check the disk.";
    return error_set(error, VDB_BAD_INPUT, hint, "%s %s: %s", what, path, strerror(reason));
}

static void release(new_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    free(file->path);
    free(file->partial);
    free(file);
}

static new_file *allocate(const char *path)
{
    new_file *file = calloc(1, sizeof *file);
    if (file == NULL)
        return NULL;
    file->fd = -1;
    file->path = strdup(path);
    if (file->path == NULL || asprintf(&file->partial, "%s.partial", path) < 0) {
        file->partial = NULL;
        release(file);
        return NULL;
    }
    return file;
}

/* True when the locked file still has its name: another writer may have committed or removed it in between. */
static bool still_named(const new_file *file)
{
    struct stat opened, named;
    return fstat(file->fd, &opened) == 0 && stat(file->partial, &named) == 0 && opened.st_ino == named.st_ino &&
           opened.st_dev == named.st_dev;
}

static vdb_status open_partial(new_file *file, vdb_error *error)
{
    for (;;) {
        file->fd = open(file->partial, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (file->fd < 0)
            return file_failed(error, "cannot write", file->partial);
        if (flock(file->fd, LOCK_EX | LOCK_NB) != 0)
            return error_set(error, VDB_CONFLICT, "Wait for it to end, or choose another name.",
                             "another process is writing %s", file->partial);
        if (still_named(file))
            break;
        close(file->fd);
    }
    if (fchmod(file->fd, 0600) != 0 || ftruncate(file->fd, 0) != 0)
        return file_failed(error, "cannot write", file->partial);
    return VDB_OK;
}

static vdb_status refuse_existing(const char *path, vdb_error *error)
{
    return error_set(error, VDB_CONFLICT, "Choose another name, or move it away.", "%s exists", path);
}

vdb_status file_create(const char *path, new_file **file, vdb_error *error)
{
    if (access(path, F_OK) == 0)
        return refuse_existing(path, error);
    new_file *new = allocate(path);
    if (new == NULL)
        return error_memory(error);
    vdb_status status = open_partial(new, error);
    if (status != VDB_OK) {
        release(new);
        return status;
    }
    *file = new;
    return VDB_OK;
}

vdb_status file_write(new_file *file, const void *bytes, size_t length, vdb_error *error)
{
    const char *next = bytes;
    while (length > 0) {
        ssize_t written = write(file->fd, next, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return file_failed(error, "cannot write", file->partial);
        next += written;
        length -= (size_t)written;
        file->size += written;
    }
    return VDB_OK;
}

/* The name itself must outlive a power cut too. */
static vdb_status sync_directory(const char *path, vdb_error *error)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return error_memory(error);
    const char *name = dirname(copy);
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Some file systems cannot sync a directory; there the rename is all there is. */
    bool failed = fd < 0 || (fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP);
    vdb_status status = failed ? file_failed(error, "cannot sync", name) : VDB_OK;
    if (fd >= 0)
        close(fd);
    free(copy);
    return status;
}

/* A link, unlike a rename, never replaces what is there. */
static vdb_status give_name(const new_file *file, vdb_error *error)
{
    if (link(file->partial, file->path) == 0) {
        unlink(file->partial);
        return VDB_OK;
    }
    return errno == EEXIST ? refuse_existing(file->path, error) : file_failed(error, "cannot write", file->path);
}

vdb_status file_commit(new_file *file, int64_t *size, vdb_error *error)
{
    vdb_status status = VDB_OK;
    if (fsync(file->fd) != 0)
        status = file_failed(error, "cannot sync", file->partial);
    if (status == VDB_OK)
        status = give_name(file, error);
    if (status != VDB_OK) {
        file_abort(file);
        return status;
    }
    status = sync_directory(file->path, error);
    *size = file->size;
    release(file);
    return status;
}

void file_abort(new_file *file)
{
    if (file == NULL)
        return;
    unlink(file->partial);
    release(file);
}
