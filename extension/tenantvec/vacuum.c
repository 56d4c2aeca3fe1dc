/*
 * vacuum.c: removing dead rows, joining half-empty pages, and making retired pages available again.
 *
 * Tenants are found by reading all blocks: a TENANT page never moves. Within a tenant its lists are taken one by one
 * under the tenant's page lock in share mode, so that no split can carry dead rows past us; a list that is split in
 * between leaves one half in its place and the other at the end of the table, where we have yet to come.
 */
#include "tenantvec.h"

#include "miscadmin.h"
#include "storage/indexfsm.h"
#include "storage/lmgr.h"

typedef struct TvVacuum {
    TvIndex *ix;
    BufferAccessStrategy strategy;
    IndexBulkDeleteResult *stats;
    IndexBulkDeleteCallback callback; /* NULL: only count */
    void *arg;
    char *keep;     /* space for the entries of a page */
    uint8 *reached; /* a bit for every block that a tenant leads to */
    BlockNumber nblocks;
    uint64 oldest; /* transactions before this had ended when we began */
} TvVacuum;

static void tv_reach(TvVacuum *vacuum, BlockNumber block)
{
    if (block < vacuum->nblocks)
        vacuum->reached[block / 8] |= 1 << (block % 8);
}

static Buffer tv_vacuum_read(TvVacuum *vacuum, BlockNumber block, TvPageKind kind)
{
    Buffer buf = ReadBufferExtended(vacuum->ix->rel, MAIN_FORKNUM, block, RBM_NORMAL, vacuum->strategy);

    tv_reach(vacuum, block);
    LockBuffer(buf, BUFFER_LOCK_EXCLUSIVE);
    tv_page_check(vacuum->ix->rel, buf, kind);
    return buf;
}

/* Copy the entries that stay to `keep`; returns how many. */
static int tv_survivors(TvVacuum *vacuum, Page page)
{
    TvOpaque *opaque = TvPageOpaque(page);
    int kept = 0;

    for (int i = 0; i < opaque->count; i++) {
        TvEntry *entry = TvPageEntry(page, i);

        if (vacuum->callback && vacuum->callback(&entry->tid, vacuum->arg))
            continue;
        memcpy(vacuum->keep + (size_t)opaque->size * kept++, entry, opaque->size);
    }
    vacuum->stats->num_index_tuples += kept;
    vacuum->stats->tuples_removed += opaque->count - kept;
    return kept;
}

/* Leave only the entries in `keep` on the page. */
static void tv_page_replace(TvVacuum *vacuum, Buffer buf, int kept)
{
    GenericXLogState *state;
    Page page;

    if (kept == TvPageOpaque(BufferGetPage(buf))->count)
        return;
    state = GenericXLogStart(vacuum->ix->rel);
    page = GenericXLogRegisterBuffer(state, buf, 0);
    TvPageOpaque(page)->count = 0;
    ((PageHeader)page)->pd_lower = TvPageOpaque(page)->start;
    if (kept > 0)
        tv_page_append(page, vacuum->keep, kept);
    GenericXLogFinish(state);
}

/*
 * Move the entries in `keep` from `buf` to the page before it and unlink `buf`. It keeps its contents for readers that
 * are on their way to it.
 */
static void tv_page_join(TvVacuum *vacuum, Buffer before, Buffer buf, int kept)
{
    GenericXLogState *state = GenericXLogStart(vacuum->ix->rel);
    Page to = GenericXLogRegisterBuffer(state, before, 0);
    TvOpaque *opaque = TvPageOpaque(GenericXLogRegisterBuffer(state, buf, 0));

    if (kept > 0)
        tv_page_append(to, vacuum->keep, kept);
    TvPageOpaque(to)->next = opaque->next;
    opaque->kind = TV_RETIRED;
    opaque->xid = U64FromFullTransactionId(ReadNextFullTransactionId());
    GenericXLogFinish(state);
}

/* Correct the count of rows on a list's first page. */
static void tv_list_count(TvVacuum *vacuum, BlockNumber first, TvPageKind kind, uint32 removed)
{
    Buffer buf = tv_vacuum_read(vacuum, first, kind);
    GenericXLogState *state = GenericXLogStart(vacuum->ix->rel);
    TvOpaque *opaque = TvPageOpaque(GenericXLogRegisterBuffer(state, buf, 0));

    opaque->rows -= Min(opaque->rows, removed);
    GenericXLogFinish(state);
    UnlockReleaseBuffer(buf);
}

/* One list, page by page, holding a page and the one before it. */
static void tv_vacuum_list(TvVacuum *vacuum, BlockNumber first, TvPageKind kind)
{
    Buffer before = tv_vacuum_read(vacuum, first, kind);
    double removed = vacuum->stats->tuples_removed;
    BlockNumber steps = 0;

    tv_page_replace(vacuum, before, tv_survivors(vacuum, BufferGetPage(before)));
    for (;;) {
        Page page = BufferGetPage(before);
        BlockNumber next = TvPageOpaque(page)->next;
        Buffer buf;
        int kept;

        CHECK_FOR_INTERRUPTS();
        if (next == InvalidBlockNumber)
            break;
        tv_follow(vacuum->ix->rel, next, &steps);
        buf = tv_vacuum_read(vacuum, next, TV_DATA);
        tv_page_check_entries(vacuum->ix->rel, buf, TvPageOpaque(page)->size);
        kept = tv_survivors(vacuum, BufferGetPage(buf));
        if (vacuum->callback && TvPageOpaque(page)->count + kept <= tv_page_capacity(page)) {
            tv_page_join(vacuum, before, buf, kept);
            UnlockReleaseBuffer(buf);
        } else {
            tv_page_replace(vacuum, buf, kept);
            UnlockReleaseBuffer(before);
            before = buf;
        }
    }
    UnlockReleaseBuffer(before);
    removed = vacuum->stats->tuples_removed - removed;
    if (removed > 0)
        tv_list_count(vacuum, first, kind, (uint32)removed);
}

/* First page of the list at a place in the table; moves the place on. Invalid at the end. */
static BlockNumber tv_next_list(TvVacuum *vacuum, BlockNumber *block, int *i)
{
    while (*block != InvalidBlockNumber) {
        Buffer buf = tv_read(vacuum->ix->rel, *block, TV_LISTS, BUFFER_LOCK_SHARE);
        Page page = BufferGetPage(buf);
        BlockNumber next = TvPageOpaque(page)->next;
        BlockNumber first = InvalidBlockNumber;

        tv_reach(vacuum, *block);
        if (*i < TvPageOpaque(page)->count) {
            first = ItemPointerGetBlockNumberNoCheck(&TvPageEntry(page, *i)->tid);
            (*i)++;
        }
        UnlockReleaseBuffer(buf);
        if (first != InvalidBlockNumber)
            return first;
        if (next == InvalidBlockNumber)
            return next;
        *block = next;
        *i = 0;
    }
    return InvalidBlockNumber;
}

/* Copy of a tenant's state. False if the block is no tenant any more. */
static bool tv_vacuum_look(TvVacuum *vacuum, BlockNumber head, TvTenant *tenant)
{
    Buffer buf = ReadBufferExtended(vacuum->ix->rel, MAIN_FORKNUM, head, RBM_NORMAL, vacuum->strategy);
    Page page = BufferGetPage(buf);
    bool found;

    LockBuffer(buf, BUFFER_LOCK_SHARE);
    found = TvPageOurs(page) && TvPageOpaque(page)->kind == TV_TENANT;
    if (found)
        memcpy(tenant, TvPageTenant(page), sizeof(TvTenant));
    UnlockReleaseBuffer(buf);
    return found;
}

static bool tv_list_empty(TvVacuum *vacuum, BlockNumber first, TvPageKind kind)
{
    Buffer buf = tv_read(vacuum->ix->rel, first, kind, BUFFER_LOCK_SHARE);
    TvOpaque *opaque = TvPageOpaque(BufferGetPage(buf));
    bool empty = opaque->count == 0 && opaque->next == InvalidBlockNumber;

    UnlockReleaseBuffer(buf);
    return empty;
}

/* Retire the pages of a tenant that is no longer in the directory: its lists, of one page each, their table, its point.
 */
static void tv_retire_tenant(TvVacuum *vacuum, const TvTenant *tenant)
{
    Relation index = vacuum->ix->rel;
    BlockNumber block = tenant->lists;
    int i = 0;

    while (block != InvalidBlockNumber) {
        BlockNumber table = block;
        BlockNumber first = tv_next_list(vacuum, &block, &i);

        if (first != InvalidBlockNumber)
            tv_retire(index, first);
        else
            block = InvalidBlockNumber;
        if (block != table)
            tv_retire(index, table);
    }
    if (tenant->ref != InvalidBlockNumber)
        tv_retire(index, tenant->ref);
}

/* Free a tenant that has no rows left, unless it is in use. */
static void tv_vacuum_remove(TvVacuum *vacuum, BlockNumber head)
{
    TvTenant tenant;
    BlockNumber place, first;
    bool empty = true;
    int i = 0;

    if (!ConditionalLockPage(vacuum->ix->rel, head, ExclusiveLock))
        return;
    if (tv_vacuum_look(vacuum, head, &tenant)) {
        place = tenant.lists;
        if (place == InvalidBlockNumber)
            empty = tv_list_empty(vacuum, head, TV_TENANT);
        while (empty && (first = tv_next_list(vacuum, &place, &i)) != InvalidBlockNumber)
            empty = tv_list_empty(vacuum, first, TV_DATA);
        if (empty && tv_tenant_remove(vacuum->ix, head))
            tv_retire_tenant(vacuum, &tenant);
    }
    UnlockPage(vacuum->ix->rel, head, ExclusiveLock);
}

static void tv_vacuum_tenant(TvVacuum *vacuum, BlockNumber head)
{
    BlockNumber place = InvalidBlockNumber;
    double before = vacuum->stats->num_index_tuples;
    double removed = vacuum->stats->tuples_removed;
    int i = 0;

    for (int round = 0;; round++) {
        BlockNumber first = InvalidBlockNumber;
        TvTenant tenant;

        tv_vacuum_delay_point();
        LockPage(vacuum->ix->rel, head, ShareLock);
        if (tv_vacuum_look(vacuum, head, &tenant)) {
            bool flat = tenant.lists == InvalidBlockNumber;

            if (tenant.ref != InvalidBlockNumber)
                tv_reach(vacuum, tenant.ref);
            if (!flat && place == InvalidBlockNumber)
                place = tenant.lists;
            first = !flat ? tv_next_list(vacuum, &place, &i) : round == 0 ? head : InvalidBlockNumber;
            if (first != InvalidBlockNumber)
                tv_vacuum_list(vacuum, first, flat ? TV_TENANT : TV_DATA);
        }
        UnlockPage(vacuum->ix->rel, head, ShareLock);
        if (first == InvalidBlockNumber)
            break;
    }
    if (vacuum->stats->num_index_tuples == before)
        tv_vacuum_remove(vacuum, head);
    else if (vacuum->stats->tuples_removed > removed)
        for (int next = 0; tv_merge_next(vacuum->ix, head, &next);)
            tv_vacuum_delay_point();
}

/* What a block is, as far as vacuum cares. */
static bool tv_vacuum_block(TvVacuum *vacuum, BlockNumber block)
{
    Buffer buf = ReadBufferExtended(vacuum->ix->rel, MAIN_FORKNUM, block, RBM_NORMAL, vacuum->strategy);
    Page page = BufferGetPage(buf);
    bool tenant = false;

    LockBuffer(buf, BUFFER_LOCK_SHARE);
    if (tv_page_reusable(page)) {
        RecordFreeIndexPage(vacuum->ix->rel, block);
        vacuum->stats->pages_free++;
    } else if (TvPageOurs(page))
        tenant = TvPageOpaque(page)->kind == TV_TENANT;
    UnlockReleaseBuffer(buf);
    return tenant;
}

/*
 * Retire pages that no tenant leads to: a transaction that wrote them was cut off before it could link them. Whoever
 * made them has to have ended before we began; what came later may have been linked behind our back.
 */
static void tv_vacuum_lost(TvVacuum *vacuum)
{
    for (BlockNumber block = 1; block < vacuum->nblocks; block++) {
        Buffer buf;
        Page page;
        bool lost;

        if (vacuum->reached[block / 8] & (1 << (block % 8)))
            continue;
        tv_vacuum_delay_point();
        buf = ReadBufferExtended(vacuum->ix->rel, MAIN_FORKNUM, block, RBM_NORMAL, vacuum->strategy);
        LockBuffer(buf, BUFFER_LOCK_SHARE);
        page = BufferGetPage(buf);
        lost = TvPageOurs(page) && TvPageOpaque(page)->xid < vacuum->oldest &&
               (TvPageOpaque(page)->kind == TV_DATA || TvPageOpaque(page)->kind == TV_LISTS ||
                TvPageOpaque(page)->kind == TV_REF);
        UnlockReleaseBuffer(buf);
        if (lost)
            tv_retire(vacuum->ix->rel, block);
    }
}

static IndexBulkDeleteResult *tv_vacuum_all(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
                                            IndexBulkDeleteCallback callback, void *arg)
{
    TvVacuum vacuum = { .ix = tv_open(info->index, CurrentMemoryContext),
                        .strategy = info->strategy,
                        .callback = callback,
                        .arg = arg,
                        .keep = palloc(BLCKSZ),
                        .oldest = tv_oldest_xid(),
                        .nblocks = RelationGetNumberOfBlocks(info->index) };

    if (stats == NULL)
        stats = palloc0(sizeof(IndexBulkDeleteResult));
    vacuum.stats = stats;
    vacuum.reached = palloc_extended(vacuum.nblocks / 8 + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
    stats->num_index_tuples = 0;
    stats->pages_free = 0;
    stats->estimated_count = false;
    for (BlockNumber block = 1; block < vacuum.nblocks; block++) {
        tv_vacuum_delay_point();
        if (tv_vacuum_block(&vacuum, block))
            tv_vacuum_tenant(&vacuum, block);
    }
    tv_vacuum_lost(&vacuum);
    stats->num_pages = vacuum.nblocks;
    IndexFreeSpaceMapVacuum(info->index);
    pfree(vacuum.reached);
    pfree(vacuum.keep);
    return stats;
}

IndexBulkDeleteResult *tv_bulkdelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
                                     IndexBulkDeleteCallback callback, void *arg)
{
    return tv_vacuum_all(info, stats, callback, arg);
}

IndexBulkDeleteResult *tv_vacuumcleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
    if (info->analyze_only || stats != NULL)
        return stats;
    return tv_vacuum_all(info, NULL, NULL, NULL);
}
