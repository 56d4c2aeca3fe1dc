#include "schema/verify.h"

#include "pg/pool.h"
#include "pg/record.h"
#include "queries.h"
#include "schema/ledger.h"

#include <stdlib.h>
#include <string.h>

static const char scratch[] = "voicedb_scratch";

/* A row of the query `catalog`. */
typedef struct thing {
    const char *key;
    const char *kind;
    const char *name;
    const char *definition;
    const char *add;
    const char *change;
    const char *remove;
} thing;

static const field thing_fields[] = {
    { "key", FIELD_TEXT, offsetof(thing, key) },       { "kind", FIELD_TEXT, offsetof(thing, kind) },
    { "name", FIELD_TEXT, offsetof(thing, name) },     { "definition", FIELD_TEXT, offsetof(thing, definition) },
    { "add", FIELD_TEXT, offsetof(thing, add) },       { "change", FIELD_TEXT, offsetof(thing, change) },
    { "remove", FIELD_TEXT, offsetof(thing, remove) },
};
static const record thing_shape = { sizeof(thing), sizeof thing_fields / sizeof thing_fields[0], thing_fields };

static const field drift_fields[] = {
    { "kind", FIELD_TEXT, offsetof(vdb_drift, kind) },       { "name", FIELD_TEXT, offsetof(vdb_drift, name) },
    { "problem", FIELD_TEXT, offsetof(vdb_drift, problem) }, { "expected", FIELD_TEXT, offsetof(vdb_drift, expected) },
    { "found", FIELD_TEXT, offsetof(vdb_drift, found) },     { "mend", FIELD_TEXT, offsetof(vdb_drift, mend) },
};
static const record drift_shape = { sizeof(vdb_drift), sizeof drift_fields / sizeof drift_fields[0], drift_fields };

typedef struct things {
    const thing *rows;
    size_t count;
} things;

static vdb_status read_rows(connection *c, int query_id, const param *params, const record *shape, const void **rows,
                            size_t *count, vdb_error *error)
{
    PGresult *result;
    vdb_status status = schema_ask(c, query_id, params, &result, error);
    if (status != VDB_OK)
        return status;
    status = record_decode(shape, result, rows, count, error);
    PQclear(result);
    return status;
}

/* `tables` NULL: all of the schema; else an array's text. */
static vdb_status read_catalog(connection *c, const char *schema, const char *tables, things *t, vdb_error *error)
{
    const void *rows;
    vdb_status status =
        read_rows(c, QUERY_CATALOG, (const param[]){ P(schema), P(tables) }, &thing_shape, &rows, &t->count, error);
    if (status == VDB_OK)
        t->rows = rows;
    return status;
}

char *without_concurrently(const char *sql)
{
    static const char word[] = " CONCURRENTLY";
    char *copy = strdup(sql);
    for (char *at = copy; at != NULL && (at = strstr(at, word)) != NULL;)
        memmove(at, at + strlen(word), strlen(at + strlen(word)) + 1);
    return copy;
}

static vdb_status rehearse(connection *c, const migration *m, vdb_error *error)
{
    if (!m->concurrent)
        return connection_execute(c, m->sql, error);
    char *sql = without_concurrently(m->sql);
    vdb_status status = sql == NULL ? error_memory(error) : connection_execute(c, sql, error);
    free(sql);
    return status;
}

static vdb_status read_expected(connection *c, migration_list list, size_t applied, things *t, vdb_error *error)
{
    vdb_status status = connection_execute(c, queries[QUERY_CATALOG_SCRATCH].text, error);
    if (status == VDB_OK)
        status = schema_ask(c, QUERY_CATALOG_SCRATCH_PATH, NULL, NULL, error);
    for (size_t i = 0; status == VDB_OK && i < applied; i++)
        status = rehearse(c, &list.steps[i], error);
    return status == VDB_OK ? read_catalog(c, scratch, NULL, t, error) : status;
}

/* Also after a failure: the savepoint is what makes the transaction usable again. */
static vdb_status rehearse_all(connection *c, migration_list list, size_t applied, things *t, vdb_error *error)
{
    vdb_status status = connection_execute(c, queries[QUERY_CATALOG_SAVEPOINT].text, error);
    if (status != VDB_OK)
        return status;
    status = read_expected(c, list, applied, t, error);
    vdb_status undone =
        connection_execute(c, queries[QUERY_CATALOG_SCRATCH_DROP].text, status == VDB_OK ? error : NULL);
    return status == VDB_OK ? undone : status;
}

/* ---- comparing -----------------------------------------------------------------------------------------------------
 */

typedef struct comparison {
    vdb_drift *rows;
    size_t count;
} comparison;

/* It comes with its table, which is missing too. */
static bool is_column_of_missing(const comparison *c, const thing *t)
{
    bool found = false;
    for (size_t i = 0; !found && strcmp(t->kind, "column") == 0 && i < c->count; i++) {
        const vdb_drift *d = &c->rows[i];
        size_t length = strlen(d->name);
        found = strcmp(d->kind, "table") == 0 && d->found == NULL && strncmp(t->name, d->name, length) == 0 &&
                t->name[length] == '.';
    }
    return found;
}

static void note(comparison *c, const thing *wanted, const thing *found, const char *problem, const char *mend)
{
    const thing *either = wanted != NULL ? wanted : found;
    c->rows[c->count++] = (vdb_drift){
        .kind = either->kind,
        .name = either->name,
        .problem = problem,
        .expected = wanted == NULL ? NULL : wanted->definition,
        .found = found == NULL ? NULL : found->definition,
        .mend = mend,
    };
}

static void judge_missing(comparison *c, const thing *wanted)
{
    if (wanted->add != NULL && !is_column_of_missing(c, wanted))
        note(c, wanted, NULL, "missing", wanted->add);
}

/* Both are ordered by key. */
static void compare(comparison *c, things wanted, things found)
{
    size_t w = 0, f = 0;
    while (w < wanted.count || f < found.count) {
        int order = w == wanted.count ? 1 : f == found.count ? -1 : strcmp(wanted.rows[w].key, found.rows[f].key);
        const thing *want = &wanted.rows[w], *have = &found.rows[f];
        if (order < 0)
            judge_missing(c, want);
        else if (order > 0 && have->remove != NULL)
            note(c, NULL, have, "unexpected", have->remove);
        else if (order == 0 && strcmp(want->definition, have->definition) != 0)
            note(c, want, have, "different", want->change);
        w += order <= 0;
        f += order >= 0;
    }
}

static void copy_rows(arena *a, vdb_drift *target, const vdb_drift *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        target[i] = (vdb_drift){
            .kind = arena_copy_string(a, rows[i].kind),
            .name = arena_copy_string(a, rows[i].name),
            .problem = arena_copy_string(a, rows[i].problem),
            .expected = arena_copy_string(a, rows[i].expected),
            .found = arena_copy_string(a, rows[i].found),
            .mend = arena_copy_string(a, rows[i].mend),
        };
    }
}

/* One block of what differs and what breaks the rules. */
static vdb_status join(things wanted, things found, const vdb_drift *broken, size_t broken_count,
                       const vdb_drift **rows, size_t *count, vdb_error *error)
{
    comparison c = { .rows = calloc(wanted.count + found.count + 1, sizeof *c.rows) };
    if (c.rows == NULL)
        return error_memory(error);
    compare(&c, wanted, found);
    arena *a;
    vdb_drift *all = rows_allocate(sizeof *all, c.count + broken_count, &a);
    if (all != NULL) {
        copy_rows(a, all, c.rows, c.count);
        copy_rows(a, all + c.count, broken, broken_count);
        *rows = all;
        *count = c.count + broken_count;
    }
    free(c.rows);
    return all == NULL ? error_memory(error) : VDB_OK;
}

/* ---- verifying -----------------------------------------------------------------------------------------------------
 */

/* The tables that the migrations make, as an array's text: {a,b}. NULL: memory ran out. Free with free(). */
static char *tables_of(things t)
{
    size_t size = sizeof "{}";
    for (size_t i = 0; i < t.count; i++)
        size += strlen(t.rows[i].name) + 1;
    char *text = malloc(size), *at = text;
    if (text == NULL)
        return NULL;
    *at++ = '{';
    for (size_t i = 0; i < t.count; i++) {
        if (strcmp(t.rows[i].kind, "table") != 0)
            continue;
        if (at[-1] != '{')
            *at++ = ',';
        at = stpcpy(at, t.rows[i].name);
    }
    *at++ = '}';
    *at = '\0';
    return text;
}

static vdb_status compare_live(connection *c, things wanted, const vdb_drift **rows, size_t *count, vdb_error *error)
{
    char *tables = tables_of(wanted);
    if (tables == NULL)
        return error_memory(error);
    things found = { 0 };
    const void *broken = NULL;
    size_t broken_count = 0;
    vdb_status status = read_catalog(c, "public", tables, &found, error);
    if (status == VDB_OK)
        status =
            read_rows(c, QUERY_CATALOG_GATE, (const param[]){ P(tables) }, &drift_shape, &broken, &broken_count, error);
    if (status == VDB_OK)
        status = join(wanted, found, broken, broken_count, rows, count, error);
    vdb_rows_free(broken);
    vdb_rows_free(found.rows);
    free(tables);
    return status;
}

vdb_status verify_on(connection *c, migration_list list, size_t applied, const vdb_drift **rows, size_t *count,
                     vdb_error *error)
{
    things wanted = { 0 };
    vdb_status status = rehearse_all(c, list, applied, &wanted, error);
    if (status == VDB_OK)
        status = compare_live(c, wanted, rows, count, error);
    vdb_rows_free(wanted.rows);
    return status;
}

/* How many steps the database has had, from the first on. */
static vdb_status count_applied(connection *c, size_t *applied, vdb_error *error)
{
    const vdb_migration *rows;
    size_t count;
    vdb_status status = ledger_read(c, migrations, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    status = ledger_refuse_changed(rows, count, error);
    *applied = ledger_count(rows, count, "applied");
    if (status == VDB_OK && ledger_count(rows, count, "unknown") > 0)
        status =
            error_set(error, VDB_DRIFT, "Install a newer voicedb.", "this voicedb does not know all applied steps");
    if (status == VDB_OK && *applied == 0)
        status = error_set(error, VDB_SCHEMA, "Run `voicedb migrate`.", "no step was applied yet");
    vdb_rows_free(rows);
    return status;
}

static vdb_status verify(connection *c, const vdb_drift **rows, size_t *count, vdb_error *error)
{
    size_t applied;
    vdb_status status = connection_begin(c, error);
    if (status == VDB_OK)
        status = count_applied(c, &applied, error);
    if (status == VDB_OK)
        status = verify_on(c, migrations, applied, rows, count, error);
    connection_rollback(c);
    return status;
}

vdb_status vdb_migrate_verify(vdb_pool *pool, const vdb_drift **rows, size_t *count, vdb_error *error)
{
    connection *c;
    error_clear(error);
    vdb_status status = pool_open_patient(pool, &c, error);
    if (status != VDB_OK)
        return status;
    status = verify(c, rows, count, error);
    connection_close(c);
    return status;
}
