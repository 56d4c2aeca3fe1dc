/* One tenant's rows in a file of the same form as a backup. */
#include "backup/container.h"
#include "backup/manifest.h"
#include "backup/operator.h"
#include "store/tenant.h"

#include <stdlib.h>
#include <string.h>

typedef struct export
{
    vdb_tenant *tenant;
    const vdb_backup_options *options;
    arena *memory;
    connection *snapshot;
    manifest manifest;
    container_writer *file;
    int64_t done, total;
    int64_t rows; /* of the table at hand */
}
export;

static vdb_status describe(export *x, vdb_error *error)
{
    manifest *m = &x->manifest;
    vdb_status status = operator_begin_snapshot(x->snapshot, error);
    if (status == VDB_OK)
        status = tables_of_database(x->snapshot, x->memory, &m->tables, error);
    if (status == VDB_OK)
        status = tables_check_visible(&m->tables, error);
    if (status == VDB_OK)
        status = manifest_begin(x->snapshot, x->memory, m, error);
    m->kind = "tenant";
    if (status == VDB_OK)
        status = manifest_add_domain(m, x->tenant->uuid, x->tenant->name, error);
    if (status == VDB_OK)
        status = tables_prepare(x->snapshot, x->memory, &m->tables, x->tenant->uuid, error);
    if (status == VDB_OK)
        status = tables_fingerprint(x->snapshot, x->memory, &m->tables, error);
    if (status == VDB_OK)
        x->total = tables_rows(&m->tables);
    return status;
}

static vdb_status write_row(void *context, const char *row, size_t length, vdb_error *error)
{
    export *x = context;
    x->rows++;
    x->done++;
    vdb_status status = container_write(x->file, row, length, error);
    if (status == VDB_OK && x->options->progress != NULL &&
        !x->options->progress(x->options->context, x->done, x->total))
        status = error_set(error, VDB_USAGE, "Run it again to see it through.", "interrupted; no file was made");
    return status;
}

static vdb_status write_table(export *x, const voice_table *t, vdb_error *error)
{
    vdb_status status = container_write(x->file, t->copy_in, strlen(t->copy_in), error);
    if (status == VDB_OK)
        status = container_write(x->file, ";\n", 2, error);
    x->rows = 0;
    if (status == VDB_OK)
        status = connection_copy_out(x->snapshot, t->copy_out, write_row, x, error);
    if (status == VDB_OK && x->rows != t->rows)
        status = error_set(error, VDB_DEFECT, "Report this.", "%s gave other rows than its snapshot has", t->name);
    return status == VDB_OK ? container_write(x->file, "\\.\n\n", 4, error) : status;
}

static vdb_status write_file(export *x, int64_t *bytes, vdb_error *error)
{
    char *text = manifest_write(&x->manifest);
    vdb_status status = text == NULL ? error_memory(error)
                                     : container_create(x->options->path, x->options->key_file, text, &x->file, error);
    free(text);
    if (status != VDB_OK)
        return status;
    for (size_t i = 0; status == VDB_OK && i < x->manifest.tables.count; i++)
        status = write_table(x, &x->manifest.tables.items[i], error);
    if (status == VDB_OK)
        return container_commit(x->file, bytes, error);
    container_abort(x->file);
    return status;
}

vdb_status vdb_tenant_export(vdb_tenant *tenant, const vdb_backup_options *options, const vdb_backup_info **info,
                             vdb_error *error)
{
    error_clear(error);
    vdb_status status = check_required(options == NULL ? NULL : options->path, "path of a file", error);
    if (status != VDB_OK)
        return status;
    export x = { .tenant = tenant, .options = options, .memory = arena_new() };
    int64_t bytes;
    status = x.memory == NULL ? error_memory(error) : pool_acquire_patient(tenant->pool, &x.snapshot, error);
    if (status == VDB_OK) {
        status = describe(&x, error);
        if (status == VDB_OK)
            status = write_file(&x, &bytes, error);
        connection_rollback(x.snapshot);
        pool_release(tenant->pool, x.snapshot);
    }
    if (status == VDB_OK && info != NULL) {
        vdb_backup_info *made = manifest_info(&x.manifest, options->path, bytes, options->key_file != NULL);
        *info = made;
        status = made == NULL ? error_memory(error) : VDB_OK;
    }
    manifest_free(&x.manifest);
    arena_free(x.memory);
    return status;
}
