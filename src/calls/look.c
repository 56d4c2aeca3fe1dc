/* What lies in a spool directory, for people. Nothing is changed there. */
#include "base/clock.h"
#include "base/text.h"
#include "calls/dead.h"
#include "calls/spool.h"
#include "pg/record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The rows while they are counted. */
typedef struct listing {
    const char *directory;
    arena *memory;
    vdb_spool *rows;
    size_t count;
} listing;

static const char *instant(arena *a, int64_t microseconds)
{
    char text[CLOCK_TEXT];
    return arena_copy_string(a, clock_format(microseconds, text));
}

static vdb_spool *add(listing *l, const char *name, size_t length, const char *state)
{
    vdb_spool *row = &l->rows[l->count++];
    row->name = arena_copy(l->memory, name, length);
    row->state = state;
    return row;
}

static int open_file(const listing *l, const char *name)
{
    char *path = spool_path(l->directory, name);
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    free(path);
    return fd;
}

static void add_spool(listing *l, const char *name)
{
    int fd = open_file(l, name);
    if (fd < 0)
        return;
    char pid[32] = { 0 };
    bool orphan = flock(fd, LOCK_SH | LOCK_NB) == 0;
    vdb_spool *row = add(l, name, strlen(name) - strlen(".lock"), orphan ? "orphan" : "open");
    if (read(fd, pid, sizeof pid - 1) > 0)
        row->process = strtoll(pid, NULL, 10);
    close(fd);
}

static void add_file(listing *l, const char *name, const char *state)
{
    struct stat info;
    int fd = open_file(l, name);
    if (fd < 0)
        return;
    vdb_spool *row = add(l, name, strlen(name), state);
    if (fstat(fd, &info) == 0) {
        row->bytes = info.st_size;
        row->since = instant(l->memory, (int64_t)info.st_mtim.tv_sec * 1000000);
    }
    close(fd);
    if (strcmp(state, "dead") == 0)
        row->waiting = dead_count(l->directory);
}

/* A segment adds to the row of its spool. */
static void add_segment(const listing *l, const char *name)
{
    uint8_t bytes[SEGMENT_HEADER];
    segment_header header;
    mark acknowledged, delivered;
    struct stat info;
    vdb_spool *row = NULL;
    for (size_t i = 0; i < l->count; i++) {
        if (strncmp(name, l->rows[i].name, strlen(l->rows[i].name)) == 0 &&
            !text_ends_with(l->rows[i].name, ".damaged"))
            row = &l->rows[i];
    }
    int fd = row == NULL ? -1 : open_file(l, name);
    if (fd < 0)
        return;
    if (fstat(fd, &info) == 0 && pread(fd, bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes) {
        row->bytes += info.st_size;
        if (segment_decode(bytes, &header) && mark_decode(&header, bytes + SEGMENT_ACKNOWLEDGED, &acknowledged) &&
            mark_decode(&header, bytes + SEGMENT_DELIVERED, &delivered)) {
            row->waiting += (int64_t)(acknowledged.sequence - delivered.sequence);
            row->since = row->since == NULL ? instant(l->memory, header.created_at) : row->since;
        }
    }
    close(fd);
}

static int is_ours(const struct dirent *file)
{
    return text_ends_with(file->d_name, ".lock") || text_ends_with(file->d_name, ".spool") ||
           text_ends_with(file->d_name, ".damaged") || strcmp(file->d_name, "dead.jsonl") == 0;
}

vdb_status vdb_log_spools(const char *directory, const vdb_spool **rows, size_t *count, vdb_error *error)
{
    error_clear(error);
    struct dirent **files;
    int found = scandir(directory, &files, is_ours, alphasort);
    if (found < 0)
        return error_system(error, "Name the directory that the logs were given.", "%s cannot be read", directory);
    listing l = { .directory = directory };
    l.rows = rows_allocate(sizeof *l.rows, (size_t)found, &l.memory);
    for (int i = 0; l.rows != NULL && i < found; i++) {
        if (text_ends_with(files[i]->d_name, ".lock"))
            add_spool(&l, files[i]->d_name);
        else if (!text_ends_with(files[i]->d_name, ".spool"))
            add_file(&l, files[i]->d_name, text_ends_with(files[i]->d_name, ".damaged") ? "damaged" : "dead");
    }
    for (int i = 0; i < found; i++) {
        if (l.rows != NULL && text_ends_with(files[i]->d_name, ".spool"))
            add_segment(&l, files[i]->d_name);
        free(files[i]);
    }
    free(files);
    if (l.rows == NULL)
        return error_memory(error);
    *rows = l.rows;
    *count = l.count;
    return VDB_OK;
}
