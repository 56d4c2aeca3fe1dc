/* What the measurements share: time, percentiles, random numbers, libpq. Programs here end with a message when
 * something fails. */
#ifndef VDB_BENCH_LIB_H
#define VDB_BENCH_LIB_H

#include "voicedb.h"

#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the program when a call of the library has failed. */
void must(vdb_status status, const vdb_error *error);

void *allocate(size_t count, size_t size);

double stopwatch_ms(void);

typedef struct samples {
    double *ms;
    size_t count, room;
} samples;

void samples_add(samples *s, double ms);
double samples_sum(const samples *s);
/* `share` 0.5 is the median; 1 the maximum. Nearest rank. */
double samples_percentile(const samples *s, double share);
void samples_free(samples *s);

/* splitmix64: any number is a good seed, and streams of different seeds have nothing in common. */
typedef struct random_stream {
    uint64_t state;
} random_stream;

uint64_t random_next(random_stream *r);
uint64_t random_below(random_stream *r, uint64_t limit);
/* A seed from what a stream is about. */
uint64_t seed_of(uint64_t kind, uint64_t a, uint64_t b);
void uuid_of(uint64_t kind, uint64_t number, uint8_t uuid[16]);
void uuid_text(const uint8_t uuid[16], char text[37]);

/* Connects by libpq's environment; `settings` (may be NULL) are run first. */
PGconn *bench_connect(const char *settings);
void run_sql(PGconn *pg, const char *sql);
PGresult *query_sql(PGconn *pg, const char *sql);
/* The first value of the first row; lives until the next call. */
const char *query_value(PGconn *pg, const char *sql);

/*
 * Holds this process and the server's processes of this database to the processor that this process runs on. Between
 * two processors a message takes as long as the work itself, and which of two connections has to wait for that is the
 * scheduler's whim. False: it may not, or the server is elsewhere.
 */
bool hold_to_one_processor(PGconn *pg);

/* pgvector's binary format of VDB_DIMENSIONS numbers. */
enum { WIRE_VECTOR_BYTES = 4 + 4 * VDB_DIMENSIONS };
void wire_vector(const float *vector, char wire[WIRE_VECTOR_BYTES]);
/* The same of the first `dimensions` numbers; returns the length. */
int wire_floats(const float *vector, int dimensions, char *wire);

/* Binary COPY into a table. */
typedef struct copy_stream {
    PGconn *pg;
    FILE *file; /* instead of a connection */
    char *data;
    size_t length, room;
} copy_stream;

void copy_begin(copy_stream *c, PGconn *pg, const char *sql);
void copy_begin_file(copy_stream *c, const char *path);
void copy_row(copy_stream *c, int16_t columns);
void copy_bytes(copy_stream *c, const void *bytes, size_t length);
void copy_text(copy_stream *c, const char *text);
void copy_int(copy_stream *c, int32_t value);
void copy_bool(copy_stream *c, bool value);
void copy_end(copy_stream *c);

/*
 * Runs a program with its output thrown away, ends this one when it fails, and returns how long it took in ms.
 * `peak_kb` (may be NULL) gets the most memory it has had; it is never below what this process holds when it starts the
 * other.
 */
double run_program(char *const *arguments, long *peak_kb);

/* True, and the argument is taken, when it stands among the program's arguments. */
bool option(int *argc, char **argv, const char *name);

/* "12.3": a time in milliseconds with three digits that mean something. Lives until eight calls later. */
const char *ms_text(double ms);
/* The table that every measurement ends with: what was reached beside what had to be. */
void target_header(void);
void target_line(const char *what, double measured, bool at_most, double target, int decimals, const char *unit);

#endif
