/* A receiver of webhooks on 127.0.0.1, in a thread of its own: answers every POST with 200, as fast as it can. */
#ifndef VDB_BENCH_RECEIVER_H
#define VDB_BENCH_RECEIVER_H

typedef struct receiver receiver;

/* Listens on a free port. Ends the program when it cannot. */
receiver *receiver_start(int *port);
/* How many requests it has answered. */
long receiver_count(const receiver *r);
void receiver_stop(receiver *r);

#endif
