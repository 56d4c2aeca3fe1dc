#include "calls/spool.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SMALLEST_SEGMENT = 1 << 16, LARGEST_SEGMENT = 16 << 20, SEGMENTS = 8, MOST_TRIES = 10 };
enum { LOCK_TRIES = 60, LOCK_PAUSES = 8 };

static const char cannot_write[] = "Check the directory's owner and mode, and that the disk has room.";

char *spool_path(const char *directory, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

static void segment_name(const spool *s, uint32_t number, const char *suffix, char name[64])
{
    snprintf(name, 64, "%s-%06" PRIu32 ".%s", s->id, number, suffix);
}

static vdb_status unusable(vdb_error *error, const char *directory)
{
    return error_system(error, cannot_write, "the spool directory %s cannot be used", directory);
}

static int open_in(const spool *s, const char *name, int flags)
{
    char *path = spool_path(s->directory, name);
    int fd = path == NULL ? -1 : open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    free(path);
    return fd;
}

static void remove_in(const spool *s, const char *name)
{
    char *path = spool_path(s->directory, name);
    if (path != NULL)
        unlink(path);
    free(path);
}

/* Tells the processor that another one is waited for. */
static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Of a lock that is held for some microseconds: to sleep until it is free, and to be woken, takes ten times as long. */
static void lock_awake(pthread_mutex_t *lock)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (pthread_mutex_trylock(lock) == 0)
            return;
        for (int j = 0; j < LOCK_PAUSES; j++)
            pause_briefly();
    }
    pthread_mutex_lock(lock);
}

void spool_lock(spool *s)
{
    lock_awake(&s->lock);
}

static bool write_at(int fd, const void *bytes, size_t length, uint64_t offset)
{
    const char *from = bytes;
    while (length > 0) {
        ssize_t written = pwrite(fd, from, length, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        from += written;
        offset += (uint64_t)written;
        length -= (size_t)written;
    }
    return true;
}

static bool write_mark(const segment *g, const mark *m, uint64_t offset)
{
    uint8_t bytes[MARK_BYTES];
    mark_encode(&g->header, m, bytes);
    return write_at(g->fd, bytes, sizeof bytes, offset);
}

/* ---- the directory ----------------------------------------------------------------------------------------------- */

/* A new name or file is on the disk when its directory is. */
static bool sync_directory(const spool *s)
{
    int fd = open(s->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return synced;
}

spool *spool_allocate(const char *directory)
{
    spool *s = sodium_init() < 0 ? NULL : calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->lock_fd = -1;
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->mark_lock, NULL);
    pthread_mutex_init(&s->sync_lock, NULL);
    s->directory = strdup(directory);
    if (s->directory != NULL)
        return s;
    spool_release(s);
    return NULL;
}

static void segment_free(segment *g)
{
    if (g == NULL)
        return;
    if (g->fd >= 0)
        close(g->fd);
    free(g);
}

/* The file is removed after it was locked, so whoever locks one that has no name any more has locked nothing. */
bool spool_lock_file(spool *s, int flags)
{
    char name[64];
    snprintf(name, sizeof name, "%s.lock", s->id);
    s->lock_fd = open_in(s, name, O_RDWR | flags);
    struct stat info;
    if (s->lock_fd < 0 || flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0 || fstat(s->lock_fd, &info) != 0)
        return false;
    return info.st_nlink > 0;
}

static void write_owner(const spool *s)
{
    char line[32];
    int length = snprintf(line, sizeof line, "%d\n", (int)getpid());
    if (ftruncate(s->lock_fd, 0) == 0)
        (void)write_at(s->lock_fd, line, (size_t)length, 0);
}

static void destroy(spool *s, bool with_lock_file)
{
    if (s == NULL)
        return;
    for (segment *g = s->first, *next; g != NULL; g = next) {
        next = g->next;
        segment_free(g);
    }
    if (s->lock_fd >= 0) {
        char name[64];
        snprintf(name, sizeof name, "%s.lock", s->id);
        if (with_lock_file)
            remove_in(s, name);
        close(s->lock_fd);
    }
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->mark_lock);
    pthread_mutex_destroy(&s->sync_lock);
    free(s->directory);
    free(s);
}

void spool_close(spool *s)
{
    destroy(s, s != NULL && s->first == NULL);
}

void spool_release(spool *s)
{
    destroy(s, false);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* A new segment's file, not yet part of the spool. NULL: errno tells why. */
static segment *segment_create(spool *s, uint32_t number, uint64_t first_sequence)
{
    segment *g = calloc(1, sizeof *g);
    if (g == NULL)
        return NULL;
    char name[64];
    segment_name(s, number, "spool", name);
    g->owner = s;
    g->header = (segment_header){ .number = number, .first_sequence = first_sequence, .created_at = clock_now() };
    randombytes_buf(g->header.key, sizeof g->header.key);
    g->acknowledged = g->delivered = (mark){ .offset = SEGMENT_HEADER, .sequence = first_sequence - 1 };
    g->size = SEGMENT_HEADER;
    uint8_t bytes[SEGMENT_HEADER];
    segment_encode(&g->header, bytes);
    g->fd = open_in(s, name, O_RDWR | O_CREAT | O_EXCL);
    if (g->fd >= 0 && write_at(g->fd, bytes, sizeof bytes, 0) && (!s->durable || sync_directory(s)))
        return g;
    int reason = errno;
    if (g->fd >= 0)
        remove_in(s, name);
    segment_free(g);
    errno = reason;
    return NULL;
}

void spool_add_segment(spool *s, segment *g)
{
    if (s->last == NULL)
        s->first = g;
    else
        s->last->next = g;
    s->last = g;
    s->bytes += g->size;
}

/* Names sort by age. */
static void make_id(spool *s)
{
    snprintf(s->id, sizeof s->id, "%013" PRIx64 "-%08" PRIx32, (uint64_t)clock_now(), randombytes_random());
}

/* Whoever looks for orphans may see the new lock before it is locked, and take it: then another name is tried. */
static bool lock_new_id(spool *s)
{
    for (int i = 0; i < MOST_TRIES; i++) {
        make_id(s);
        if (spool_lock_file(s, O_CREAT | O_EXCL))
            return true;
        if (s->lock_fd < 0)
            return false;
        close(s->lock_fd);
        s->lock_fd = -1;
    }
    return false;
}

vdb_status spool_create(const spool_options *options, spool **out, vdb_error *error)
{
    spool *s = spool_allocate(options->directory);
    if (s == NULL)
        return error_memory(error);
    s->durable = options->durable;
    s->limit = options->limit;
    s->segment_size = options->limit / SEGMENTS;
    if (s->segment_size < SMALLEST_SEGMENT)
        s->segment_size = SMALLEST_SEGMENT;
    if (s->segment_size > LARGEST_SEGMENT)
        s->segment_size = LARGEST_SEGMENT;
    s->next_sequence = 1;
    bool made = mkdir(s->directory, 0700) == 0 || errno == EEXIST;
    segment *g = made && lock_new_id(s) ? segment_create(s, 1, 1) : NULL;
    if (g == NULL) {
        vdb_status status = unusable(error, s->directory);
        spool_close(s);
        return status;
    }
    write_owner(s);
    spool_add_segment(s, g);
    *out = s;
    return VDB_OK;
}

bool spool_has_room(const spool *s, size_t more)
{
    return s->bytes + more <= s->limit;
}

static vdb_status full(const spool *s, vdb_error *error)
{
    return error_set(error, VDB_UNREACHABLE, "Bring the database back, or raise the spool's limit.",
                     "the spool is full: %" PRIu64 " of %" PRIu64 " bytes wait for the database", s->bytes, s->limit);
}

static vdb_status unwritten(const spool *s, vdb_error *error)
{
    return error_system(error, cannot_write, "the spool in %s cannot be written", s->directory);
}

/*
 * Outside of the lock, under which only the record itself is written. A segment that is not marked so far is still the
 * last one: next_segment() marks it, and waits for this lock, before it can be done and freed. A mark that cannot be
 * written is not tried again: the record is there, only its loss would not be noticed.
 */
void spool_acknowledge(spool *s, const receipt *made)
{
    lock_awake(&s->mark_lock);
    if (s->marked_sequence < made->end.sequence) {
        (void)write_mark(made->segment, &made->end, SEGMENT_ACKNOWLEDGED);
        s->marked_sequence = made->end.sequence;
    }
    pthread_mutex_unlock(&s->mark_lock);
}

static bool next_segment(spool *s)
{
    segment *old = s->last;
    segment *g = segment_create(s, old->header.number + 1, s->next_sequence);
    if (g == NULL)
        return false;
    spool_acknowledge(s, &(receipt){ .segment = old, .end = old->acknowledged });
    if (s->durable && fdatasync(old->fd) != 0) {
        segment_free(g);
        return false;
    }
    old->closed = true;
    spool_add_segment(s, g);
    return true;
}

vdb_status spool_append(spool *s, buffer *record, uint32_t turn, receipt *made, vdb_error *error)
{
    if (!spool_has_room(s, record->length))
        return full(s, error);
    if (s->last->size >= s->segment_size && !next_segment(s))
        return unwritten(s, error);
    segment *g = s->last;
    const mark end = { .offset = g->size + record->length, .sequence = s->next_sequence };
    entry_seal((uint8_t *)record->data, &g->header, end.sequence, turn);
    /* What a failed write leaves is overwritten by the next one, and lies behind the mark until then. */
    if (!write_at(g->fd, record->data, record->length, g->size))
        return unwritten(s, error);
    g->acknowledged = end;
    g->size = end.offset;
    s->bytes += record->length;
    s->next_sequence++;
    *made = (receipt){ .segment = g, .end = end };
    return VDB_OK;
}

vdb_status spool_sync(spool *s, uint64_t sequence, vdb_error *error)
{
    if (!s->durable)
        return VDB_OK;
    vdb_status status = VDB_OK;
    pthread_mutex_lock(&s->sync_lock);
    if (s->synced_sequence < sequence) {
        pthread_mutex_lock(&s->mark_lock);
        uint64_t written = s->marked_sequence;
        pthread_mutex_unlock(&s->mark_lock);
        pthread_mutex_lock(&s->lock);
        int fd = dup(s->last->fd); /* the segment may be done and closed meanwhile */
        pthread_mutex_unlock(&s->lock);
        if (fd >= 0 && fdatasync(fd) == 0)
            s->synced_sequence = written;
        else
            status = unwritten(s, error);
        if (fd >= 0)
            close(fd);
    }
    pthread_mutex_unlock(&s->sync_lock);
    return status;
}

/* ---- done with it ------------------------------------------------------------------------------------------------ */

void segment_note_delivered(segment *g, const mark *m)
{
    g->delivered = *m;
    /* A record that its writer was killed behind, or is about to acknowledge: no mark is ahead of the other. */
    if (!g->damaged)
        spool_acknowledge(g->owner, &(receipt){ .segment = g, .end = *m });
    (void)write_mark(g, m, SEGMENT_DELIVERED);
}

static void set_aside(const spool *s, const segment *g, const spool_reader *r)
{
    char name[64], aside[64], line[512];
    segment_name(s, g->header.number, "spool", name);
    segment_name(s, g->header.number, "damaged", aside);
    char *from = spool_path(s->directory, name), *to = spool_path(s->directory, aside);
    if (from != NULL && to != NULL && rename(from, to) == 0) {
        snprintf(line, sizeof line, "%s is damaged; it is kept as %s", from, aside);
        r->note(r->context, line);
    }
    free(from);
    free(to);
}

/* Takes the first segment out of the spool, if it is done. */
static segment *take_done(spool *s, spool_reader *r)
{
    pthread_mutex_lock(&s->lock);
    segment *g = s->first;
    if (g != NULL && g->closed && g->read && g->outstanding == 0) {
        s->first = g->next;
        if (s->first == NULL)
            s->last = NULL;
        s->bytes -= g->size;
        if (r->at == g)
            r->at = NULL;
    } else {
        g = NULL;
    }
    pthread_mutex_unlock(&s->lock);
    return g;
}

void spool_discard(spool *s, spool_reader *r)
{
    for (segment *g; (g = take_done(s, r)) != NULL;) {
        char name[64];
        segment_name(s, g->header.number, "spool", name);
        if (g->damaged)
            set_aside(s, g, r);
        else
            remove_in(s, name);
        segment_free(g);
    }
}

/* All of it is read and done. */
static bool is_used_up(const spool *s, const spool_reader *r)
{
    return s->last != NULL && !s->last->closed && s->last == r->at && r->offset >= s->last->size &&
           s->last->outstanding == 0;
}

void spool_renew(spool *s, const spool_reader *r)
{
    pthread_mutex_lock(&s->lock);
    if (is_used_up(s, r) && s->last->size > SEGMENT_HEADER)
        (void)next_segment(s);
    pthread_mutex_unlock(&s->lock);
}

void spool_finish(spool *s, const spool_reader *r)
{
    pthread_mutex_lock(&s->lock);
    if (is_used_up(s, r) || (r->at == NULL && s->next_sequence == 1))
        s->last->closed = s->last->read = true;
    pthread_mutex_unlock(&s->lock);
}
