/*
 * The spool: what a process has acknowledged and the database does not have yet, as files in a directory.
 *
 * Each log has a spool of its own there: ID.lock, which it holds locked for as long as it lives, and segments
 * ID-000001.spool, ID-000002.spool, … It appends to the last one and removes those that are delivered. A spool whose
 * lock is free is an orphan: whoever locks it may deliver it. What is damaged is renamed to ….damaged and stays.
 */
#ifndef VDB_CALLS_SPOOL_H
#define VDB_CALLS_SPOOL_H

#include "base/error.h"
#include "calls/format.h"

#include <pthread.h>

typedef struct spool spool;
typedef struct spool_reader spool_reader;

typedef struct segment {
    struct segment *next;
    spool *owner;
    int fd;
    segment_header header;
    mark acknowledged;
    mark delivered;
    uint64_t size;      /* bytes of the file */
    size_t outstanding; /* records that were read and are not done */
    bool closed;        /* nothing is appended any more */
    bool read;          /* all of it */
    bool damaged;       /* to be kept aside */
} segment;

struct spool {
    pthread_mutex_t lock; /* guards all below, and what its user keeps in step with the order of records */
    char *directory;
    char id[33];
    int lock_fd;
    bool durable; /* against a loss of power, not only of the process */
    uint64_t limit, segment_size;
    uint64_t bytes; /* of all its segments */
    uint64_t next_sequence;
    segment *first, *last;     /* the last one is appended to, unless the spool was adopted */
    pthread_mutex_t mark_lock; /* taken alone, or behind `lock` */
    uint64_t marked_sequence;  /* guarded by mark_lock: all up to here are acknowledged in their segments' headers */
    pthread_mutex_t sync_lock;
    uint64_t synced_sequence; /* guarded by sync_lock */
};

typedef struct spool_options {
    const char *directory;
    uint64_t limit; /* bytes on disk */
    bool durable;
} spool_options;

/* A new spool with an empty segment. The directory is made if its parent exists. */
vdb_status spool_create(const spool_options *options, spool **s, vdb_error *error);

/*
 * Takes an orphan of the directory, the oldest first; `*s` is NULL when there is none. A file that is no segment is
 * set aside and told to `note`.
 */
typedef void (*spool_note)(void *context, const char *line);
vdb_status spool_adopt(const char *directory, spool_note note, void *context, spool **s, vdb_error *error);

/* For spool_adopt(): an empty one; its lock file opened and locked; released as it is. */
spool *spool_allocate(const char *directory);
bool spool_lock_file(spool *s, int flags);
void spool_add_segment(spool *s, segment *g);
void spool_release(spool *s);

/* Releases memory and lock; files that are not done stay, those of an empty spool go. NULL is allowed. */
void spool_close(spool *s);

/* Takes the lock, for a caller who is in a hurry. */
void spool_lock(spool *s);

/* Where an appended record is. Zeroed: nothing was appended. */
typedef struct receipt {
    segment *segment;
    mark end;
} receipt;

/*
 * Appends a record that entry_encode() has made. The lock is held by the caller. When this returns, the record outlives
 * the process. VDB_UNREACHABLE: the spool is full; VDB_BAD_INPUT: it cannot be written.
 */
vdb_status spool_append(spool *s, buffer *record, uint32_t turn, receipt *made, vdb_error *error);
/* Comes before a caller is told that the record is there: notes it, so that it is missed when it is gone. Without the
 * lock. */
void spool_acknowledge(spool *s, const receipt *made);
/* In a durable spool: waits until the record is on the disk. Without the lock. */
vdb_status spool_sync(spool *s, uint64_t sequence, vdb_error *error);

/* Room for `more` bytes? */
bool spool_has_room(const spool *s, size_t more);

/* Writes down how far a segment is delivered. A mark that gets lost costs only that records are sent again. */
void segment_note_delivered(segment *g, const mark *m);
/* Removes what is read and done, or sets it aside. `r` reads the spool, in this thread. */
void spool_discard(spool *s, spool_reader *r);
/* When all is delivered: begins a new segment, so that delivered texts do not stay on the disk. Without the lock. */
void spool_renew(spool *s, const spool_reader *r);
/* When all is delivered and nothing more comes: lets the last segment go too. Without the lock. */
void spool_finish(spool *s, const spool_reader *r);

char *spool_path(const char *directory, const char *name); /* to free(); NULL: memory ran out */

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* A reader of one spool, by one thread. Zeroed but for `spool` at first; buffer_init() its buffer. */
struct spool_reader {
    spool *spool;
    segment *at; /* NULL: before the first that is there */
    bool begun;  /* next_sequence is known */
    uint64_t offset;
    uint64_t next_sequence;
    buffer block;
    uint64_t block_offset;
    spool_note note;
    void *context;
    size_t damages;
};

void spool_reader_begin(spool_reader *r, spool *s, spool_note note, void *context);
void spool_reader_end(spool_reader *r);

typedef enum spool_read { SPOOL_RECORD, SPOOL_END, SPOOL_FAILED } spool_read;

/*
 * The next record that is whole and in its place: `record` lives until the next call. Its segment counts it as
 * outstanding. SPOOL_END: there is none now; in a spool that is appended to there may be later.
 */
spool_read spool_read_next(spool_reader *r, const uint8_t **record, size_t *length, segment **from, mark *end,
                           vdb_error *error);
/* Takes back the record that was read last: it will be read again. */
void spool_unread(spool_reader *r, size_t length);

#endif
