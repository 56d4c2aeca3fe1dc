/* One tenant's rows out of a file, into its own domain or another one, in one transaction; and a tenant's erasure. */
#include "backup/operator.h"
#include "backup/origin.h"
#include "backup/rewrite.h"
#include "privacy/erasures.h"
#include "schema/migrations.h"
#include "store/tenant.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

typedef struct import {
    vdb_pool *pool;
    const vdb_import_options *options;
    arena *memory;
    connection *connection;
    origin origin;
    manifest manifest;
    table_list found; /* the tenant's rows here */
    rewriter rewriter;
    char domain[37];
    erasures *erasures;
} import;

static vdb_status check_file(import *i, vdb_error *error)
{
    vdb_status status = origin_open(&i->origin, i->memory, &i->manifest, error);
    if (status != VDB_OK)
        return status;
    if (strcmp(i->manifest.kind, "tenant") != 0 || json_array_size(i->manifest.domains) != 1)
        return error_set(error, VDB_USAGE,
                         "Give a file that `voicedb tenant export` made; `voicedb restore` takes backups.",
                         "%s is not the copy of one tenant", i->options->path);
    if (i->manifest.schema_version > (int64_t)migrations.count)
        return error_set(error, VDB_SCHEMA, "Install a newer voicedb.", "the file was made by a newer voicedb");
    return tables_of_json(i->memory, i->manifest.tables.json, &i->found, error);
}

/* The domain is asked for as every call does it; its handle is not needed after that. */
static vdb_status choose_domain(import *i, vdb_error *error)
{
    const char *own = json_string_value(json_object_get(json_array_get(i->manifest.domains, 0), "uuid"));
    vdb_tenant *tenant;
    vdb_status status = vdb_tenant_open(i->pool, i->options->into == NULL ? own : i->options->into, &tenant, error);
    if (status == VDB_NOT_FOUND && i->options->into == NULL)
        return error_set(error, VDB_NOT_FOUND, "Write --into DOMAIN, or add the domain in FusionPBX first.",
                         "the tenant's own domain %s is not here", own);
    if (status != VDB_OK)
        return status;
    snprintf(i->domain, sizeof i->domain, "%s", tenant->uuid);
    vdb_tenant_close(tenant);
    i->rewriter.from = own;
    i->rewriter.to = i->domain;
    return VDB_OK;
}

static vdb_status check_fit(const import *i, vdb_error *error)
{
    table_list there;
    vdb_status status = tables_of_database(i->connection, i->memory, &there, error);
    if (status == VDB_OK)
        status = tables_check_visible(&there, error);
    tables_free(&there);
    for (size_t n = 0; status == VDB_OK && n < i->found.count; n++) {
        const voice_table *t = &i->found.items[n];
        if (t->missing || t->unfit != NULL || t->add_columns != NULL)
            status = error_set(error, VDB_SCHEMA,
                               "Run `voicedb migrate`, and bring the table to what it was where the file was made.",
                               "%s is not here, or lacks columns of the file", t->name);
    }
    return status;
}

static vdb_status remove_rows(connection *c, const table_list *tables, vdb_error *error)
{
    vdb_status status = VDB_OK;
    for (size_t n = tables->count; status == VDB_OK && n > 0; n--)
        status = connection_execute(c, tables->items[n - 1].remove, error);
    return status;
}

/* What is there: nothing, the file's rows already (`done`), or others. */
static vdb_status clear_way(import *i, bool *done, vdb_error *error)
{
    vdb_status status = tables_fingerprint(i->connection, i->memory, &i->found, error);
    int64_t rows = tables_rows(&i->found);
    *done = false;
    if (status != VDB_OK || rows == 0)
        return status;
    if (i->options->replace)
        return remove_rows(i->connection, &i->found, error);
    *done = tables_compare(&i->manifest.tables, &i->found, NULL) == VDB_OK;
    return *done ? VDB_OK
                 : error_set(error, VDB_CONFLICT, "Write --replace to delete them and import the file's.",
                             "the tenant has %" PRId64 " rows here", rows);
}

/* Whom this tenant has erased, and whom the one that the rows came from has. */
static vdb_status leave_out(import *i, vdb_error *error)
{
    int64_t count = 0;
    vdb_status status = erasures_repeat(i->erasures, i->connection, i->domain, i->domain, &count, error);
    if (status == VDB_OK && strcmp(i->rewriter.from, i->domain) != 0)
        status = erasures_repeat(i->erasures, i->connection, i->domain, i->rewriter.from, &count, error);
    return status;
}

static vdb_status load(import *i, vdb_error *error)
{
    bool done = false;
    vdb_status status = tables_prepare(i->connection, i->memory, &i->found, i->domain, error);
    if (status == VDB_OK)
        status = check_fit(i, error);
    if (status == VDB_OK)
        status =
            erasures_open(i->connection, i->domain, i->rewriter.from, i->options->erasure_keys, &i->erasures, error);
    if (status == VDB_OK)
        status = clear_way(i, &done, error);
    if (status != VDB_OK || done)
        return status;
    loader l;
    loader_begin(&l, i->connection, &i->found);
    l.rewrite = rewrite_row;
    l.context = &i->rewriter;
    status = origin_load(&i->origin, &i->manifest, &i->found, &l, error);
    if (status == VDB_OK)
        status = tables_fingerprint(i->connection, i->memory, &i->found, error);
    if (status == VDB_OK)
        status = tables_compare(&i->manifest.tables, &i->found, error);
    return status == VDB_OK ? leave_out(i, error) : status;
}

static vdb_status run(import *i, vdb_error *error)
{
    vdb_status status = check_file(i, error);
    if (status == VDB_OK)
        status = choose_domain(i, error);
    if (status == VDB_OK)
        status = operator_lock(i->connection, error);
    if (status == VDB_OK)
        status = operator_begin_repeatable(i->connection, error);
    if (status == VDB_OK)
        status = load(i, error);
    if (status == VDB_OK)
        status = connection_commit(i->connection, error);
    if (status != VDB_OK)
        connection_rollback(i->connection);
    return status;
}

vdb_status vdb_tenant_import(vdb_pool *pool, const vdb_import_options *options, const vdb_backup_info **info,
                             vdb_error *error)
{
    error_clear(error);
import i = {.pool = pool, .options = options, .memory = arena_new() };
    if (i.memory == NULL)
        return error_memory(error);
    i.rewriter.keys = pool_keyring(pool);
    i.origin = (origin){
        .path = options->path, .key_file = options->key_file, .progress = options->progress, .context = options->context
    };
    vdb_status status = pool_open_patient(pool, &i.connection, error);
    if (status == VDB_OK) {
        status = run(&i, error);
        erasures_close(i.erasures);
        connection_close(i.connection);
    }
    if (status == VDB_OK && info != NULL) {
        vdb_backup_info *made = manifest_info(&i.manifest, options->path, i.origin.bytes, i.origin.sealed);
        *info = made;
        status = made == NULL ? error_memory(error) : VDB_OK;
    }
    sodium_memzero(&i.rewriter.old, sizeof i.rewriter.old);
    sodium_memzero(&i.rewriter.new, sizeof i.rewriter.new);
    manifest_free(&i.manifest);
    tables_free(&i.found);
    arena_free(i.memory);
    return status;
}
