/* Reading a spool: what is whole and in its place is handed out; all else is told, and its file will be kept. */
#include "calls/spool.h"

#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 1 << 18 };

static const char cannot_read[] = "Check the directory's owner and mode.";

/* ---- the files of an orphan -------------------------------------------------------------------------------------- */

static void tell(spool_note note, void *context, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void tell(spool_note note, void *context, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    note(context, line);
}

/* Marks that are damaged are taken for the widest: everything is acknowledged, nothing is delivered. */
static void read_marks(segment *g, const uint8_t *bytes)
{
    if (!mark_decode(&g->header, bytes + SEGMENT_ACKNOWLEDGED, &g->acknowledged)) {
        g->damaged = true;
        g->acknowledged = (mark){ .offset = g->size, .sequence = g->header.first_sequence - 1 };
    }
    if (!mark_decode(&g->header, bytes + SEGMENT_DELIVERED, &g->delivered) ||
        g->delivered.offset > g->acknowledged.offset) {
        g->damaged = true;
        g->delivered = (mark){ .offset = SEGMENT_HEADER, .sequence = g->header.first_sequence - 1 };
    }
}

static segment *segment_open(spool *s, const char *path)
{
    segment *g = calloc(1, sizeof *g);
    if (g == NULL)
        return NULL;
    uint8_t bytes[SEGMENT_HEADER];
    struct stat info;
    g->owner = s;
    g->closed = true;
    g->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (g->fd >= 0 && fstat(g->fd, &info) == 0 && S_ISREG(info.st_mode) &&
        pread(g->fd, bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes && segment_decode(bytes, &g->header)) {
        g->size = (uint64_t)info.st_size;
        read_marks(g, bytes);
        return g;
    }
    if (g->fd >= 0)
        close(g->fd);
    free(g);
    return NULL;
}

static void keep_unreadable(const char *path, spool_note note, void *context)
{
    char *aside = NULL;
    if (asprintf(&aside, "%.*s.damaged", (int)(strlen(path) - strlen(".spool")), path) < 0)
        return;
    if (rename(path, aside) == 0)
        tell(note, context, "%s is no spool that can be read; it is kept as %s", path, aside);
    free(aside);
}

static int is_segment_name(const struct dirent *file)
{
    return text_ends_with(file->d_name, ".spool");
}

static int is_lock_name(const struct dirent *file)
{
    return text_ends_with(file->d_name, ".lock");
}

static bool is_of(const spool *s, const char *name)
{
    size_t length = strlen(s->id);
    return strncmp(name, s->id, length) == 0 && name[length] == '-';
}

static void take_segment(spool *s, const char *name, spool_note note, void *context)
{
    char *path = spool_path(s->directory, name);
    segment *g = path == NULL ? NULL : segment_open(s, path);
    if (g == NULL && path != NULL)
        keep_unreadable(path, note, context);
    free(path);
    if (g == NULL)
        return;
    spool_add_segment(s, g);
    s->marked_sequence = g->acknowledged.sequence;
}

static vdb_status take_segments(spool *s, spool_note note, void *context, vdb_error *error)
{
    struct dirent **names;
    int count = scandir(s->directory, &names, is_segment_name, alphasort);
    if (count < 0)
        return error_system(error, cannot_read, "the spool directory %s cannot be read", s->directory);
    for (int i = 0; i < count; i++) {
        if (is_of(s, names[i]->d_name))
            take_segment(s, names[i]->d_name, note, context);
        free(names[i]);
    }
    free(names);
    return VDB_OK;
}

/* NULL: its log is alive, or it is no orphan's lock. */
static spool *try_lock(const char *directory, const char *name)
{
    spool *s = spool_allocate(directory);
    size_t length = strlen(name) - strlen(".lock");
    if (s == NULL || length >= sizeof s->id) {
        spool_release(s);
        return NULL;
    }
    memcpy(s->id, name, length);
    if (spool_lock_file(s, 0))
        return s;
    spool_release(s);
    return NULL;
}

vdb_status spool_adopt(const char *directory, spool_note note, void *context, spool **out, vdb_error *error)
{
    struct dirent **names;
    int count = scandir(directory, &names, is_lock_name, alphasort);
    if (count < 0)
        return errno == ENOENT ? (*out = NULL, VDB_OK)
                               : error_system(error, cannot_read, "the spool directory %s cannot be read", directory);
    spool *found = NULL;
    for (int i = 0; i < count; i++) {
        if (found == NULL)
            found = try_lock(directory, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    vdb_status status = found == NULL ? VDB_OK : take_segments(found, note, context, error);
    if (status != VDB_OK) {
        spool_release(found);
        return status;
    }
    *out = found;
    return VDB_OK;
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

void spool_reader_begin(spool_reader *r, spool *s, spool_note note, void *context)
{
    *r = (spool_reader){ .spool = s, .note = note, .context = context };
    buffer_init(&r->block, BLOCK + LARGEST_PAYLOAD + RECORD_HEADER);
}

void spool_reader_end(spool_reader *r)
{
    buffer_free(&r->block);
}

/* Bytes at `offset`, at least `wanted` of them if the file has so many before `end`. NULL: it cannot be read. */
static const uint8_t *look(spool_reader *r, uint64_t offset, size_t wanted, uint64_t end, size_t *available)
{
    uint64_t have = r->block_offset + r->block.length;
    if (offset < r->block_offset || offset + wanted > have) {
        size_t size = wanted > BLOCK ? wanted : BLOCK;
        if (size > end - offset)
            size = (size_t)(end - offset);
        buffer_reset(&r->block);
        r->block_offset = offset;
        char *room = buffer_extend(&r->block, size);
        ssize_t got;
        do
            got = room == NULL ? -1 : pread(r->at->fd, room, size, (off_t)offset);
        while (got < 0 && errno == EINTR);
        if (got < 0)
            return NULL;
        r->block.length = (size_t)got;
        have = offset + (uint64_t)got;
    }
    *available = (size_t)((have < end ? have : end) - offset);
    return (const uint8_t *)r->block.data + (offset - r->block_offset);
}

static void damage(spool_reader *r, uint64_t first, uint64_t last, const char *what)
{
    char records[64];
    if (first == last)
        snprintf(records, sizeof records, "record %" PRIu64, first);
    else
        snprintf(records, sizeof records, "records %" PRIu64 " to %" PRIu64, first, last);
    tell(r->note, r->context, "%s of %s-%06" PRIu32 ".spool %s", records, r->spool->id, r->at->header.number, what);
    r->at->damaged = true;
    r->damages++;
}

/* The first whole record from `offset` on; `end` when there is none. */
static uint64_t find_record(spool_reader *r, uint64_t offset, uint64_t end)
{
    for (; offset < end; offset++) {
        size_t available, length, wanted = RECORD_HEADER;
        const uint8_t *bytes = look(r, offset, wanted, end, &available);
        if (bytes == NULL || available == 0)
            return end;
        record_state state = record_check(&r->at->header, bytes, available, &length);
        if (state == RECORD_SHORT && length > available && offset + length <= end) {
            bytes = look(r, offset, length, end, &available);
            state = bytes == NULL ? RECORD_BAD : record_check(&r->at->header, bytes, available, &length);
        }
        if (state == RECORD_WHOLE)
            return offset;
    }
    return end;
}

/* The record at the reader's place, whole or not. */
static record_state look_at_record(spool_reader *r, uint64_t end, const uint8_t **record, size_t *length, bool *failed)
{
    size_t available, wanted = RECORD_HEADER;
    record_state state = RECORD_SHORT;
    for (int i = 0; i < 2 && state == RECORD_SHORT; i++) {
        *record = look(r, r->offset, wanted, end, &available);
        *failed = *record == NULL;
        if (*failed)
            return RECORD_BAD;
        state = record_check(&r->at->header, *record, available, length);
        wanted = *length;
    }
    return state;
}

/* A segment is over. What was acknowledged and is not there is missed now. */
static void end_segment(spool_reader *r)
{
    if (r->next_sequence <= r->at->acknowledged.sequence)
        damage(r, r->next_sequence, r->at->acknowledged.sequence, "are missing: the file was cut off");
    r->next_sequence =
        r->at->acknowledged.sequence + 1 > r->next_sequence ? r->at->acknowledged.sequence + 1 : r->next_sequence;
    r->at->read = true;
}

static void begin_segment(spool_reader *r, segment *g)
{
    r->at = g;
    r->offset = g->delivered.offset;
    r->block_offset = 0;
    buffer_reset(&r->block);
    if (r->begun && g->header.first_sequence > r->next_sequence)
        damage(r, r->next_sequence, g->header.first_sequence - 1, "are missing: a file in front of it is gone");
    r->next_sequence = g->delivered.sequence + 1;
    r->begun = true;
}

/* Goes to the segment that is to be read now; false: there is nothing more. `end`: how far it can be read. */
static bool find_segment(spool_reader *r, uint64_t *end)
{
    pthread_mutex_lock(&r->spool->lock);
    if (r->at == NULL && r->spool->first != NULL)
        begin_segment(r, r->spool->first);
    while (r->at != NULL && r->offset >= r->at->size && r->at->closed && !r->at->read)
        end_segment(r);
    while (r->at != NULL && r->at->read && r->at->next != NULL) {
        begin_segment(r, r->at->next);
        if (r->offset >= r->at->size && r->at->closed)
            end_segment(r);
    }
    bool more = r->at != NULL && !r->at->read && r->offset < r->at->size;
    *end = more ? r->at->size : 0;
    pthread_mutex_unlock(&r->spool->lock);
    return more;
}

/* Steps over what is no record. */
static void skip_damage(spool_reader *r, uint64_t end)
{
    uint64_t next = find_record(r, r->offset + 1, end);
    size_t available;
    const uint8_t *bytes = next < end ? look(r, next, RECORD_HEADER, end, &available) : NULL;
    pthread_mutex_lock(&r->spool->lock);
    if (r->offset < r->at->acknowledged.offset) {
        uint64_t last = bytes != NULL ? record_sequence(bytes) - 1 : r->at->acknowledged.sequence;
        damage(r, r->next_sequence, last < r->next_sequence ? r->next_sequence : last,
               "cannot be read: the checksum is wrong");
        r->next_sequence = last < r->next_sequence ? r->next_sequence + 1 : last + 1;
    }
    r->offset = next;
    pthread_mutex_unlock(&r->spool->lock);
}

spool_read spool_read_next(spool_reader *r, const uint8_t **record, size_t *length, segment **from, mark *end,
                           vdb_error *error)
{
    uint64_t limit;
    while (find_segment(r, &limit)) {
        bool failed;
        record_state state = look_at_record(r, limit, record, length, &failed);
        if (failed) {
            error_set(error, VDB_BAD_INPUT, "Check the disk.", "the spool in %s cannot be read", r->spool->directory);
            return SPOOL_FAILED;
        }
        if (state != RECORD_WHOLE) {
            skip_damage(r, limit);
            continue;
        }
        uint64_t sequence = record_sequence(*record);
        pthread_mutex_lock(&r->spool->lock);
        if (sequence > r->next_sequence)
            damage(r, r->next_sequence, sequence - 1, "are missing");
        r->offset += *length;
        bool again = sequence < r->next_sequence;
        if (again)
            damage(r, sequence, sequence, "is there again");
        else
            r->next_sequence = sequence + 1;
        r->at->outstanding += !again;
        pthread_mutex_unlock(&r->spool->lock);
        *from = r->at;
        *end = (mark){ .offset = r->offset, .sequence = sequence };
        if (!again)
            return SPOOL_RECORD;
    }
    return SPOOL_END;
}

void spool_unread(spool_reader *r, size_t length)
{
    pthread_mutex_lock(&r->spool->lock);
    r->offset -= length;
    r->next_sequence--;
    r->at->outstanding--;
    pthread_mutex_unlock(&r->spool->lock);
}
