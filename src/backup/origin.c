#include "backup/origin.h"

#include "backup/ahead.h"

#include <string.h>

static vdb_status prove(origin *s, arena *a, manifest *m, vdb_error *error)
{
    container_reader *r;
    vdb_status status = container_open(s->path, s->key_file, &r, error);
    if (status != VDB_OK)
        return status;
    s->bytes = container_size(r);
    s->sealed = container_is_sealed(r);
    status = container_skim(r, NULL, NULL, error);
    if (status == VDB_OK)
        status = manifest_read(a, container_manifest(r), m, error);
    container_close(r);
    return status;
}

vdb_status origin_open(origin *s, arena *a, manifest *m, vdb_error *error)
{
    *m = (manifest){ 0 };
    s->plain = container_is_foreign(s->path);
    return s->plain ? plain_scan(s, a, m, error) : prove(s, a, m, error);
}

static vdb_status feed(const origin *s, ahead *h, copy_text *text, vdb_error *error)
{
    for (;;) {
        const char *piece;
        size_t length;
        int64_t position;
        vdb_status status = ahead_read(h, &piece, &length, &position, error);
        if (status != VDB_OK || length == 0)
            return status == VDB_OK ? copy_text_finish(text, error) : status;
        status = copy_text_read(text, piece, length, error);
        if (status == VDB_OK && s->progress != NULL && !s->progress(s->context, position, s->bytes))
            status = error_set(error, VDB_USAGE, "Run it again to see it through.", "interrupted; nothing was changed");
        if (status != VDB_OK)
            return status;
    }
}

static vdb_status load_backup(const origin *s, loader *l, vdb_error *error)
{
    container_reader *r;
    vdb_status status = container_open(s->path, s->key_file, &r, error);
    if (status != VDB_OK)
        return status;
    ahead *h;
    status = ahead_begin(r, &h, error);
    if (status == VDB_OK) {
        copy_text text;
        const copy_listener listener = loader_listener(l);
        copy_text_begin(&text, &listener);
        status = feed(s, h, &text, error);
        copy_text_free(&text);
        ahead_end(h);
    }
    container_close(r);
    return status;
}

static vdb_status load_table(const origin *s, int64_t offset, const char *name, loader *l, vdb_error *error)
{
    copy_text text;
    const copy_listener listener = loader_listener(l);
    copy_text_begin(&text, &listener);
    l->only = name;
    l->done = false;
    vdb_status status = plain_read(s, offset, &text, &l->done, error);
    copy_text_free(&text);
    return status;
}

vdb_status origin_load(const origin *s, const manifest *m, const table_list *order, loader *l, vdb_error *error)
{
    vdb_status status = VDB_OK;
    if (!s->plain)
        return loader_end(l, load_backup(s, l, error), error);
    for (size_t i = 0; status == VDB_OK && i < order->count; i++) {
        const voice_table *t = tables_find(&m->tables, order->items[i].name);
        if (t != NULL)
            status = load_table(s, s->offsets[t - m->tables.items], t->name, l, error);
    }
    return loader_end(l, status, error);
}
