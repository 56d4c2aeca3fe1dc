/*
 * merge.c: lists that have shrunk.
 *
 * Each list costs a page, and a turn in every scan, however few rows are left in it. VACUUM joins such a list with the
 * one whose centroid is nearest, where both together are far from being split again. As in a split, the new pages are
 * complete before one WAL record puts them in the place of the old ones, and those keep their contents for the readers
 * that are on their way to them.
 */
#include "tenantvec.h"

#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"

/* A list is joined with another when it has less than one row in so many of what a list may have … */
#define TV_SMALL 8
/* … and both together no more than one in so many. */
#define TV_MERGED 2

static uint32 tv_list_rows(TvChange *change, int i)
{
    Buffer buf = tv_read(change->ix->rel, change->view.lists[i].first, TV_DATA, BUFFER_LOCK_SHARE);
    uint32 rows = TvPageOpaque(BufferGetPage(buf))->rows;

    UnlockReleaseBuffer(buf);
    return rows;
}

/* Have the lists ranked by their distance from the centroid at a place in the table. */
static bool tv_rank_from(TvChange *change, TvPlace place)
{
    TvIndex *ix = change->ix;
    Buffer buf = tv_read(ix->rel, place.block, TV_LISTS, BUFFER_LOCK_SHARE);

    tv_decode(TvPageEntry(BufferGetPage(buf), place.i), change->dim, TV_CENTROID_BITS, ix->work);
    UnlockReleaseBuffer(buf);
    tv_add(ix->work, ix->ref, TvPadded(change->dim));
    ix->rotated = ix->ranked = true;
    return tv_view_load(ix, change->view.block, NULL, true, &change->view);
}

/* The nearest list that list `i` can be joined with; -1 if there is none. */
static int tv_partner(TvChange *change, int i, uint32 rows, uint32 most)
{
    int nearest = -1;

    for (int j = 0; j < change->view.nlists; j++) {
        const TvList *list = &change->view.lists[j];

        if (j == i || (nearest >= 0 && list->distance >= change->view.lists[nearest].distance))
            continue;
        if (rows + tv_list_rows(change, j) <= most)
            nearest = j;
    }
    return nearest;
}

/* The last page of the table that has entries. */
static BlockNumber tv_last_used(TvChange *change)
{
    BlockNumber block = TvPageTenant(change->view.head)->lists;
    BlockNumber used = block;
    BlockNumber steps = 0;

    while (block != InvalidBlockNumber) {
        Buffer buf = tv_read(change->ix->rel, block, TV_LISTS, BUFFER_LOCK_SHARE);

        if (TvPageOpaque(BufferGetPage(buf))->count > 0)
            used = block;
        block = TvPageOpaque(BufferGetPage(buf))->next;
        UnlockReleaseBuffer(buf);
        tv_follow(change->ix->rel, block, &steps);
    }
    return used;
}

/* Pages of one WAL record, each of them once. */
typedef struct TvPages {
    Buffer bufs[4];
    Page pages[4];
    int n;
} TvPages;

static Page tv_page_for(TvPages *pages, Relation index, GenericXLogState *state, BlockNumber block, TvPageKind kind)
{
    for (int i = 0; i < pages->n; i++)
        if (BufferGetBlockNumber(pages->bufs[i]) == block)
            return pages->pages[i];
    pages->bufs[pages->n] = tv_read(index, block, kind, BUFFER_LOCK_EXCLUSIVE);
    pages->pages[pages->n] = GenericXLogRegisterBuffer(state, pages->bufs[pages->n], 0);
    return pages->pages[pages->n++];
}

/* Put the entry where the kept list stood, and the table's last one where the other did. */
static void tv_table_replace(TvChange *change, TvPlace kept, TvPlace gone, const char *entry)
{
    Relation index = change->ix->rel;
    size_t size = TvListSize(change->dim);
    BlockNumber last = tv_last_used(change);
    GenericXLogState *state = GenericXLogStart(index);
    TvPages pages = { .n = 0 };
    TvTenant *tenant = TvPageTenant(tv_page_for(&pages, index, state, change->view.block, TV_TENANT));
    Page page = tv_page_for(&pages, index, state, kept.block, TV_LISTS);

    memcpy(TvPageEntry(page, kept.i), entry, size);
    tenant->version++;
    tenant->nlists--;
    page = tv_page_for(&pages, index, state, last, TV_LISTS);
    TvPageOpaque(page)->count--;
    ((PageHeader)page)->pd_lower -= size;
    if (gone.block != last || gone.i != TvPageOpaque(page)->count)
        memcpy(TvPageEntry(tv_page_for(&pages, index, state, gone.block, TV_LISTS), gone.i),
               TvPageEntry(page, TvPageOpaque(page)->count), size);
    GenericXLogFinish(state);
    for (int i = 0; i < pages.n; i++)
        UnlockReleaseBuffer(pages.bufs[i]);
}

/* Take pages without entries off the end of the table. */
static void tv_table_trim(TvChange *change)
{
    Relation index = change->ix->rel;
    BlockNumber last = tv_last_used(change);
    GenericXLogState *state = GenericXLogStart(index);
    TvPages pages = { .n = 0 };
    TvTenant *tenant = TvPageTenant(tv_page_for(&pages, index, state, change->view.block, TV_TENANT));
    TvOpaque *opaque = TvPageOpaque(tv_page_for(&pages, index, state, last, TV_LISTS));
    BlockNumber chain = opaque->next;

    opaque->next = InvalidBlockNumber;
    tenant->version++;
    if (chain == InvalidBlockNumber)
        GenericXLogAbort(state);
    else
        GenericXLogFinish(state);
    for (int i = 0; i < pages.n; i++)
        UnlockReleaseBuffer(pages.bufs[i]);
    tv_retire_pages(index, chain, TV_LISTS);
}

static void tv_merge(TvChange *change, int i, int j)
{
    Relation index = change->ix->rel;
    TvList small = change->view.lists[i];
    TvList other = change->view.lists[j];
    TvEntry *entry = palloc0(TvListSize(change->dim));
    BlockNumber last;

    tv_list_walk(change->ix, &change->view, &small, tv_rows_add, &change->rows);
    tv_list_walk(change->ix, &change->view, &other, tv_rows_add, &change->rows);
    tv_list_make(index, change->rows.entries, change->rows.n, change->rows.size, change->dim, change->bits, entry);
    tv_table_replace(change, tv_find_place(change, other.first, &last), tv_find_place(change, small.first, &last),
                     (char *)entry);
    tv_retire_pages(index, small.first, TV_DATA);
    tv_retire_pages(index, other.first, TV_DATA);
    tv_table_trim(change);
}

/* Join the next list from `*next` on that is small with another; false when there is none. */
static bool tv_merge_locked(TvChange *change, int *next)
{
    const TvTenant *tenant = TvPageTenant(change->view.head);
    uint32 full = tv_option_list_rows(change->ix->rel);

    change->dim = tenant->dim;
    change->bits = tenant->bits;
    change->rows.size = TvPageOpaque(change->view.head)->size;
    tv_tenant_ref(change->ix, tenant);
    for (; !change->view.flat && change->view.nlists > 1 && *next < change->view.nlists; (*next)++) {
        uint32 rows = tv_list_rows(change, *next);
        BlockNumber last;
        int partner;

        CHECK_FOR_INTERRUPTS();
        if (rows * TV_SMALL >= full)
            continue;
        if (!tv_rank_from(change, tv_find_place(change, change->view.lists[*next].first, &last)))
            return false;
        partner = tv_partner(change, *next, rows, full / TV_MERGED);
        if (partner < 0)
            continue;
        tv_merge(change, *next, partner);
        return true;
    }
    return false;
}

/* The same for the tenant at `head`, unless that is in use; one list a call, so that nobody waits for long. */
bool tv_merge_next(TvIndex *ix, BlockNumber head, int *next)
{
    MemoryContext ctx, caller;
    TvChange change = { 0 };
    bool merged;

    if (!ConditionalLockPage(ix->rel, head, ExclusiveLock))
        return false;
    ctx = AllocSetContextCreate(CurrentMemoryContext, "tenantvec merge", ALLOCSET_DEFAULT_SIZES);
    caller = MemoryContextSwitchTo(ctx);
    change.ix = tv_open(ix->rel, ctx);
    merged = tv_view_load(change.ix, head, NULL, false, &change.view) && tv_merge_locked(&change, next);
    UnlockPage(ix->rel, head, ExclusiveLock);
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(ctx);
    return merged;
}
