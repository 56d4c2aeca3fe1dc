/* One connection of the writer, with a thread and a queue of its own. */
#ifndef VDB_CALLS_SENDER_H
#define VDB_CALLS_SENDER_H

#include "calls/batch.h"
#include "calls/spool.h"

#include <pthread.h>
#include <stdatomic.h>

/* A record on its way: in the order of all, and in its sender's queue. */
typedef struct item {
    struct item *next_of_all, *next;
    segment *from;
    mark end;
    atomic_bool done;
    size_t length;
    entry entry; /* its fields point into `record` */
    batch_item state;
    uint8_t record[];
} item;

typedef struct sender_queue {
    item *first, *last;
    size_t count;
} sender_queue;

/* What all senders of a writer share. */
typedef struct sending {
    pthread_mutex_t lock;   /* guards the queues and all below */
    pthread_cond_t changed; /* something is done */
    connection_options database;
    const char *directory; /* for what is refused */
    bool durable;
    bool stop;
    uint64_t stored, refused;
    int connected;
    vdb_error last;
    spool_note note;
    void *context;
} sending;

typedef struct sender {
    sending *shared;
    pthread_t thread;
    pthread_cond_t work;
    sender_queue queue;
    connection *connection;
    int pause_ms; /* of the next try after a failure */
} sender;

bool sender_start(sender *s, sending *shared);
/* Adds an item. With the lock. */
void sender_add(sender *s, item *i);
/* After `stop` was set and `work` was signalled. */
void sender_join(sender *s);

#endif
