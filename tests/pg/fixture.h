/*
 * What every program here stands on: a FusionPBX database of its own with two tenants, migrated, on the private
 * PostgreSQL that PGHOST names, and a master key for secrets. Whatever it makes there is dropped when it ends, however
 * it ends; when a test has failed, the server's log is shown.
 */
#ifndef VDB_TESTS_PG_FIXTURE_H
#define VDB_TESTS_PG_FIXTURE_H

#include "voicedb.h"

#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CLINIC_UUID "c1000000-0000-4000-8000-00000000000c"
#define HOTEL_UUID "40000000-0000-4000-8000-000000000007"
#define NOBODY_UUID "ffffffff-ffff-4fff-8fff-ffffffffffff"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

extern PGconn *admin;  /* a superuser in the program's database, which is also PGDATABASE */
extern vdb_pool *pool; /* of the same */
extern vdb_tenant *clinic, *hotel;
extern vdb_error failure; /* of the last call that ok() or refused() made */

/* Runs the tests with the fixture around them; returns how many failed. */
#define run_with_database(tests) run_group((tests), COUNT(tests))
int run_group(const struct CMUnitTest *tests, size_t count);

/*
 * The same on a cluster of the program's own, made by `./dev pg --cluster NAME` and dropped at the end: for what would
 * disturb others.
 */
#define run_with_cluster(name, tests) run_group_on((name), (tests), COUNT(tests))
int run_group_on(const char *cluster, const struct CMUnitTest *tests, size_t count);
/* Its server is ended by SIGKILL, and started again. */
void kill_server(void);
void start_server(void);

/* ---- calls of the library: each must pass `&failure` ------------------------------------------------------------- */

#define ok(call) (failure.status = UNTOUCHED, check_ok((call), #call, __FILE__, __LINE__))
/* Must end so, with a message of one line and a hint that starts with a verb and ends with a full stop. */
#define refused(wanted, call) (failure.status = UNTOUCHED, check_refused((wanted), (call), #call, __FILE__, __LINE__))
#define UNTOUCHED ((vdb_status)99)
void check_ok(vdb_status status, const char *call, const char *file, int line);
void check_refused(vdb_status wanted, vdb_status status, const char *call, const char *file, int line);

#define assert_contains(text, part) check_contains((text), (part), true, __FILE__, __LINE__)
#define assert_lacks(text, part) check_contains((text), (part), false, __FILE__, __LINE__)
void check_contains(const char *text, const char *part, bool wanted, const char *file, int line);

/* ---- SQL; what is handed out as text lives until the program ends -------------------------------------------------
 */

#define SQL_FORMAT(n) __attribute__((__format__(__printf__, n, (n) + 1)))

void sql(const char *format, ...) SQL_FORMAT(1);          /* one statement or several, by `admin` */
const char *value(const char *format, ...) SQL_FORMAT(1); /* the only column of the only row; NULL for NULL */
int64_t number(const char *format, ...) SQL_FORMAT(1);
void sql_on(PGconn *c, const char *format, ...) SQL_FORMAT(2);
const char *value_on(PGconn *c, const char *format, ...) SQL_FORMAT(2);
/* All rows as text: columns separated by '|', rows by '\n'. */
const char *rows_on(PGconn *c, const char *format, ...) SQL_FORMAT(2);
/* The SQLSTATE it fails with, "" when it succeeds; what the server said is in `*message` (may be NULL). */
const char *sqlstate_on(PGconn *c, const char **message, const char *format, ...) SQL_FORMAT(3);

const char *text(const char *format, ...) SQL_FORMAT(1);
const char *file_of(const char *path); /* a file of the checkout, whole */

/* Number of rows and hash of each voice table's rows of a domain, or of all but that one. */
const char *rows_of(const char *domain_uuid);
const char *rows_of_others(const char *domain_uuid);

/* ---- databases, roles, connections ------------------------------------------------------------------------------- */

/* Names that begin so are dropped at the end. */
const char *own_name(const char *suffix);

/* Another database, with FusionPBX's tables and both domains, not migrated. Returns its name. */
const char *make_database(const char *suffix);
PGconn *connect_to(const char *conninfo); /* the caller's to PQfinish() */
vdb_pool *pool_to(const char *conninfo);  /* the caller's to close */
void migrate(const char *database);

/* psql -f on a file of the checkout; fails the test when psql does. */
void psql_file(const char *database, const char *path);

/* ---- data -------------------------------------------------------------------------------------------------------- */

/* One row of every kind. */
typedef struct ids {
    char stt[37], tts[37], llm[37], embeddings[37];
    char secretary[37], document[37], chunk[37], rule[37], conversation[37], message[37], call[37];
} ids;

/* Fills a tenant through the library; `word` is in every text, so that it can be looked for elsewhere. */
ids fill(vdb_tenant *t, const char *word);

/* A document of ready chunks "NAME 0", "NAME 1", …; returns its UUID. `secretary` and `model` may be NULL. */
const char *store(vdb_tenant *t, const char *name, const char *secretary, const char *model, const float *vectors,
                  size_t count, int dimensions);

/* Numbers from -1 to 1, the same for the same seed. */
void random_vectors(float *numbers, size_t count, uint64_t seed);

/* Runs `work` on each of `count` items in a thread of its own and waits for all. Asserting is for after. */
void in_threads(void (*work)(void *item), void *items, size_t count, size_t size);

void sleep_ms(int ms);

#endif
