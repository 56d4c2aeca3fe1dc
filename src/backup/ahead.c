#include "backup/ahead.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { PIECES = 8 };

typedef struct piece {
    char *text;
    size_t length, room;
    int64_t position;
    vdb_status status;
    vdb_error error;
} piece;

/* A ring: the thread fills the piece after the last one, whoever reads holds the first. */
struct ahead {
    container_reader *reader;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t first, count;
    bool held;     /* the first piece is being read */
    bool given_up; /* nobody will read on */
    piece pieces[PIECES];
};

static void fill(container_reader *r, piece *p)
{
    const char *text;
    p->status = container_read(r, &text, &p->length, &p->error);
    if (p->status != VDB_OK)
        return;
    p->position = container_position(r);
    if (p->length > p->room) {
        char *more = realloc(p->text, p->length);
        if (more == NULL) {
            p->status = error_memory(&p->error);
            return;
        }
        p->text = more;
        p->room = p->length;
    }
    if (p->length > 0)
        memcpy(p->text, text, p->length);
}

static piece *wait_for_room(ahead *h)
{
    pthread_mutex_lock(&h->lock);
    while (h->count == PIECES && !h->given_up)
        pthread_cond_wait(&h->changed, &h->lock);
    piece *p = h->given_up ? NULL : &h->pieces[(h->first + h->count) % PIECES];
    pthread_mutex_unlock(&h->lock);
    return p;
}

static void *read_all(void *context)
{
    ahead *h = context;
    for (piece *p; (p = wait_for_room(h)) != NULL;) {
        fill(h->reader, p);
        bool last = p->status != VDB_OK || p->length == 0;
        pthread_mutex_lock(&h->lock);
        h->count++;
        pthread_cond_signal(&h->changed);
        pthread_mutex_unlock(&h->lock);
        if (last)
            break;
    }
    return NULL;
}

static void release(ahead *h)
{
    for (size_t i = 0; i < PIECES; i++)
        free(h->pieces[i].text);
    pthread_cond_destroy(&h->changed);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

vdb_status ahead_begin(container_reader *r, ahead **h, vdb_error *error)
{
    ahead *new = calloc(1, sizeof *new);
    if (new == NULL)
        return error_memory(error);
    new->reader = r;
    pthread_mutex_init(&new->lock, NULL);
    pthread_cond_init(&new->changed, NULL);
    if (pthread_create(&new->thread, NULL, read_all, new) != 0) {
        release(new);
        return error_set(error, VDB_DEFECT, "Raise the limit on processes (`ulimit -u`).",
                         "a thread cannot be started");
    }
    *h = new;
    return VDB_OK;
}

vdb_status ahead_read(ahead *h, const char **text, size_t *length, int64_t *position, vdb_error *error)
{
    pthread_mutex_lock(&h->lock);
    if (h->held) {
        h->first = (h->first + 1) % PIECES;
        h->count--;
        pthread_cond_signal(&h->changed);
    }
    while (h->count == 0)
        pthread_cond_wait(&h->changed, &h->lock);
    h->held = true;
    const piece *p = &h->pieces[h->first];
    pthread_mutex_unlock(&h->lock);
    if (p->status != VDB_OK) {
        if (error != NULL)
            *error = p->error;
        return p->status;
    }
    *text = p->text;
    *length = p->length;
    *position = p->position;
    return VDB_OK;
}

void ahead_end(ahead *h)
{
    pthread_mutex_lock(&h->lock);
    h->given_up = true;
    pthread_cond_signal(&h->changed);
    pthread_mutex_unlock(&h->lock);
    pthread_join(h->thread, NULL);
    release(h);
}
