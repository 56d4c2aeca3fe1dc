#include "lib.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <spawn.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COPY_PIECE = 1 << 20 };

_Noreturn void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void must(vdb_status status, const vdb_error *error)
{
    if (status != VDB_OK)
        die("%s: %s (%s)", vdb_status_name(status), error->message, error->detail);
}

void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL)
        die("memory ran out");
    return memory;
}

double stopwatch_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

void samples_add(samples *s, double ms)
{
    if (s->count == s->room) {
        s->room = s->room == 0 ? 1024 : s->room * 2;
        s->ms = realloc(s->ms, s->room * sizeof *s->ms);
        if (s->ms == NULL)
            die("memory ran out");
    }
    s->ms[s->count++] = ms;
}

double samples_sum(const samples *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->count; i++)
        sum += s->ms[i];
    return sum;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double samples_percentile(const samples *s, double share)
{
    if (s->count == 0)
        die("nothing was measured");
    double *sorted = allocate(s->count, sizeof *sorted);
    memcpy(sorted, s->ms, s->count * sizeof *sorted);
    qsort(sorted, s->count, sizeof *sorted, compare_doubles);
    size_t rank = (size_t)ceil(share * (double)s->count);
    double value = sorted[rank == 0 ? 0 : rank - 1];
    free(sorted);
    return value;
}

void samples_free(samples *s)
{
    free(s->ms);
    *s = (samples){ 0 };
}

uint64_t random_next(random_stream *r)
{
    uint64_t z = (r->state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

uint64_t random_below(random_stream *r, uint64_t limit)
{
    return (uint64_t)(((unsigned __int128)random_next(r) * limit) >> 64);
}

uint64_t seed_of(uint64_t kind, uint64_t a, uint64_t b)
{
    random_stream r = { kind };
    r.state ^= random_next(&r) + a;
    r.state ^= random_next(&r) + b;
    return random_next(&r);
}

void uuid_of(uint64_t kind, uint64_t number, uint8_t uuid[16])
{
    random_stream r = { seed_of(kind, number, 0) };
    uint64_t halves[2] = { random_next(&r), random_next(&r) };
    memcpy(uuid, halves, 16);
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

void uuid_text(const uint8_t uuid[16], char text[37])
{
    char *end = text;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *end++ = '-';
        end += sprintf(end, "%02x", uuid[i]);
    }
}

static void ignore_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

PGconn *bench_connect(const char *settings)
{
    PGconn *pg = PQconnectdb("");
    if (PQstatus(pg) != CONNECTION_OK)
        die("%s", PQerrorMessage(pg));
    PQsetNoticeReceiver(pg, ignore_notice, NULL);
    run_sql(pg, "SET search_path = public");
    if (settings != NULL)
        run_sql(pg, settings);
    return pg;
}

void run_sql(PGconn *pg, const char *sql)
{
    PGresult *result = PQexec(pg, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
        die("%s\n%s", sql, PQerrorMessage(pg));
    PQclear(result);
}

PGresult *query_sql(PGconn *pg, const char *sql)
{
    PGresult *result = PQexec(pg, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        die("%s\n%s", sql, PQerrorMessage(pg));
    return result;
}

const char *query_value(PGconn *pg, const char *sql)
{
    static char value[256];
    PGresult *result = query_sql(pg, sql);
    snprintf(value, sizeof value, "%s", PQntuples(result) == 0 ? "" : PQgetvalue(result, 0, 0));
    PQclear(result);
    return value;
}

int wire_floats(const float *vector, int dimensions, char *wire)
{
    uint16_t head[2] = { htons((uint16_t)dimensions), 0 };
    memcpy(wire, head, sizeof head);
    for (int i = 0; i < dimensions; i++) {
        uint32_t bits;
        memcpy(&bits, &vector[i], sizeof bits);
        bits = htonl(bits);
        memcpy(wire + 4 + 4 * i, &bits, sizeof bits);
    }
    return 4 + 4 * dimensions;
}

bool hold_to_one_processor(PGconn *pg)
{
    cpu_set_t one;
    int here = sched_getcpu();
    PGresult *servers = query_sql(pg, "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                                      "AND backend_type = 'client backend'");
    CPU_ZERO(&one);
    CPU_SET(here < 0 ? 0 : here, &one);
    bool held = sched_setaffinity(0, sizeof one, &one) == 0;
    for (int i = 0; i < PQntuples(servers); i++)
        held = sched_setaffinity((pid_t)strtol(PQgetvalue(servers, i, 0), NULL, 10), sizeof one, &one) == 0 && held;
    PQclear(servers);
    return held;
}

void wire_vector(const float *vector, char wire[WIRE_VECTOR_BYTES])
{
    wire_floats(vector, VDB_DIMENSIONS, wire);
}

static void copy_flush(copy_stream *c)
{
    if (c->file != NULL && fwrite(c->data, 1, c->length, c->file) != c->length)
        die("a temporary file cannot be written");
    if (c->pg != NULL && PQputCopyData(c->pg, c->data, (int)c->length) != 1)
        die("%s", PQerrorMessage(c->pg));
    c->length = 0;
}

static void copy_raw(copy_stream *c, const void *bytes, size_t length)
{
    if (length > c->room - c->length) {
        copy_flush(c);
        if (length > c->room)
            die("a value of %zu bytes is too long to copy", length);
    }
    memcpy(c->data + c->length, bytes, length);
    c->length += length;
}

static void copy_header(copy_stream *c)
{
    c->data = allocate(1, COPY_PIECE);
    c->room = COPY_PIECE;
    copy_raw(c, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
}

void copy_begin(copy_stream *c, PGconn *pg, const char *sql)
{
    *c = (copy_stream){ .pg = pg };
    PGresult *result = PQexec(pg, sql);
    if (PQresultStatus(result) != PGRES_COPY_IN)
        die("%s\n%s", sql, PQerrorMessage(pg));
    PQclear(result);
    copy_header(c);
}

void copy_begin_file(copy_stream *c, const char *path)
{
    *c = (copy_stream){ .file = fopen(path, "wb") };
    if (c->file == NULL)
        die("%s cannot be written", path);
    copy_header(c);
}

void copy_row(copy_stream *c, int16_t columns)
{
    uint16_t wire = htons((uint16_t)columns);
    copy_raw(c, &wire, sizeof wire);
}

void copy_bytes(copy_stream *c, const void *bytes, size_t length)
{
    uint32_t wire = htonl((uint32_t)length);
    copy_raw(c, &wire, sizeof wire);
    copy_raw(c, bytes, length);
}

void copy_text(copy_stream *c, const char *text)
{
    copy_bytes(c, text, strlen(text));
}

void copy_int(copy_stream *c, int32_t value)
{
    uint32_t wire = htonl((uint32_t)value);
    copy_bytes(c, &wire, sizeof wire);
}

void copy_bool(copy_stream *c, bool value)
{
    copy_bytes(c, &(char){ value }, 1);
}

void copy_end(copy_stream *c)
{
    static const char trailer[2] = { '\377', '\377' };
    copy_raw(c, trailer, sizeof trailer);
    copy_flush(c);
    free(c->data);
    if (c->file != NULL) {
        if (fclose(c->file) != 0)
            die("a temporary file cannot be written");
        return;
    }
    if (PQputCopyEnd(c->pg, NULL) != 1)
        die("%s", PQerrorMessage(c->pg));
    PGresult *result;
    while ((result = PQgetResult(c->pg)) != NULL) {
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            die("%s", PQerrorMessage(c->pg));
        PQclear(result);
    }
}

double run_program(char *const *arguments, long *peak_kb)
{
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t pid;
    int status;
    struct rusage used;
    double started = stopwatch_ms();
    if (posix_spawnp(&pid, arguments[0], &files, NULL, arguments, environ) != 0)
        die("%s cannot be run", arguments[0]);
    if (wait4(pid, &status, 0, &used) != pid || status != 0)
        die("%s failed", arguments[0]);
    double took = stopwatch_ms() - started;
    posix_spawn_file_actions_destroy(&files);
    if (peak_kb != NULL)
        *peak_kb = used.ru_maxrss;
    return took;
}

bool option(int *argc, char **argv, const char *name)
{
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], name) != 0)
            continue;
        memmove(&argv[i], &argv[i + 1], (size_t)(*argc - i) * sizeof *argv);
        (*argc)--;
        return true;
    }
    return false;
}

const char *ms_text(double ms)
{
    static char texts[8][32];
    static unsigned turn;
    char *text = texts[turn++ % 8];
    int decimals = ms >= 100 ? 0 : ms >= 10 ? 1 : ms >= 1 ? 2 : 3;
    snprintf(text, sizeof texts[0], "%.*f", decimals, ms);
    return text;
}

void target_header(void)
{
    puts("\n| target | measured | must reach | |\n|---|---|---|---|");
}

void target_line(const char *what, double measured, bool at_most, double target, int decimals, const char *unit)
{
    bool met = at_most ? measured <= target : measured >= target;
    printf("| %s | %.*f%s | %s %.*f%s | %s |\n", what, decimals, measured, unit, at_most ? "≤" : "≥", decimals, target,
           unit, met ? "met" : "**missed**");
}
