/*
 * The leak fuzzer. Parties (tenants) do random operations, one burst after the other, on connections that they share.
 * Half of what an operation is given belongs to others: their UUIDs, names, numbers. Three things are leaks:
 *
 * - an answer or an error holds something of another party that this one was never given and never stored;
 * - a burst of one party changed a row of another;
 * - an operation that was given something of another fails otherwise than with something that does not exist, or, when
 *   it reads, answers otherwise: that proves existence.
 *
 * Every text that is stored carries a word that tells its owner ("z00a0000001f": the 32nd of party 10); who owns a UUID
 * is asked of the database as its owner. With the same seed the same operations follow each other.
 */
#ifndef VDB_TESTS_LEAK_H
#define VDB_TESTS_LEAK_H

#include "base/arena.h"
#include "base/buffer.h"
#include "fixture.h"
#include "pg/pool.h"
#include "pg/record.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>

/* What can be given to an operation: keys, then texts that name a thing. */
typedef enum thing {
    PROVIDER,
    SECRETARY,
    DOCUMENT,
    CHUNK,
    RULE,
    CONVERSATION,
    CALL,
    MESSAGE,
    NOTICE,
    DATA_KEY,
    ENDPOINT,
    VERSION,
    DOMAIN,
    PROVIDER_NAME,
    SECRETARY_NAME,
    EXTENSION,
    DOCUMENT_NAME,
    DEPARTMENT,
    CALLER,
    MODEL,
    DOMAIN_NAME,
    THINGS
} thing;

enum {
    WIDTH = 48,
    SHELF = 24,
    MOST_PARTIES = 16,
    MOST_WAYS = 4,
    MOST_GIVEN = 64,
    LOG_LINES = 60,
    WORD_LENGTH = 12,
    MOST_OPERATIONS = 64
};

/* Things of one kind that a party has at the moment. */
typedef struct shelf {
    size_t count;
    char values[SHELF][WIDTH];
} shelf;

/* A map from texts to numbers; what is not there is -1. */
typedef struct map {
    uint64_t *keys;
    int *values;
    size_t count, room;
} map;

typedef struct party {
    int index;
    char domain[37];
    char name[WIDTH];
    shelf shelves[THINGS];
    map learned; /* what it was given of others, and stored */
    char rows[64];
    vdb_tenant *handles[MOST_WAYS];
} party;

/* A way to the database: directly or through a pooler, as a member of voicedb_app or as a superuser. */
typedef struct way {
    const char *name;
    vdb_pool *pool;
} way;

/* How often something was done, ended well, and was done again with what is nobody's. */
typedef struct tally {
    const char *name;
    uint64_t done, succeeded, compared;
} tally;

/* A statement with one parameter for each of its names. */
typedef struct question {
    query query;
    bool scoped; /* its $1 is the tenant */
    char names[MOST_PARAMETERS][WIDTH];
    char types[MOST_PARAMETERS][WIDTH];
    tally tally;
} question;

typedef struct world {
    uint64_t seed;
    unsigned wanted; /* which leaks are looked for, of 1 << leak_kind */
    bool scopes;     /* each question is asked under the role and the tenant's setting */
    party parties[MOST_PARTIES];
    size_t count;  /* of parties */
    size_t still;  /* so many of the last ones never do anything */
    size_t actors; /* at work at the same time */
    way ways[MOST_WAYS];
    size_t way_count;
    question *questions;
    size_t question_count;
    const struct operation *operations;
    size_t operation_count;
    tally tallies[MOST_OPERATIONS]; /* of the operations; a question has its own */
    map owners;                     /* of UUIDs */
    pthread_mutex_t lock;
    char folder[64];
} world;

/* A defect is no leak, and ends a run too. */
typedef enum leak_kind { NO_LEAK, ANSWER, CHANGE, EXISTENCE, DEFECT } leak_kind;

/* What an operation was given; when that is another's, the substitute is nobody's. */
typedef struct given {
    char value[WIDTH], substitute[WIDTH];
    bool foreign, own;
    uint64_t random_after;
} given;

typedef struct actor {
    world *world;
    size_t number;
    PGconn *owner; /* of the tables: row-level security passes it by */
    uint64_t random, serial, operation;
    arena *memory; /* of one operation */
    party *self;
    const way *way;
    vdb_tenant *tenant; /* of self, by this way */

    const char *title; /* of the operation, or of the question it asks */
    tally *tally;
    bool reads;
    given given[MOST_GIVEN];
    size_t given_count, given_next;
    bool again;       /* the operation is done a second time, with the same choices */
    bool substitutes; /* this time nothing of another's is given */
    vdb_error error;
    buffer said;

    leak_kind leak;
    buffer report;
    char log[LOG_LINES][400];
} actor;

typedef struct operation {
    const char *name;
    const char *covers; /* functions of the library, separated by blanks */
    int weight;
    bool reads; /* changes nothing, whoever's things it is given */
    vdb_status (*run)(actor *a);
} operation;

extern const operation library_operations[];
extern const size_t library_operation_count;
extern const operation question_operation; /* asks any of the world's questions */

/* ---- values.c: choices; what is handed out lives until the operation ends
 * -------------------------------------------- */

uint64_t any(actor *a);
size_t below(actor *a, size_t limit);
bool chance(actor *a, int percent);
#define one_of(a, list) ((list)[below((a), COUNT(list))])

/* Something of this kind: mostly the party's own, else another's or nobody's. */
const char *draw(actor *a, thing kind);
const char *draw_or_null(actor *a, thing kind);
const char *draw_any_uuid(actor *a);
/* A new word of the party's own. */
const char *word(actor *a);
const char *word_or_null(actor *a);
/* {"note": word, …} */
const char *json_with_word(actor *a);
/* A parameter of a question, as text, or NULL. */
const char *parameter(actor *a, const char *name, const char *type);
void numbers(actor *a, float *vector, size_t count);

/* ---- oracle.c: what is whose ------------------------------------------------------------------------------------- */

void map_put(map *m, const char *key, int value);
int map_get(const map *m, const char *key);
void map_free(map *m);

/* Adds to what the operation has said. */
void say(actor *a, const char *text);
void say_rows(actor *a, const record *shape, const void *rows, size_t count);
void say_result(actor *a, const PGresult *result);
void say_status(actor *a, vdb_status status);

/* What was said this time, in which what was given is replaced by its number. Release with free(). */
char *without_given(const actor *a);
/* Looks for a leak in what was said. */
void judge_said(actor *a);
/* The party knows from now on what it was given. */
void learn_given(actor *a);
void blame(actor *a, leak_kind kind, const char *format, ...) SQL_FORMAT(3);

/* ---- world.c ----------------------------------------------------------------------------------------------------- */

/* Makes the world's domains, and reads their rows through the views of schema leak. */
void world_begin(world *w, size_t parties);
void world_add_way(world *w, const char *name, const char *conninfo);
void world_end(world *w);

/* The questions of the registry; others, each with "name name …" of its parameters. */
void world_ask_registry(world *w);
typedef struct plain_question {
    const char *name, *text, *parameters;
    bool reads;
} plain_question;
void world_ask(world *w, const plain_question *list, size_t count);

/* So many operations, and at least so many seconds. Returns the first leak; `report` (free()) tells how it came. */
leak_kind fuzz(world *w, uint64_t operations, int seconds, uint64_t *done, char **report);

#endif
