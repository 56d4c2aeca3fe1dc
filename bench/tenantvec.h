/* The parts of bench-tenantvec: each prints what it found and notes what is held against a target. */
#ifndef VDB_BENCH_TENANTVEC_H
#define VDB_BENCH_TENANTVEC_H

#include "limit.h"
#include "sets.h"

extern bool quick;

#define TENANTVEC_INDEX "idx_chunks_embedding_tenantvec"
#define HNSW_INDEX "idx_bench_hnsw"
extern const char create_tenantvec[], create_hnsw[];

/* Two-stage search as voicedb does it, and with the fewest candidates that give nearly the same recall here. */
enum { CANDIDATES = 400, FEW_CANDIDATES = 100 };

/* One line of the last table. */
void goal(const char *what, double measured, bool at_most, double target, int decimals, const char *unit);

/* Drops, builds, returns the seconds. */
double build_index(PGconn *pg, const char *name, const char *create);
void drop_index(PGconn *pg, const char *name);
double index_mb(PGconn *pg, const char *name);
/* Reads all of a table and its indexes into shared buffers. */
void prewarm(PGconn *pg, const char *table);

/* The tenants' rows side by side: recall, time against the other ways and the limit, sizes, builds, clients, inserts.
 */
void measure_ordered(void);
/* How the heap's order and the number of tenants matter. */
void measure_shuffled(void);
void measure_tenants(void);
/* One large tenant against HNSW, and time by the size of the tenant; the first builds what takes longest, unless it is
 * there. */
void prepare_sizes(void);
void measure_sizes(void);
/* `database` has the dataset, tenantvec and HNSW indexes; it ends without vector indexes but that of two-stage search.
 */
void measure_inserts(PGconn *pg, const dataset *d);
/* Vectors of other kinds. */
void measure_kinds(void);

#endif
