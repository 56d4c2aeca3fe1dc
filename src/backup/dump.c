/* A backup: pg_dump's rows of one snapshot, counted on their way into the container and compared with what the snapshot
 * has. */
#include "backup/container.h"
#include "backup/copy_text.h"
#include "backup/manifest.h"
#include "backup/operator.h"
#include "backup/process.h"
#include "queries.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BLOCK = 1 << 20 };

typedef struct dump {
    const vdb_backup_options *options;
    vdb_pool *pool;
    arena *memory;
    connection *snapshot;
    const char *path;
    manifest manifest;
    table_list written; /* what came from pg_dump */
    voice_table *current;
    int64_t done;
    container_writer *file;
} dump;

/* ---- what there is ------------------------------------------------------------------------------------------------
 */

static vdb_status list_domains(dump *d, vdb_error *error)
{
    PGresult *result;
    vdb_status status =
        connection_run(d->snapshot, &(statement){ &queries[QUERY_BACKUP_DOMAINS], NULL }, 1, &result, error);
    if (status != VDB_OK)
        return status;
    const char *sql = PQgetisnull(result, 0, 0) ? NULL : arena_copy_string(d->memory, PQgetvalue(result, 0, 0));
    PQclear(result);
    if (sql == NULL)
        return VDB_OK;
    status = connection_ask(d->snapshot, sql, &result, error);
    if (status != VDB_OK)
        return status;
    for (int row = 0; status == VDB_OK && row < PQntuples(result); row++)
        status = manifest_add_domain(&d->manifest, PQgetvalue(result, row, 0), PQgetvalue(result, row, 1), error);
    PQclear(result);
    return status;
}

static void note_vector_index(dump *d)
{
    const vdb_index *rows;
    size_t count;
    if (vdb_index_show(d->pool, &rows, &count, NULL) != VDB_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].in_use)
            d->manifest.vector_index = arena_copy_string(d->memory, rows[i].strategy);
    }
    vdb_rows_free(rows);
}

static vdb_status describe(dump *d, vdb_error *error)
{
    table_list *tables = &d->manifest.tables;
    vdb_status status = tables_of_database(d->snapshot, d->memory, tables, error);
    if (status == VDB_OK)
        status = tables_check_visible(tables, error);
    if (status == VDB_OK)
        status = manifest_begin(d->snapshot, d->memory, &d->manifest, error);
    d->manifest.kind = "database";
    if (status == VDB_OK)
        status = tables_prepare(d->snapshot, d->memory, tables, "", error);
    if (status == VDB_OK)
        status = list_domains(d, error);
    if (status == VDB_OK)
        status = tables_fingerprint(d->snapshot, d->memory, tables, error);
    if (status == VDB_OK)
        note_vector_index(d);
    return status;
}

/* ---- the rows -----------------------------------------------------------------------------------------------------
 */

static vdb_status see_head(void *context, const copy_head *head, vdb_error *error)
{
    dump *d = context;
    d->current = tables_find(&d->written, head->table);
    if (d->current != NULL)
        return VDB_OK;
    return error_set(error, VDB_DEFECT, "Report this.", "pg_dump wrote rows of %s, which were not asked for",
                     head->table);
}

static vdb_status see_row(void *context, const char *row, size_t length, vdb_error *error)
{
    dump *d = context;
    (void)row;
    (void)length;
    (void)error;
    d->current->rows++;
    d->done++;
    return VDB_OK;
}

static vdb_status pump(dump *d, process *p, copy_text *text, char *block, vdb_error *error)
{
    int64_t total = tables_rows(&d->manifest.tables);
    for (;;) {
        size_t length;
        vdb_status status = process_read(p, block, BLOCK, &length, error);
        if (status != VDB_OK || length == 0)
            return status;
        status = copy_text_read(text, block, length, error);
        if (status == VDB_OK)
            status = container_write(d->file, block, length, error);
        if (status == VDB_OK && d->options->progress != NULL &&
            !d->options->progress(d->options->context, d->done, total))
            status = error_set(error, VDB_USAGE, "Run it again to see it through.", "interrupted; no backup was made");
        if (status != VDB_OK)
            return status;
    }
}

static const char *const *arguments_of(dump *d, const char *snapshot)
{
    const char *program = getenv("VOICEDB_PG_DUMP");
    const char **arguments = arena_array(d->memory, d->manifest.tables.count + 8, sizeof *arguments);
    size_t used = 0;
    if (arguments == NULL)
        return NULL;
    arguments[used++] = program == NULL || *program == '\0' ? "pg_dump" : program;
    arguments[used++] = "--data-only";
    arguments[used++] = "--no-password";
    arguments[used++] = "--encoding=UTF8";
    arguments[used++] = "--lock-wait-timeout=60000";
    arguments[used++] = arena_printf(d->memory, "--snapshot=%s", snapshot);
    for (size_t i = 0; i < d->manifest.tables.count; i++)
        arguments[used++] = arena_printf(d->memory, "--table=public.\"%s\"", d->manifest.tables.items[i].name);
    return arguments;
}

static vdb_status run_dump(dump *d, const char *snapshot, vdb_error *error)
{
    const char *const *arguments = arguments_of(d, snapshot);
    char **environment = connection_environment(d->snapshot, d->memory);
    char *block = arena_alloc(d->memory, BLOCK);
    if (arguments == NULL || environment == NULL || block == NULL)
        return error_memory(error);
    process p;
    vdb_status status = process_start(arguments, environment, &p, error);
    if (status != VDB_OK)
        return status;
    copy_text text;
    copy_text_begin(&text, &(copy_listener){ .head = see_head, .row = see_row, .context = d });
    status = pump(d, &p, &text, block, error);
    if (status == VDB_OK)
        status = process_finish(&p, error);
    else
        process_kill(&p);
    if (status == VDB_OK)
        status = copy_text_finish(&text, error);
    copy_text_free(&text);
    return status;
}

static vdb_status dump_rows(dump *d, vdb_error *error)
{
    PGresult *result;
    vdb_status status =
        connection_run(d->snapshot, &(statement){ &queries[QUERY_BACKUP_SNAPSHOT], NULL }, 1, &result, error);
    if (status != VDB_OK)
        return status;
    const char *snapshot = arena_copy_string(d->memory, PQgetvalue(result, 0, 0));
    PQclear(result);
    json_t *empty = tables_to_json(&d->manifest.tables);
    status = snapshot == NULL ? error_memory(error) : tables_of_json(d->memory, empty, &d->written, error);
    json_decref(empty);
    for (size_t i = 0; status == VDB_OK && i < d->written.count; i++)
        d->written.items[i].rows = 0;
    return status == VDB_OK ? run_dump(d, snapshot, error) : status;
}

/* ---- the file ------------------------------------------------------------------------------------------------------
 */

static vdb_status write_file(dump *d, int64_t *bytes, vdb_error *error)
{
    char *text = manifest_write(&d->manifest);
    vdb_status status =
        text == NULL ? error_memory(error) : container_create(d->path, d->options->key_file, text, &d->file, error);
    free(text);
    if (status != VDB_OK)
        return status;
    status = dump_rows(d, error);
    if (status == VDB_OK)
        status = tables_compare(&d->manifest.tables, &d->written, error);
    if (status != VDB_OK) {
        container_abort(d->file);
        return status;
    }
    return container_commit(d->file, bytes, error);
}

static bool is_directory(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

/* In a directory a backup's name is its database and its moment, so that names in order are backups in order. */
static vdb_status choose_path(dump *d, vdb_error *error)
{
    d->path = d->options->path;
    if (!is_directory(d->path))
        return VDB_OK;
    char moment[32];
    size_t used = 0;
    for (const char *c = d->manifest.made_at; *c != '\0' && used + 1 < sizeof moment; c++) {
        if (*c != '-' && *c != ':' && *c != '.')
            moment[used++] = *c;
    }
    moment[used] = '\0';
    char *stem = retention_stem(d->memory, d->manifest.database);
    d->path = stem == NULL ? NULL : arena_printf(d->memory, "%s/%s%s.vdb", d->options->path, stem, moment);
    return d->path == NULL ? error_memory(error) : VDB_OK;
}

static vdb_status make(dump *d, const vdb_backup_info **info, vdb_error *error)
{
    int64_t bytes;
    vdb_status status = operator_begin_snapshot(d->snapshot, error);
    if (status == VDB_OK)
        status = describe(d, error);
    if (status == VDB_OK)
        status = choose_path(d, error);
    if (status == VDB_OK)
        status = write_file(d, &bytes, error);
    if (status != VDB_OK)
        return status;
    vdb_backup_info *made = manifest_info(&d->manifest, d->path, bytes, d->options->key_file != NULL);
    if (made == NULL)
        return error_memory(error);
    *info = made;
    return VDB_OK;
}

vdb_status vdb_backup(vdb_pool *pool, const vdb_backup_options *options, const vdb_backup_info **info, vdb_error *error)
{
    error_clear(error);
    if (options == NULL || options->path == NULL || *options->path == '\0')
        return error_set(error, VDB_USAGE, "Give the path of a file or directory.", "the backup has no path");
    dump d = { .options = options, .pool = pool, .memory = arena_new() };
    if (d.memory == NULL)
        return error_memory(error);
    vdb_status status = pool_open_patient(pool, &d.snapshot, error);
    if (status == VDB_OK) {
        status = make(&d, info, error);
        connection_close(d.snapshot);
    }
    manifest_free(&d.manifest);
    tables_free(&d.written);
    arena_free(d.memory);
    return status;
}
