/* The end of a tenant's rows. */
#include "backup/operator.h"
#include "backup/tables.h"
#include "pg/record.h"
#include "store/tenant.h"

#include <inttypes.h>
#include <string.h>

static vdb_status erase(connection *c, const table_list *tables, vdb_error *error)
{
    vdb_status status = VDB_OK;
    for (size_t n = tables->count; status == VDB_OK && n > 0; n--)
        status = connection_execute(c, tables->items[n - 1].remove, error);
    return status;
}

/* A call may have written a row between the snapshots of two statements. */
static vdb_status check_gone(connection *c, arena *a, const table_list *tables, const char *domain, vdb_error *error)
{
    table_list left;
    vdb_status status = tables_of_json(a, tables->json, &left, error);
    if (status == VDB_OK)
        status = tables_prepare(c, a, &left, domain, error);
    if (status == VDB_OK)
        status = tables_count(c, &left, error);
    if (status == VDB_OK && tables_rows(&left) > 0)
        status = error_set(error, VDB_CONFLICT, "Try again when no call of the tenant is going on; nothing was erased.",
                           "the tenant got %" PRId64 " rows meanwhile", tables_rows(&left));
    tables_free(&left);
    return status;
}

static vdb_status run(vdb_tenant *tenant, connection *c, arena *a, bool dry_run, table_list *tables, vdb_error *error)
{
    vdb_status status = operator_lock(c, error);
    if (status == VDB_OK)
        status = operator_begin(c, error);
    if (status == VDB_OK)
        status = tables_of_database(c, a, tables, error);
    if (status == VDB_OK)
        status = tables_check_visible(tables, error);
    if (status == VDB_OK)
        status = tables_prepare(c, a, tables, tenant->uuid, error);
    if (status == VDB_OK)
        status = tables_count(c, tables, error);
    if (status == VDB_OK && !dry_run)
        status = erase(c, tables, error);
    if (status == VDB_OK && !dry_run)
        status = check_gone(c, a, tables, tenant->uuid, error);
    if (status == VDB_OK)
        status = connection_commit(c, error);
    if (status != VDB_OK)
        connection_rollback(c);
    return status;
}

static vdb_status hand_out(const table_list *tables, const vdb_backup_table **rows, size_t *count, vdb_error *error)
{
    arena *a;
    vdb_backup_table *made = rows_allocate(sizeof *made, tables->count, &a);
    if (made == NULL)
        return error_memory(error);
    for (size_t i = 0; i < tables->count; i++)
        made[i] = (vdb_backup_table){ arena_copy_string(a, tables->items[i].name), tables->items[i].rows, NULL };
    *rows = made;
    *count = tables->count;
    return VDB_OK;
}

vdb_status vdb_tenant_erase(vdb_tenant *tenant, const char *confirm, bool dry_run, const vdb_backup_table **rows,
                            size_t *count, vdb_error *error)
{
    error_clear(error);
    if (!dry_run && (confirm == NULL || strcmp(confirm, tenant->name) != 0))
        return error_set(error, VDB_USAGE,
                         "Write --confirm with the domain's name, exactly as `voicedb tenant list` shows it.",
                         "the erasure of %s is not confirmed", tenant->name);
    table_list tables = { 0 };
    connection *c = NULL;
    arena *a = arena_new();
    vdb_status status = a == NULL ? error_memory(error) : pool_open_patient(tenant->pool, &c, error);
    if (status == VDB_OK)
        status = run(tenant, c, a, dry_run, &tables, error);
    if (status == VDB_OK)
        status = hand_out(&tables, rows, count, error);
    connection_close(c);
    tables_free(&tables);
    arena_free(a);
    return status;
}
