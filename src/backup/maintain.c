/* Vacuum, analyze and reindex, each only where it is due, beside running calls. */
#include "backup/operator.h"
#include "backup/tables.h"
#include "pg/record.h"
#include "privacy/terms.h"
#include "queries.h"
#include "schema/lock.h"

#include <stdio.h>
#include <string.h>

enum { DEFAULT_BLOAT = 40, IDLE_SECONDS = 24 * 3600 };

/* A row of the plan: what is told, and the statement that does it. */
typedef struct task {
    vdb_maintenance told;
    const char *statement;
} task;

#define F(kind, member)                                                                                                \
    {                                                                                                                  \
#member, FIELD_##kind, offsetof(vdb_maintenance, member)                                                       \
    }
static const field fields[] = {
    F(TEXT, kind),
    F(TEXT, name),
    F(TEXT, action),
    F(TEXT, reason),
    F(INTEGER, bloat_percent),
    F(INTEGER, size_before),
    F(INTEGER, size_after),
    F(INTEGER, dead_before),
    F(INTEGER, dead_after),
    F(INTEGER, took_ms),
    { "statement", FIELD_TEXT, offsetof(task, statement) },
};
#undef F
static const record task_record = { sizeof(task), sizeof fields / sizeof fields[0], fields };

static vdb_status plan(connection *c, int bloat, const task **tasks, size_t *count, vdb_error *error)
{
    char text[16];
    snprintf(text, sizeof text, "%d", bloat);
    PGresult *result;
    vdb_status status =
        connection_run(c, &(statement){ &queries[QUERY_MAINTAIN_PLAN], (const param[]){ P(text) } }, 1, &result, error);
    if (status != VDB_OK)
        return status;
    const void *rows;
    status = record_decode(&task_record, result, &rows, count, error);
    PQclear(result);
    if (status == VDB_OK)
        *tasks = rows;
    return status;
}

static vdb_status lock(connection *c, vdb_error *error)
{
    PGresult *result;
    vdb_status status = check_direct(c, error);
    if (status == VDB_OK)
        status = connection_run(c, &(statement){ &queries[QUERY_MAINTAIN_LOCK], NULL }, 1, &result, error);
    if (status != VDB_OK)
        return status;
    bool locked = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return locked ? VDB_OK
                  : error_set(error, VDB_CONFLICT, "Wait for it to end and run `voicedb maintain` again.",
                              "another `voicedb maintain` is at work");
}

static vdb_maintenance copy_row(arena *a, const vdb_maintenance *row)
{
    vdb_maintenance copy = *row;
    copy.kind = arena_copy_string(a, row->kind);
    copy.name = arena_copy_string(a, row->name);
    copy.action = arena_copy_string(a, row->action);
    copy.reason = arena_copy_string(a, row->reason);
    return copy;
}

/* A row for each task, in front of those for each term. */
static vdb_maintenance *copy_rows(const task *tasks, size_t count, const vdb_maintenance *terms, size_t term_count)
{
    arena *a;
    vdb_maintenance *rows = rows_allocate(sizeof *rows, count + term_count, &a);
    for (size_t i = 0; rows != NULL && i < count; i++) {
        rows[i] = copy_row(a, &tasks[i].told);
        rows[i].size_after = rows[i].size_before;
        rows[i].dead_after = rows[i].dead_before;
    }
    for (size_t i = 0; rows != NULL && i < term_count; i++)
        rows[count + i] = copy_row(a, &terms[i]);
    return rows;
}

static vdb_status work(connection *c, const task *tasks, size_t count, const vdb_maintain_options *options,
                       vdb_maintenance *rows, vdb_error *error)
{
    vdb_status status = VDB_OK;
    for (size_t i = 0; status == VDB_OK && i < count; i++) {
        if (options->progress != NULL && !options->progress(options->context, (int64_t)i, (int64_t)count))
            return error_set(error, VDB_USAGE, "Run it again to see it through.", "interrupted; what was done stays");
        if (tasks[i].statement == NULL)
            continue;
        int64_t began = now_ms();
        status = connection_execute(c, tasks[i].statement, error);
        rows[i].took_ms = now_ms() - began;
    }
    return status;
}

static void note_after(vdb_maintenance *rows, size_t count, const task *after, size_t after_count)
{
    for (size_t i = 0; i < count; i++) {
        rows[i].size_after = rows[i].dead_after = 0;
        for (size_t j = 0; j < after_count; j++) {
            if (strcmp(rows[i].name, after[j].told.name) != 0 || strcmp(rows[i].kind, after[j].told.kind) != 0)
                continue;
            rows[i].size_after = after[j].told.size_before;
            rows[i].dead_after = after[j].told.dead_before;
        }
    }
}

/* Vacuum would only warn about tables of others and go on. */
static vdb_status check_owner(connection *c, vdb_error *error)
{
    table_list tables = { 0 };
    arena *a = arena_new();
    vdb_status status = a == NULL ? error_memory(error) : tables_of_database(c, a, &tables, error);
    if (status == VDB_OK)
        status = tables_check_visible(&tables, error);
    tables_free(&tables);
    arena_free(a);
    return status;
}

/* Within an operator's patience: it is asked for nothing, only whether to go on. */
static bool go_on(void *context)
{
    const vdb_maintain_options *options = context;
    return options->progress == NULL || options->progress(options->context, 0, 1);
}

/* `rows` has the terms behind the tasks, as copy_rows() puts them. */
static vdb_status do_tasks(connection *c, int bloat, const vdb_maintain_options *options, const vdb_maintenance *terms,
                           size_t term_count, vdb_maintenance **rows, size_t *count, vdb_error *error)
{
    const task *tasks, *after;
    size_t task_count, after_count;
    vdb_status status = plan(c, bloat, &tasks, &task_count, error);
    if (status != VDB_OK)
        return status;
    *count = task_count + term_count;
    *rows = copy_rows(tasks, task_count, terms, term_count);
    status = *rows == NULL ? error_memory(error) : VDB_OK;
    if (status == VDB_OK && !options->dry_run) {
        status = work(c, tasks, task_count, options, *rows, error);
        if (status == VDB_OK)
            status = connection_run(c, &(statement){ &queries[QUERY_MAINTAIN_SETTLE], NULL }, 1, NULL, error);
        if (status == VDB_OK)
            status = plan(c, bloat, &after, &after_count, error);
        if (status == VDB_OK) {
            note_after(*rows, task_count, after, after_count);
            vdb_rows_free(after);
        }
    }
    vdb_rows_free(tasks);
    if (status != VDB_OK)
        vdb_rows_free(*rows);
    return status;
}

/* The terms first: what they remove leaves dead rows. */
static vdb_status maintain(connection *c, const vdb_maintain_options *options, vdb_maintenance **rows, size_t *count,
                           vdb_error *error)
{
    int bloat = options->bloat_percent > 0 ? options->bloat_percent : DEFAULT_BLOAT;
    vdb_maintenance *terms;
    size_t term_count;
    vdb_status status = check_owner(c, error);
    if (status == VDB_OK && !options->dry_run)
        status = lock(c, error);
    if (status == VDB_OK)
        status = terms_apply(c, options->dry_run, go_on, (void *)(uintptr_t)options, &terms, &term_count, error);
    if (status != VDB_OK)
        return status;
    status = do_tasks(c, bloat, options, terms, term_count, rows, count, error);
    vdb_rows_free(terms);
    return status;
}

/* Calls whose process died a day ago. */
static vdb_status sweep(vdb_pool *pool, const vdb_maintain_options *options, vdb_error *error)
{
    return options->dry_run ? VDB_OK : vdb_conversation_sweep_all(pool, IDLE_SECONDS, NULL, error);
}

vdb_status vdb_maintain(vdb_pool *pool, const vdb_maintain_options *options, const vdb_maintenance **rows,
                        size_t *count, vdb_error *error)
{
    error_clear(error);
    connection *c;
    vdb_maintenance *made;
    vdb_status status = pool_open_patient(pool, &c, error);
    if (status != VDB_OK)
        return status;
    options = options == NULL ? &(vdb_maintain_options){ 0 } : options;
    status = maintain(c, options, &made, count, error);
    connection_close(c);
    if (status != VDB_OK)
        return status;
    status = sweep(pool, options, error);
    if (status == VDB_OK)
        *rows = made;
    else
        vdb_rows_free(made);
    return status;
}
