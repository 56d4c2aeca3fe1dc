/* Reads a backup from its first byte to its last and says what it is. */
#include "backup/container.h"
#include "backup/copy_text.h"
#include "backup/manifest.h"

#include <string.h>

typedef struct check {
    table_list found;
    voice_table *current;
} check;

static vdb_status see_head(void *context, const copy_head *head, vdb_error *error)
{
    check *k = context;
    k->current = tables_find(&k->found, head->table);
    if (k->current != NULL)
        return VDB_OK;
    return error_set(error, VDB_BAD_INPUT, "Use another backup.", "rows of %s are not in the manifest", head->table);
}

static vdb_status see_row(void *context, const char *row, size_t length, vdb_error *error)
{
    check *k = context;
    (void)row;
    (void)length;
    (void)error;
    k->current->rows++;
    return VDB_OK;
}

static vdb_status read_text(container_reader *r, check *k, vdb_progress progress, void *context, vdb_error *error)
{
    copy_text text;
    copy_text_begin(&text, &(copy_listener){ .head = see_head, .row = see_row, .context = k });
    vdb_status status = VDB_OK;
    for (size_t length = 1; status == VDB_OK && length > 0;) {
        const char *piece;
        status = container_read(r, &piece, &length, error);
        if (status == VDB_OK)
            status = copy_text_read(&text, piece, length, error);
        if (status == VDB_OK && progress != NULL && !progress(context, container_position(r), container_size(r)))
            status = error_set(error, VDB_USAGE, "Run it again to see it through.", "interrupted");
    }
    if (status == VDB_OK)
        status = copy_text_finish(&text, error);
    copy_text_free(&text);
    return status;
}

/* Only counts: the hashes are of values, which only a server knows how to write. The container's own hash covers the
 * bytes. */
static vdb_status compare(const table_list *wanted, const table_list *found, vdb_error *error)
{
    for (size_t i = 0; i < wanted->count; i++) {
        if (wanted->items[i].rows != found->items[i].rows)
            return error_set(error, VDB_BAD_INPUT, "Use another backup.", "%s has other rows than the manifest says",
                             wanted->items[i].name);
    }
    return VDB_OK;
}

static vdb_status verify(container_reader *r, arena *a, manifest *m, vdb_progress progress, void *context,
                         vdb_error *error)
{
    check k = { 0 };
    vdb_status status = manifest_read(a, container_manifest(r), m, error);
    if (status == VDB_OK)
        status = tables_of_json(a, m->tables.json, &k.found, error);
    for (size_t i = 0; status == VDB_OK && i < k.found.count; i++)
        k.found.items[i].rows = 0;
    if (status == VDB_OK)
        status = read_text(r, &k, progress, context, error);
    if (status == VDB_OK)
        status = compare(&m->tables, &k.found, error);
    tables_free(&k.found);
    return status;
}

vdb_status vdb_backup_verify(const char *path, const char *key_file, vdb_progress progress, void *context,
                             const vdb_backup_info **info, vdb_error *error)
{
    error_clear(error);
    container_reader *r;
    vdb_status status = container_open(path, key_file, &r, error);
    if (status != VDB_OK)
        return status;
    manifest m = { 0 };
    arena *a = arena_new();
    status = a == NULL ? error_memory(error) : verify(r, a, &m, progress, context, error);
    if (status == VDB_OK && info != NULL) {
        vdb_backup_info *made = manifest_info(&m, path, container_size(r), container_is_sealed(r));
        *info = made;
        status = made == NULL ? error_memory(error) : VDB_OK;
    }
    manifest_free(&m);
    arena_free(a);
    container_close(r);
    return status;
}
