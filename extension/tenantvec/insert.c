/*
 * insert.c: one row into its tenant's nearest list.
 *
 * New rows go to the first page of a list. When that is full its entries move to a new page behind it, so an insert
 * locks one page, sometimes one more, and never looks for the end of a list.
 */
#include "tenantvec.h"

#include "storage/lmgr.h"
#include "utils/memutils.h"

/* Move the first page's entries to a new page behind it. Both are registered in `state`. */
static Page tv_push_down(GenericXLogState *state, Page first, Buffer newbuf)
{
    Page page = GenericXLogRegisterBuffer(state, newbuf, GENERIC_XLOG_FULL_IMAGE);
    TvOpaque *opaque = TvPageOpaque(first);

    tv_page_init(page, TV_DATA, opaque->id, 0, opaque->size);
    TvPageOpaque(page)->next = opaque->next;
    if (opaque->count > 0)
        tv_page_append(page, TvPageEntry(first, 0), opaque->count);
    opaque->next = BufferGetBlockNumber(newbuf);
    opaque->count = 0;
    ((PageHeader)first)->pd_lower = opaque->start;
    return page;
}

/* Add an entry to the list that begins at the block; returns how many rows it has now. */
static uint32 tv_list_push(TvIndex *ix, BlockNumber block, bool flat, const TvEntry *entry)
{
    Buffer buf = tv_read(ix->rel, block, flat ? TV_TENANT : TV_DATA, BUFFER_LOCK_EXCLUSIVE);
    Buffer newbuf = InvalidBuffer;
    GenericXLogState *state;
    Page page, target;
    uint32 rows;

    if (TvPageOpaque(BufferGetPage(buf))->count >= tv_page_capacity(BufferGetPage(buf)))
        newbuf = tv_new_buffer(ix->rel);
    state = GenericXLogStart(ix->rel);
    page = GenericXLogRegisterBuffer(state, buf, 0);
    target = page;
    if (BufferIsValid(newbuf)) {
        Page behind = tv_push_down(state, page, newbuf);

        if (tv_page_capacity(page) == 0)
            target = behind;
    }
    tv_page_append(target, entry, 1);
    rows = ++TvPageOpaque(page)->rows;
    GenericXLogFinish(state);
    if (BufferIsValid(newbuf))
        UnlockReleaseBuffer(newbuf);
    UnlockReleaseBuffer(buf);
    return rows;
}

static const TvList *tv_nearest_list(const TvView *view)
{
    const TvList *nearest = &view->lists[0];

    for (int i = 1; i < view->nlists; i++)
        if (view->lists[i].distance < nearest->distance)
            nearest = &view->lists[i];
    return nearest;
}

/* View of the tenant, created if need be; its page lock is held in share mode, so its lists stay where they are. */
static void tv_lock_tenant(TvIndex *ix, const TvKey *key, int dim, TvView *view)
{
    for (;;) {
        BlockNumber head = tv_tenant_find(ix, key);

        if (head == InvalidBlockNumber)
            head = tv_tenant_create(ix, key, dim);
        LockPage(ix->rel, head, ShareLock);
        if (tv_view_load(ix, head, key, true, view))
            return;
        UnlockPage(ix->rel, head, ShareLock);
    }
}

void tv_insert_row(TvIndex *ix, Relation heap, const TvKey *key, Datum vector, ItemPointer tid, TvView *view)
{
    int dim = tv_vector_dim(ix, vector);
    const TvTenant *tenant;
    const TvList *list;
    TvEntry *entry;
    uint32 rows;

    tv_vector_set(ix, vector);
    tv_lock_tenant(ix, key, dim, view);
    tenant = TvPageTenant(view->head);
    list = tv_nearest_list(view);
    tv_tenant_ref(ix, tenant);
    entry = palloc0(TvEntrySize(dim, tenant->bits));
    if (tv_vector_rotated(ix))
        tv_encode(ix->type->metric, ix->work, ix->ref, dim, tenant->bits, entry);
    else
        entry->flags = TV_UNRANKED;
    entry->tid = *tid;
    rows = tv_list_push(ix, list->first, view->flat, entry);
    UnlockPage(ix->rel, view->block, ShareLock);
    if (tv_restructure_due(ix->rel, tenant, rows))
        tv_restructure(ix, heap, view->block, list->first);
    pfree(entry);
}

typedef struct TvInsertState {
    TvIndex *ix;
    TvView view;
    MemoryContext row;
} TvInsertState;

static TvInsertState *tv_insert_state(Relation index, IndexInfo *info)
{
    if (info->ii_AmCache == NULL) {
        MemoryContext ctx = AllocSetContextCreate(info->ii_Context, "tenantvec insert", ALLOCSET_DEFAULT_SIZES);
        TvInsertState *state = MemoryContextAllocZero(ctx, sizeof(TvInsertState));

        state->ix = tv_open(index, ctx);
        state->row = AllocSetContextCreate(ctx, "tenantvec insert row", ALLOCSET_DEFAULT_SIZES);
        info->ii_AmCache = state;
    }
    return (TvInsertState *)info->ii_AmCache;
}

/* Rows without a tenant or without a vector are left out: no scan could ask for them by order. */
bool tv_insert(Relation index, Datum *values, bool *isnull, ItemPointer tid, Relation heap, IndexUniqueCheck check,
               TV_INSERT_UNCHANGED IndexInfo *info)
{
    TvInsertState *state;
    MemoryContext caller;
    TvKey key;
    bool possible;

    if (isnull[0] || isnull[1])
        return false;
    state = tv_insert_state(index, info);
    state->ix->rel = index;
    caller = MemoryContextSwitchTo(state->row);
    tv_key_make(state->ix, values[0], InvalidOid, &key, &possible);
    tv_insert_row(state->ix, heap, &key, PointerGetDatum(PG_DETOAST_DATUM(values[1])), tid, &state->view);
    MemoryContextSwitchTo(caller);
    MemoryContextReset(state->row);
    return false;
}
