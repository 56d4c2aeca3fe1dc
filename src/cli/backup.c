/* Backups: making, proving, keys. */
#include "cli/output.h"

#include "cli/progress.h"
#include "cli/values.h"

#include <sys/stat.h>

typedef struct operator_watch {
    const cli_call *call;
    progress bar;
} operator_watch;

#define TYPE vdb_backup_info
#define F(kind, member)                                                                                                \
    {                                                                                                                  \
#member, FIELD_##kind, offsetof(TYPE, member)                                                                  \
    }
static const field info_fields[] = {
    F(TEXT, path),
    F(TEXT, kind),
    F(INSTANT, made_at),
    F(TEXT, database),
    F(TEXT, voicedb_version),
    F(TEXT, server_version),
    F(TEXT, pgvector_version),
    F(INTEGER, schema_version),
    F(INTEGER, tenants),
    F(INTEGER, rows),
    F(INTEGER, bytes),
    F(BOOLEAN, encrypted),
};
#undef TYPE
#define TYPE vdb_backup_table
static const field table_fields[] = { F(TEXT, name), F(INTEGER, rows), F(TEXT, sha256) };
#undef TYPE
#undef F
static const record info_record = { sizeof(vdb_backup_info), sizeof info_fields / sizeof info_fields[0], info_fields };
static const record removed_record = { sizeof(vdb_backup_table), 2, table_fields };
static const record table_record = { sizeof(vdb_backup_table), sizeof table_fields / sizeof table_fields[0],
                                     table_fields };

static const field file_fields[] = {
    { "path", FIELD_TEXT, offsetof(vdb_backup_file, path) },
    { "state", FIELD_TEXT, offsetof(vdb_backup_file, state) },
};
static const record file_record = { sizeof(vdb_backup_file), 2, file_fields };

/* `files`: of a retention, NULL without one. */
static void backup_print(const cli_call *call, const vdb_backup_info *info, const vdb_backup_file *files, size_t count,
                         const char *verdict)
{
    if (call->json) {
        json_writer w = json_writer_on(stdout);
        json_open(&w, NULL, '{');
        output_members(&w, &info_record, info);
        output_array(&w, "tables", &table_record, info->tables, info->table_count);
        if (files != NULL)
            output_array(&w, "files", &file_record, files, count);
        json_close(&w, '}');
        return;
    }
    output_pairs(call, &info_record, info);
    putchar('\n');
    output_table(call, &table_record, info->tables, info->table_count, "name rows sha256");
    output_note(call, "%s", verdict);
}

/* What became of the backups that were there, told to people one by one. */
static vdb_status prune(cli_call *call, const vdb_backup_info *info, const vdb_backup_file **files, size_t *count,
                        vdb_error *error)
{
    const backup_values *v = call->values;
    if (v->keep == NULL)
        return VDB_OK;
    vdb_status status = vdb_backup_prune(v->path, info->database, (int)*v->keep, v->key, files, count, error);
    for (size_t i = 0; status == VDB_OK && i < *count; i++)
        output_note(call, "%-8s %s", (*files)[i].state, (*files)[i].path);
    return status;
}

static bool is_directory(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

vdb_status run_backup(cli_call *call, vdb_error *error)
{
    const backup_values *v = call->values;
    if (v->keep != NULL && !is_directory(v->path))
        return error_set(error, VDB_USAGE, "Give a directory instead of a file.",
                         "--keep removes files from a directory");
    progress p;
    progress_begin(&p, "backup", call->json);
    interrupt_watch();
    const vdb_backup_options options = {
        .path = v->path, .key_file = v->key, .progress = progress_step, .context = &p
    };
    const vdb_backup_info *info;
    vdb_status status = vdb_backup(call->pool, &options, &info, error);
    progress_end(&p);
    if (status != VDB_OK)
        return status;
    const vdb_backup_file *files = NULL;
    size_t count = 0;
    status = prune(call, info, &files, &count, error);
    backup_print(call, info, files, count, "The backup is whole.");
    vdb_rows_free(files);
    vdb_rows_free(info);
    return status;
}

vdb_status run_backup_verify(cli_call *call, vdb_error *error)
{
    const backup_values *v = call->values;
    progress p;
    progress_begin(&p, "verify", call->json);
    interrupt_watch();
    const vdb_backup_info *info;
    vdb_status status = vdb_backup_verify(v->path, v->key, progress_step, &p, &info, error);
    progress_end(&p);
    if (status != VDB_OK)
        return status;
    backup_print(call, info, NULL, 0, "The backup is whole.");
    vdb_rows_free(info);
    return VDB_OK;
}

vdb_status run_backup_key(cli_call *call, vdb_error *error)
{
    const backup_values *v = call->values;
    vdb_status status = vdb_backup_key_create(v->path, error);
    if (status == VDB_OK)
        output_note(call, "%s: keep a copy of it somewhere else; without it no backup made with it can be read.",
                    v->path);
    return status;
}

/* What is told on the way; the bar is drawn again after it. */
static void tell(void *context, const char *line)
{
    operator_watch *watch = context;
    progress_end(&watch->bar);
    output_note(watch->call, "%s", line);
}

static bool step(void *context, int64_t done, int64_t total)
{
    operator_watch *watch = context;
    return progress_step(&watch->bar, done, total);
}

vdb_status run_restore(cli_call *call, vdb_error *error)
{
    const backup_values *v = call->values;
    operator_watch watch = { .call = call };
    progress_begin(&watch.bar, "restore", call->json);
    interrupt_watch();
    const vdb_restore_options options = {
        .path = v->path,
        .key_file = v->key,
        .erasure_keys = v->erasure_keys,
        .replace = v->replace != NULL,
        .progress = step,
        .note = tell,
        .context = &watch,
    };
    const vdb_backup_info *info;
    vdb_status status = vdb_restore(call->pool, &options, &info, error);
    progress_end(&watch.bar);
    if (status != VDB_OK)
        return status;
    backup_print(call, info, NULL, 0, "All rows are there.");
    vdb_rows_free(info);
    return VDB_OK;
}

vdb_status run_tenant_export(cli_call *call, vdb_error *error)
{
    const backup_values *v = call->values;
    operator_watch watch = { .call = call };
    progress_begin(&watch.bar, "export", call->json);
    interrupt_watch();
    const vdb_backup_options options = { .path = v->path, .key_file = v->key, .progress = step, .context = &watch };
    const vdb_backup_info *info;
    vdb_status status = vdb_tenant_export(call->tenant, &options, &info, error);
    progress_end(&watch.bar);
    if (status != VDB_OK)
        return status;
    backup_print(call, info, NULL, 0, "The file is whole.");
    vdb_rows_free(info);
    return VDB_OK;
}

vdb_status run_tenant_import(cli_call *call, vdb_error *error)
{
    const backup_values *v = call->values;
    operator_watch watch = { .call = call };
    progress_begin(&watch.bar, "import", call->json);
    interrupt_watch();
    const vdb_import_options options = {
        .path = v->path,
        .key_file = v->key,
        .erasure_keys = v->erasure_keys,
        .into = v->into,
        .replace = v->replace != NULL,
        .progress = step,
        .context = &watch,
    };
    const vdb_backup_info *info;
    vdb_status status = vdb_tenant_import(call->pool, &options, &info, error);
    progress_end(&watch.bar);
    if (status != VDB_OK)
        return status;
    backup_print(call, info, NULL, 0, "All rows are there.");
    vdb_rows_free(info);
    return VDB_OK;
}

vdb_status run_tenant_erase(cli_call *call, vdb_error *error)
{
    const backup_values *v = call->values;
    const vdb_backup_table *rows;
    size_t count;
    vdb_status status = vdb_tenant_erase(call->tenant, v->confirm, v->dry_run != NULL, &rows, &count, error);
    if (status != VDB_OK)
        return status;
    output_rows(call, &removed_record, rows, count, "name rows");
    output_note(call, v->dry_run != NULL ? "Nothing was erased." : "Erased.");
    vdb_rows_free(rows);
    return VDB_OK;
}
