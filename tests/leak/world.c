/* The parties, what they are asked to do, and whether somebody else has to suffer for it. */
#include "leak.h"

#include "queries.h"

#include <ctype.h>
#include <time.h>
#include <unistd.h>

enum { BURST = 20, LARGEST_ANSWER = 64 << 20 };

static const char *const thing_names[THINGS] = {
    "PROVIDER",       "SECRETARY", "DOCUMENT",      "CHUNK",      "RULE",    "CONVERSATION", "CALL",
    "MESSAGE",        "NOTICE",    "DATA_KEY",      "ENDPOINT",   "VERSION", "DOMAIN",       "PROVIDER_NAME",
    "SECRETARY_NAME", "EXTENSION", "DOCUMENT_NAME", "DEPARTMENT", "CALLER",  "MODEL",        "DOMAIN_NAME"
};

/* ---- questions --------------------------------------------------------------------------------------------------- */

/* The types that the server gives the parameters; a definition has none. */
static void find_types(question *q)
{
    if (q->query.parameters == 0)
        return;
    sql("PREPARE described AS %s", q->query.text);
    char *types = strdup(rows_on(admin, "SELECT unnest(parameter_types) FROM pg_prepared_statements WHERE name = "
                                        "'described'"));
    sql("DEALLOCATE described");
    int count = 0;
    for (char *rest, *type = strtok_r(types, "\n", &rest); type != NULL; type = strtok_r(NULL, "\n", &rest))
        snprintf(q->types[count++], WIDTH, "%s", type);
    free(types);
    assert_int_equal(count, q->query.parameters);
}

static bool is_named(const question *q, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(q->names[i], name) == 0)
            return true;
    }
    return false;
}

/* The variables of a file of src/sql, in the order in which they are numbered. */
static void find_names(question *q)
{
    int count = 0;
    if (q->scoped)
        strcpy(q->names[count++], "domain_uuid");
    for (const char *s = file_of(text("src/sql/%s.sql", q->query.name)); (s = strstr(s, ":'")) != NULL; s += 2) {
        char name[WIDTH] = { 0 };
        for (size_t i = 0; i < WIDTH - 1 && (isalnum((unsigned char)s[2 + i]) || s[2 + i] == '_'); i++)
            name[i] = s[2 + i];
        if (name[0] != '\0' && !is_named(q, count, name))
            strcpy(q->names[count++], name);
    }
    assert_int_equal(count, q->query.parameters);
}

/* Its numbers, for operators; these databases have none of its tables but v_domains. */
static bool reads_fusionpbx(const query *q)
{
    return strncmp(q->name, "doctor_numbers_", strlen("doctor_numbers_")) == 0;
}

void world_ask_registry(world *w)
{
    w->questions = calloc(QUERY_COUNT, sizeof *w->questions);
    for (size_t i = 0; i < QUERY_COUNT; i++) {
        if (reads_fusionpbx(&queries[i]))
            continue;
        question *q = &w->questions[w->question_count++];
        *q = (question){ .query = queries[i], .scoped = query_is_scoped[i] };
        if (q->query.parameters > 0)
            find_names(q);
        find_types(q);
    }
}

void world_ask(world *w, const plain_question *list, size_t count)
{
    w->questions = calloc(count, sizeof *w->questions);
    for (size_t i = 0; i < count; i++) {
        question *q = &w->questions[w->question_count++];
        q->scoped = true;
        char *names = strdup(list[i].parameters);
        for (char *rest, *name = strtok_r(names, " ", &rest); name != NULL; name = strtok_r(NULL, " ", &rest))
            snprintf(q->names[q->query.parameters++], WIDTH, "%s", name);
        free(names);
        q->query.id = QUERY_COUNT + (int)i;
        q->query.name = list[i].name;
        q->query.text = list[i].text;
        q->query.reads = list[i].reads;
        find_types(q);
    }
    assert_in_range(QUERY_COUNT + count, 1, MOST_QUERIES);
}

/* Names domains to whoever asks: it is how a handle is opened, before there is a tenant. */
static bool is_directory(const question *q)
{
    return strcmp(q->query.name, "tenant_find") == 0;
}

/* Another's tenant is named only where the setting must hold it back: elsewhere the answer would be no leak. */
static void choose_parameters(actor *a, const question *q, param *params)
{
    for (int i = 0; i < q->query.parameters; i++) {
        bool tenant = q->scoped && i == 0;
        bool own = tenant && (!a->world->scopes || chance(a, 85));
        const char *value = own ? a->self->domain : tenant ? draw(a, DOMAIN) : parameter(a, q->names[i], q->types[i]);
        params[i] = P(value);
    }
}

/* In one transaction, as tenant_run() does it: the role, the tenant, the question. */
static vdb_status ask_on(actor *a, connection *c, const question *q, const param *params, PGresult **result)
{
    const param scope[] = { P(a->self->domain) }, settings[] = { P("30000") };
    const statement all[] = { { &queries[QUERY_SESSION_SETTINGS], settings },
                              { &queries[QUERY_TENANT_SCOPE], scope },
                              { &q->query, params } };
    size_t skipped = !a->world->scopes ? 2 : connection_needs_settings(c) ? 0 : 1;
    return connection_run(c, all + skipped, COUNT(all) - skipped, result, &a->error);
}

/* Mostly one of a tenant. */
static question *choose_question(actor *a)
{
    for (int tries = 0;; tries++) {
        question *q = &a->world->questions[below(a, a->world->question_count)];
        if (q->scoped || tries == 3)
            return q;
    }
}

/*
 * An operator's question may leave locks and settings on its connection, and is asked where these can be taken back. A
 * write that found no row has written nothing.
 */
static vdb_status ask(actor *a)
{
    question *q = choose_question(a);
    a->title = q->query.name;
    a->tally = &q->tally;
    a->reads = q->query.reads;
    if (!q->scoped)
        a->way = &a->world->ways[0];
    param params[MOST_PARAMETERS];
    choose_parameters(a, q, params);
    connection *c;
    PGresult *result = NULL;
    vdb_status status = pool_acquire(a->way->pool, &c, &a->error);
    if (status != VDB_OK)
        return status;
    status = ask_on(a, c, q, params, &result);
    if (!q->scoped && connection_execute(c, "SELECT pg_advisory_unlock_all(); RESET ALL", NULL) != VDB_OK)
        blame(a, DEFECT, "the connection was lost");
    pool_release(a->way->pool, c);
    if (status == VDB_OK && !is_directory(q))
        say_result(a, result);
    if (status == VDB_OK && PQntuples(result) == 0 && strtol(PQcmdTuples(result), NULL, 10) == 0)
        a->reads = true;
    PQclear(result);
    return status;
}

const operation question_operation = { "question", "", 600, false, ask };

/* ---- the parties ------------------------------------------------------------------------------------------------- */

/* A name is of use where it is the party's own alone. */
static bool is_useful(const party *p, int kind, const char *value)
{
    char own[5];
    snprintf(own, sizeof own, "z%03x", (unsigned)p->index & 0xfff);
    return kind <= DOMAIN || strncmp(value, own, strlen(own)) == 0;
}

/* What the party has now, so that others can be given it. */
static void look_at(actor *a, party *p)
{
    const char *const values[] = { p->domain };
    PGresult *result = PQexecParams(a->owner,
                                    "SELECT thing, value FROM (SELECT thing, value, row_number() OVER (PARTITION BY "
                                    "thing ORDER BY born DESC, place, value) AS n FROM leak.things WHERE domain_uuid = "
                                    "$1) newest WHERE n <= 24 AND octet_length(value) < 48 ORDER BY thing, n",
                                    1, (const Oid[]){ 2950 }, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        blame(a, DEFECT, "%s", PQresultErrorMessage(result));
    pthread_mutex_lock(&a->world->lock);
    for (int kind = 0; kind < THINGS; kind++) {
        shelf *s = &p->shelves[kind];
        s->count = 0;
        for (int row = 0; row < PQntuples(result); row++) {
            const char *value = PQgetvalue(result, row, 1);
            if (strcmp(PQgetvalue(result, row, 0), thing_names[kind]) != 0 || !is_useful(p, kind, value))
                continue;
            snprintf(s->values[s->count++], WIDTH, "%s", value);
            if (kind <= DOMAIN && kind != CALL)
                map_put(&a->world->owners, value, p->index);
        }
    }
    pthread_mutex_unlock(&a->world->lock);
    PQclear(result);
}

static bool is_still(const world *w, const party *p)
{
    return (size_t)p->index >= w->count - w->still;
}

/* Compares the versions of all rows with those after the last burst; whoever was not at work has the same. */
static void look_for_changes(actor *a)
{
    world *w = a->world;
    PGresult *result = PQexec(a->owner, "SELECT domain_uuid, count(*) || ' ' || sum(hashtextextended(version, 0)) FROM "
                                        "leak.versions GROUP BY domain_uuid");
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        blame(a, DEFECT, "%s", PQresultErrorMessage(result));
    for (size_t i = 0; i < w->count; i++) {
        party *p = &w->parties[i];
        const char *now = "0";
        if (w->actors > 1 && !is_still(w, p))
            continue;
        for (int row = 0; row < PQntuples(result); row++) {
            if (strcmp(PQgetvalue(result, row, 0), p->domain) == 0)
                now = PQgetvalue(result, row, 1);
        }
        bool changed = p->rows[0] != '\0' && strcmp(p->rows, now) != 0;
        if (changed && p != a->self && (w->wanted & 1U << CHANGE) != 0)
            blame(a, CHANGE, "rows of party %d were changed: %s before, %s now", p->index, p->rows, now);
        if (changed || p->rows[0] == '\0')
            snprintf(p->rows, sizeof p->rows, "%s", now);
    }
    PQclear(result);
}

void world_begin(world *w, size_t parties)
{
    pthread_mutex_init(&w->lock, NULL);
    strcpy(w->folder, "/tmp/voicedb-leak-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    assert_int_equal(vdb_backup_key_create(text("%s/erasure.key", w->folder), NULL), VDB_OK);
    w->count = parties;
    for (size_t i = 0; i < parties; i++) {
        party *p = &w->parties[i];
        p->index = (int)i;
        snprintf(p->domain, sizeof p->domain, "d00000%02x-0000-4000-8000-000000000000", (unsigned)i & 0xff);
        snprintf(p->name, sizeof p->name, "z%03zx00000000.example", i);
        sql("INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled) VALUES ('%s', '%s', true) "
            "ON CONFLICT DO NOTHING",
            p->domain, p->name);
    }
}

void world_add_way(world *w, const char *name, const char *conninfo)
{
    way *new = &w->ways[w->way_count];
    *new = (way){ .name = name };
    const vdb_options options = { .conninfo = conninfo,
                                  .max_connections = 2,
                                  .acquire_timeout_ms = 60000,
                                  .no_prepared = strcmp(name, "pooler") == 0 };
    ok(vdb_pool_open(&options, &new->pool, &failure));
    for (size_t i = 0; w->scopes && i < w->count; i++)
        ok(vdb_tenant_open(new->pool, w->parties[i].domain, &w->parties[i].handles[w->way_count], &failure));
    w->way_count++;
}

void world_end(world *w)
{
    for (size_t i = 0; i < w->count; i++) {
        for (size_t j = 0; j < w->way_count; j++)
            vdb_tenant_close(w->parties[i].handles[j]);
        map_free(&w->parties[i].learned);
    }
    for (size_t j = 0; j < w->way_count; j++)
        vdb_pool_close(w->ways[j].pool);
    map_free(&w->owners);
    free(w->questions);
    pthread_mutex_destroy(&w->lock);
    unlink(text("%s/erasure.key", w->folder));
    rmdir(w->folder);
}

/* ---- one operation ----------------------------------------------------------------------------------------------- */

static void add_line(actor *a, const char *line)
{
    buffer_append_string(&a->report, line);
    buffer_append(&a->report, "\n", 1);
}

void blame(actor *a, leak_kind kind, const char *format, ...)
{
    static const char *const names[] = { "none", "an answer", "a change", "a proof of existence",
                                         "no leak but a defect" };
    if (a->leak != NO_LEAK)
        return;
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    a->leak = kind;
    buffer_printf(&a->report, "leak by %s, seed %llu, actor %zu, operation %llu: party %d by way \"%s\", %s\n%s\n",
                  names[kind], (unsigned long long)a->world->seed, a->number, (unsigned long long)a->operation,
                  a->self->index, a->way->name, a->title, what);
    for (size_t i = 0; i < a->given_count; i++)
        buffer_printf(&a->report, "given %zu: %s (%s)%s%s\n", i, a->given[i].value,
                      a->given[i].own       ? "own"
                      : a->given[i].foreign ? "another's"
                                            : "nobody's",
                      a->given[i].foreign ? " or " : "", a->given[i].foreign ? a->given[i].substitute : "");
    add_line(a, "it said:");
    buffer_append(&a->report, a->said.data, a->said.length < 4000 ? a->said.length : 4000);
    add_line(a, "operations before, the last one last:");
    for (size_t i = 1; i <= LOG_LINES; i++) {
        const char *line = a->log[(a->operation + i) % LOG_LINES];
        if (line[0] != '\0')
            add_line(a, line);
    }
}

static void note(actor *a, vdb_status status)
{
    char *line = a->log[a->operation % LOG_LINES];
    size_t room = sizeof a->log[0];
    int used = snprintf(line, room, "%llu party %d %s %s%s: %s", (unsigned long long)a->operation, a->self->index,
                        a->way->name, a->title, a->substitutes ? " (substitutes)" : "", vdb_status_name(status));
    for (size_t i = 0; i < a->given_count && used < (int)room - WIDTH - 2; i++)
        used += snprintf(line + used, room - (size_t)used, " %s%s", a->given[i].own ? "" : "!", a->given[i].value);
}

static void count(actor *a, vdb_status status)
{
    pthread_mutex_lock(&a->world->lock);
    a->tally->name = a->title;
    a->tally->done++;
    a->tally->succeeded += status == VDB_OK;
    a->tally->compared += a->again;
    pthread_mutex_unlock(&a->world->lock);
}

static vdb_status perform(actor *a, const operation *o, bool substitutes)
{
    a->substitutes = substitutes;
    a->given_next = 0;
    buffer_reset(&a->said);
    a->title = o->name;
    a->tally = &a->world->tallies[o - a->world->operations];
    a->reads = o->reads;
    a->error = (vdb_error){ 0 };
    vdb_status status = o->run(a);
    say_status(a, status);
    if (status == VDB_OK && !a->reads)
        learn_given(a);
    note(a, status);
    count(a, status);
    judge_said(a);
    if (status == VDB_DEFECT && o->run != ask)
        blame(a, DEFECT, "%s (%s)", a->error.message, a->error.detail);
    return status;
}

static bool was_given_foreign(const actor *a)
{
    for (size_t i = 0; i < a->given_count; i++) {
        if (a->given[i].foreign)
            return true;
    }
    return false;
}

/*
 * The same with and without what is another's: where nothing was written, both must end alike. A busy machine's
 * time-out tells nothing.
 */
static void perform_twice(actor *a, const operation *o)
{
    bool substitutes_first = chance(a, 50);
    uint64_t random = a->random, serial = a->serial;
    a->again = false;
    a->given_count = 0;
    vdb_status status = perform(a, o, substitutes_first);
    bool comparable = (a->reads || status != VDB_OK) && status != VDB_UNREACHABLE && was_given_foreign(a);
    if (!comparable || a->leak != NO_LEAK || (a->world->wanted & 1U << EXISTENCE) == 0)
        return;
    char *first = without_given(a);
    uint64_t after = a->random;
    a->random = random;
    a->serial = serial;
    a->again = true;
    status = perform(a, o, !substitutes_first);
    a->random = after;
    char *second = without_given(a);
    if (a->leak == NO_LEAK && status != VDB_UNREACHABLE && strcmp(first, second) != 0) {
        blame(a, EXISTENCE, "with %s it said otherwise, below first", substitutes_first ? "nobody's" : "another's");
        add_line(a, first);
    }
    free(first);
    free(second);
}

static const operation *choose_operation(actor *a)
{
    const world *w = a->world;
    int total = 0;
    for (size_t i = 0; i < w->operation_count; i++)
        total += w->operations[i].weight;
    int luck = (int)below(a, (size_t)total);
    size_t chosen = 0;
    while ((luck -= w->operations[chosen].weight) >= 0)
        chosen++;
    return &w->operations[chosen];
}

static void act(actor *a)
{
    size_t place = below(a, a->world->way_count);
    a->way = &a->world->ways[place];
    a->tenant = a->self->handles[place];
    a->memory = arena_new();
    perform_twice(a, choose_operation(a));
    arena_free(a->memory);
    a->operation++;
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

typedef struct shift {
    actor *actor;
    uint64_t operations;
    time_t until;
} shift;

static time_t now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* An actor has parties of its own, so that each is at work in one place only. */
static void work(void *item)
{
    shift *s = item;
    actor *a = s->actor;
    world *w = a->world;
    size_t active = w->count - w->still;
    while (a->leak == NO_LEAK && (a->operation < s->operations || now_s() < s->until)) {
        size_t mine = (active - a->number + w->actors - 1) / w->actors;
        a->self = &w->parties[a->number + w->actors * below(a, mine)];
        for (int i = 0; i < BURST && a->leak == NO_LEAK; i++)
            act(a);
        if (a->leak != NO_LEAK)
            break;
        if (w->actors == 1 || a->number == 0)
            look_for_changes(a);
        look_at(a, a->self);
    }
}

static void begin_actor(actor *a, world *w, size_t number)
{
    *a = (actor){ .world = w, .number = number, .random = w->seed + number, .owner = connect_to("") };
    a->self = &w->parties[0];
    a->way = &w->ways[0];
    a->title = "begin";
    a->serial = 1 + (number << 24);
    buffer_init(&a->said, LARGEST_ANSWER);
    buffer_init(&a->report, 1 << 20);
    look_for_changes(a);
    for (size_t i = 0; i < w->count; i++)
        look_at(a, &w->parties[i]);
}

leak_kind fuzz(world *w, uint64_t operations, int seconds, uint64_t *done, char **report)
{
    actor *actors = calloc(w->actors, sizeof *actors);
    shift shifts[MOST_PARTIES];
    assert_in_range(w->actors, 1, w->count - w->still);
    for (size_t i = 0; i < w->actors; i++) {
        begin_actor(&actors[i], w, i);
        shifts[i] = (shift){ &actors[i], operations / w->actors, now_s() + seconds };
    }
    in_threads(work, shifts, w->actors, sizeof shifts[0]);
    leak_kind found = NO_LEAK;
    *done = 0;
    *report = NULL;
    for (size_t i = 0; i < w->actors; i++) {
        actor *a = &actors[i];
        *done += a->operation;
        if (found == NO_LEAK && a->leak != NO_LEAK) {
            found = a->leak;
            *report = strdup(a->report.data);
        }
        buffer_free(&a->said);
        buffer_free(&a->report);
        PQfinish(a->owner);
    }
    free(actors);
    return found;
}
