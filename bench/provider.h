/* An embedding service on 127.0.0.1 that takes 50 ms for a batch, one batch at a time. */
#ifndef VDB_BENCH_PROVIDER_H
#define VDB_BENCH_PROVIDER_H

enum { PROVIDER_BATCH = 64, PROVIDER_BATCH_MS = 50 };

/* Starts it in threads of this process; it ends with it. Returns its port. */
int provider_start(void);
/* Batches answered so far. */
long provider_batches(void);

#endif
