#include "calls/writer.h"

#include "base/clock.h"
#include "calls/sender.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_SENDERS = 32,
    WINDOW_ITEMS = 4000, /* read and not done */
    WINDOW_BYTES = 16 << 20,
    NAP_MS = 2, /* between looks while something goes on: what comes together meanwhile is one transaction */
    LONG_NAP_MS = 1000,
    AWAKE_MS = 200,
    DEEP_SLEEP_MS = 10000,
    DEFAULT_STATEMENT_MS = 30000
};

/* A spool that is read: the log's own, or an orphan. */
typedef struct source {
    struct source *next;
    spool *spool;
    spool_reader reader;
} source;

struct writer {
    sending shared;
    pthread_t thread;
    pthread_cond_t wake;
    atomic_bool asleep;
    char *conninfo;
    conversations *conversations;
    int sender_count;
    sender senders[MOST_SENDERS];
    /* Of the reading thread alone, but for `told`. */
    source *sources; /* orphans in the order of their age, then the own one */
    source own;
    item *first, *last;
    size_t in_flight, bytes_in_flight;
    bool reading_failed;
    uint64_t adopted, damaged, done_sequence;
    writer_state told; /* as of the last look; guarded by the lock */
    spool_note note;
    void *context;
    pthread_mutex_t notes_lock;
    char *notes; /* lines to tell; NULL: none */
};

static void no_note(void *context, const char *line)
{
    (void)context;
    (void)line;
}

/* Notes are taken under locks and told without any: whoever is told may ask the log for its state. */
static void take_note(void *context, const char *line)
{
    writer *w = context;
    char *joined;
    pthread_mutex_lock(&w->notes_lock);
    if (asprintf(&joined, "%s%s\n", w->notes == NULL ? "" : w->notes, line) >= 0) {
        free(w->notes);
        w->notes = joined;
    }
    pthread_mutex_unlock(&w->notes_lock);
}

static void tell_notes(writer *w)
{
    pthread_mutex_lock(&w->notes_lock);
    char *notes = w->notes, *rest = notes;
    w->notes = NULL;
    pthread_mutex_unlock(&w->notes_lock);
    for (char *line; rest != NULL && (line = strsep(&rest, "\n")) != NULL;) {
        if (*line != '\0')
            w->note(w->context, line);
    }
    free(notes);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static void free_item(item *i)
{
    free(i->state.reason);
    free(i);
}

static void add_in_flight(writer *w, item *i)
{
    if (w->last == NULL)
        w->first = i;
    else
        w->last->next_of_all = i;
    w->last = i;
    w->in_flight++;
    w->bytes_in_flight += i->length;
}

static sender *sender_of(writer *w, const entry *e)
{
    uint32_t part;
    memcpy(&part, e->conversation.bytes + 12, sizeof part);
    return &w->senders[part % (unsigned)w->sender_count];
}

/* A record with right checksums that cannot be stored was made by another version, or by nobody good. */
static void check_item(writer *w, item *i)
{
    vdb_error error;
    if (record_decode_entry(i->record, i->length, &i->entry)) {
        if (entry_validate(&i->entry, &error) != VDB_OK)
            batch_refuse(&i->state, &error);
        return;
    }
    pthread_mutex_lock(&i->from->owner->lock);
    i->from->damaged = true;
    pthread_mutex_unlock(&i->from->owner->lock);
    atomic_store(&i->done, true);
    w->damaged++;
}

static bool make_item(writer *w, const uint8_t *record, size_t length, segment *from, const mark *end)
{
    item *i = calloc(1, sizeof *i + length);
    if (i == NULL)
        return false;
    memcpy(i->record, record, length);
    i->length = length;
    i->from = from;
    i->end = *end;
    i->state.entry = &i->entry;
    check_item(w, i);
    add_in_flight(w, i);
    if (atomic_load(&i->done))
        return true;
    pthread_mutex_lock(&w->shared.lock);
    sender_add(sender_of(w, &i->entry), i);
    pthread_mutex_unlock(&w->shared.lock);
    return true;
}

static bool has_room(const writer *w)
{
    return w->in_flight < WINDOW_ITEMS && w->bytes_in_flight < WINDOW_BYTES;
}

/* How many records were read. */
static size_t read_source(writer *w, source *s)
{
    size_t count = 0;
    while (has_room(w)) {
        const uint8_t *record;
        size_t length;
        segment *from;
        mark end;
        vdb_error error;
        spool_read found = spool_read_next(&s->reader, &record, &length, &from, &end, &error);
        w->reading_failed = found == SPOOL_FAILED;
        if (found == SPOOL_FAILED) {
            pthread_mutex_lock(&w->shared.lock);
            w->shared.last = error;
            pthread_mutex_unlock(&w->shared.lock);
        }
        if (found != SPOOL_RECORD)
            return count;
        if (!make_item(w, record, length, from, &end)) {
            spool_unread(&s->reader, length);
            return count;
        }
        count++;
    }
    return count;
}

/* ---- what is done ------------------------------------------------------------------------------------------------ */

/* In the order of all: a segment is delivered up to the first record that is not done. */
static size_t collect_done(writer *w)
{
    size_t count = 0;
    while (w->first != NULL && atomic_load(&w->first->done)) {
        item *i = w->first;
        segment *g = i->from;
        w->first = i->next_of_all;
        if (w->first == NULL)
            w->last = NULL;
        w->in_flight--;
        w->bytes_in_flight -= i->length;
        pthread_mutex_lock(&g->owner->lock);
        g->outstanding--;
        if (w->first == NULL || w->first->from != g || !atomic_load(&w->first->done))
            segment_note_delivered(g, &i->end);
        pthread_mutex_unlock(&g->owner->lock);
        if (g->owner == w->own.spool)
            w->done_sequence = i->end.sequence;
        free_item(i);
        count++;
    }
    return count;
}

static void remove_done_orphans(writer *w)
{
    for (source **link = &w->sources; *link != &w->own;) {
        source *s = *link;
        spool_discard(s->spool, &s->reader);
        if (s->spool->first != NULL) {
            link = &s->next;
            continue;
        }
        *link = s->next;
        w->damaged += s->reader.damages;
        spool_reader_end(&s->reader);
        spool_close(s->spool);
        free(s);
    }
}

static void adopt_orphans(writer *w)
{
    spool *orphan = NULL;
    while (spool_adopt(w->own.spool->directory, take_note, w, &orphan, NULL) == VDB_OK && orphan != NULL) {
        source *s = calloc(1, sizeof *s);
        if (s == NULL) {
            spool_release(orphan);
            return;
        }
        s->spool = orphan;
        spool_reader_begin(&s->reader, orphan, take_note, w);
        source **link = &w->sources;
        while (*link != &w->own)
            link = &(*link)->next;
        s->next = *link;
        *link = s;
        w->adopted++;
    }
}

static uint64_t waiting_in(const spool *s)
{
    uint64_t count = 0;
    for (const segment *g = s->first; g != NULL; g = g->next)
        count += g->acknowledged.sequence - g->delivered.sequence;
    return count;
}

/* For those who look. */
static void tell_state(writer *w)
{
    uint64_t orphans = 0, bytes = 0, records = 0, damaged = w->own.reader.damages;
    for (source *s = w->sources; s != &w->own; s = s->next) {
        orphans++;
        bytes += s->spool->bytes;
        records += waiting_in(s->spool);
        damaged += s->reader.damages;
    }
    /* Of records that were lost none is done. */
    if (w->first == NULL && orphans == 0 && w->own.reader.begun)
        w->done_sequence = w->own.reader.next_sequence - 1;
    w->told = (writer_state){
        .damaged = w->damaged + damaged,
        .adopted = w->adopted,
        .orphans = orphans,
        .orphan_bytes = bytes,
        .orphan_records = records,
        .delivered_sequence = w->done_sequence,
    };
}

/* ---- the reading thread ------------------------------------------------------------------------------------------ */

static bool has_unread(writer *w)
{
    spool *s = w->own.spool;
    pthread_mutex_lock(&s->lock);
    bool unread = s->next_sequence > (w->own.reader.next_sequence == 0 ? 1 : w->own.reader.next_sequence);
    pthread_mutex_unlock(&s->lock);
    return unread;
}

static void sleep_with_lock(writer *w, int ms)
{
    struct timespec until = clock_after_ms(ms);
    pthread_cond_timedwait(&w->wake, &w->shared.lock, &until);
}

/* One look at everything; true when there was something to do. */
static bool look(writer *w)
{
    size_t count = collect_done(w);
    remove_done_orphans(w);
    for (source *s = w->sources; s != NULL; s = s->next) {
        count += read_source(w, s);
        /* What comes behind an orphan may go on with its conversations. */
        if (!has_room(w))
            break;
    }
    spool_discard(w->own.spool, &w->own.reader);
    pthread_mutex_lock(&w->shared.lock);
    tell_state(w);
    pthread_cond_broadcast(&w->shared.changed);
    pthread_mutex_unlock(&w->shared.lock);
    return count > 0 || w->in_flight > 0;
}

static void *work(void *context)
{
    writer *w = context;
    double busy_at = clock_ms(), adopted_at = busy_at;
    for (bool stop = false; !stop;) {
        double now = clock_ms();
        if (now - adopted_at >= DEEP_SLEEP_MS) {
            adopt_orphans(w);
            adopted_at = now;
            pthread_mutex_lock(&w->own.spool->lock);
            conversations_forget_old(w->conversations, clock_now());
            pthread_mutex_unlock(&w->own.spool->lock);
        }
        if (look(w))
            busy_at = now;
        tell_notes(w);
        bool idle = now - busy_at > AWAKE_MS;
        if (idle)
            spool_renew(w->own.spool, &w->own.reader);
        pthread_mutex_lock(&w->shared.lock);
        atomic_store(&w->asleep, idle);
        stop = w->shared.stop;
        if (!stop && (!idle || !has_unread(w)))
            sleep_with_lock(w, idle ? DEEP_SLEEP_MS : NAP_MS);
        else if (!stop && w->reading_failed)
            sleep_with_lock(w, LONG_NAP_MS);
        if (idle)
            busy_at = clock_ms();
        atomic_store(&w->asleep, false);
        pthread_mutex_unlock(&w->shared.lock);
    }
    return NULL;
}

/* ---- starting and ending ----------------------------------------------------------------------------------------- */

static int between(int value, int standard, int most)
{
    value = value <= 0 ? standard : value;
    return value > most ? most : value;
}

static writer *allocate(const writer_options *options, spool *own, conversations *all)
{
    writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->conninfo = options->database->conninfo == NULL ? NULL : strdup(options->database->conninfo);
    w->conversations = all;
    w->note = options->note == NULL ? no_note : options->note;
    w->context = options->context;
    w->own.spool = own;
    w->sources = &w->own;
    spool_reader_begin(&w->own.reader, own, take_note, w);
    w->shared = (sending){
        .database = { .conninfo = w->conninfo,
                      .statement_timeout_ms =
                          between(options->database->statement_timeout_ms, DEFAULT_STATEMENT_MS, INT32_MAX),
                      .no_prepared = options->database->no_prepared },
        .directory = own->directory,
        .durable = own->durable,
        .note = take_note,
        .context = w,
    };
    pthread_mutex_init(&w->shared.lock, NULL);
    pthread_mutex_init(&w->notes_lock, NULL);
    clock_condition_init(&w->shared.changed);
    clock_condition_init(&w->wake);
    return w;
}

static void release(writer *w)
{
    for (source *s = w->sources; s != &w->own;) {
        source *next = s->next;
        spool_reader_end(&s->reader);
        spool_close(s->spool);
        free(s);
        s = next;
    }
    for (item *i = w->first, *next; i != NULL; i = next) {
        next = i->next_of_all;
        free_item(i);
    }
    spool_reader_end(&w->own.reader);
    pthread_cond_destroy(&w->wake);
    pthread_cond_destroy(&w->shared.changed);
    pthread_mutex_destroy(&w->shared.lock);
    pthread_mutex_destroy(&w->notes_lock);
    free(w->notes);
    free(w->conninfo);
    free(w);
}

static void end_senders(writer *w)
{
    pthread_mutex_lock(&w->shared.lock);
    w->shared.stop = true;
    for (int i = 0; i < w->sender_count; i++)
        pthread_cond_broadcast(&w->senders[i].work);
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->shared.lock);
    for (int i = 0; i < w->sender_count; i++)
        sender_join(&w->senders[i]);
}

vdb_status writer_start(const writer_options *options, spool *own, conversations *all, writer **out, vdb_error *error)
{
    writer *w = allocate(options, own, all);
    if (w == NULL)
        return error_memory(error);
    int wanted = between(options->senders, 4, MOST_SENDERS);
    while (w->sender_count < wanted && sender_start(&w->senders[w->sender_count], &w->shared))
        w->sender_count++;
    adopt_orphans(w);
    tell_state(w);
    if (w->sender_count < wanted || pthread_create(&w->thread, NULL, work, w) != 0) {
        end_senders(w);
        release(w);
        return error_set(error, VDB_DEFECT, "Allow the process more threads.", "a thread cannot be started");
    }
    *out = w;
    return VDB_OK;
}

void writer_stop(writer *w)
{
    end_senders(w);
    pthread_join(w->thread, NULL);
    collect_done(w);
    remove_done_orphans(w);
    spool_finish(w->own.spool, &w->own.reader);
    spool_discard(w->own.spool, &w->own.reader);
    tell_notes(w);
    release(w);
}

/* ---- for the log ------------------------------------------------------------------------------------------------- */

void writer_wake(writer *w)
{
    if (!atomic_load(&w->asleep))
        return;
    pthread_mutex_lock(&w->shared.lock);
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->shared.lock);
}

static bool all_done(writer *w, uint64_t sequence)
{
    return w->told.delivered_sequence >= sequence && w->told.orphans == 0;
}

vdb_status writer_flush(writer *w, int timeout_ms, vdb_error *error)
{
    pthread_mutex_lock(&w->own.spool->lock);
    uint64_t sequence = w->own.spool->next_sequence - 1;
    pthread_mutex_unlock(&w->own.spool->lock);
    struct timespec until = clock_after_ms(timeout_ms);
    int waited = 0;
    pthread_mutex_lock(&w->shared.lock);
    pthread_cond_signal(&w->wake);
    while (!all_done(w, sequence) && waited == 0)
        waited = pthread_cond_timedwait(&w->shared.changed, &w->shared.lock, &until);
    bool done = all_done(w, sequence);
    uint64_t left = w->told.delivered_sequence < sequence ? sequence - w->told.delivered_sequence : 0;
    left += w->told.orphan_records;
    vdb_error last = w->shared.last;
    pthread_mutex_unlock(&w->shared.lock);
    if (done)
        return VDB_OK;
    error_set(error, VDB_UNREACHABLE, "Wait for it, or look into the log's status.",
              "%llu records are not in the database after %d ms", (unsigned long long)left, timeout_ms);
    if (last.status != VDB_OK)
        error_detail(error, "%s: %s", last.message, last.detail);
    return VDB_UNREACHABLE;
}

void writer_look(writer *w, writer_state *state)
{
    pthread_mutex_lock(&w->shared.lock);
    *state = w->told;
    state->stored = w->shared.stored;
    state->refused = w->shared.refused;
    state->connected = w->shared.connected;
    state->last = w->shared.last;
    pthread_mutex_unlock(&w->shared.lock);
}
