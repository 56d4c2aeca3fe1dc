/*
 * tenants.c: reading a tenant without holding anything up.
 *
 * A view is a consistent copy of which lists a tenant has. Lists that are split or moved afterwards leave their old
 * pages behind as they were, and everything that a reader's snapshot can see was in them, so a view stays good for as
 * long as its reader's snapshot.
 */
#include "tenantvec.h"

#include "miscadmin.h"

/* Have the tenant's reference point decoded in ix->ref. */
void tv_tenant_ref(TvIndex *ix, const TvTenant *tenant)
{
    Buffer buf;

    tv_set_dim(ix, tenant->dim);
    if (tenant->ref == InvalidBlockNumber) {
        if (ix->ref_id != 0)
            memset(ix->ref, 0, sizeof(float) * TvPadded(tenant->dim));
        ix->ref_id = 0;
        return;
    }
    if (ix->ref_id == tenant->ref_id)
        return;
    buf = tv_read(ix->rel, tenant->ref, TV_REF, BUFFER_LOCK_SHARE);
    tv_page_check_id(ix->rel, buf, tenant->ref_id);
    tv_page_check_entries(ix->rel, buf, TvEntrySize(tenant->dim, TV_CENTROID_BITS));
    if (TvPageOpaque(BufferGetPage(buf))->count != 1)
        tv_bad_page(ix->rel, tenant->ref, "no reference point");
    tv_decode(TvPageEntry(BufferGetPage(buf), 0), tenant->dim, TV_CENTROID_BITS, ix->ref);
    ix->ref_id = tenant->ref_id;
    UnlockReleaseBuffer(buf);
}

/* Copy the TENANT page. False if the block is not, or no longer, the one of `key`; any tenant's will do if it is NULL.
 */
static bool tv_head_copy(TvIndex *ix, BlockNumber head, const TvKey *key, char *copy)
{
    Buffer buf = tv_pin(ix->rel, head);
    Page page = BufferGetPage(buf);
    TvTenant *tenant = (TvTenant *)PageGetContents(copy);

    LockBuffer(buf, BUFFER_LOCK_SHARE);
    if (!TvPageOurs(page) || TvPageOpaque(page)->kind != TV_TENANT) {
        UnlockReleaseBuffer(buf);
        return false;
    }
    tv_page_check(ix->rel, buf, TV_TENANT);
    memcpy(copy, page, BLCKSZ);
    UnlockReleaseBuffer(buf);
    if (tenant->dim < 1 || tenant->dim > TV_MAX_DIM || tenant->bits < 1 || tenant->bits > TV_MAX_BITS ||
        TvPageOpaque(copy)->size != TvEntrySize(tenant->dim, tenant->bits))
        tv_bad_page(ix->rel, head, "impossible tenant");
    if (!tv_key_sound(ix, copy))
        tv_bad_page(ix->rel, head, "impossible tenant key");
    return key == NULL || tv_tenant_is(ix, copy, key);
}

static void tv_view_reserve(TvIndex *ix, TvView *view, int nlists)
{
    if (nlists <= view->allocated)
        return;
    view->allocated = Max(nlists, 2 * view->allocated);
    if (view->lists == NULL)
        view->lists = MemoryContextAlloc(ix->ctx, sizeof(TvList) * view->allocated);
    else
        view->lists = repalloc(view->lists, sizeof(TvList) * view->allocated);
}

/* Add the lists of one LISTS page, with their distances from the query if there is one. */
static void tv_view_add(TvIndex *ix, TvView *view, Page page, int dim, bool ranked)
{
    int count = TvPageOpaque(page)->count;
    uint32 dots[TvPageSpace / TvListSize(1)];

    tv_view_reserve(ix, view, view->nlists + count);
    if (ranked && count > 0)
        tv_kernel(TvPageEntry(page, 0)->code, count, TvListSize(dim), TvWords(dim), TV_CENTROID_BITS,
                  view->query.planes, view->query.bits, dots);
    for (int i = 0; i < count; i++) {
        TvEntry *entry = TvPageEntry(page, i);
        TvList *list = &view->lists[view->nlists++];
        float err;

        list->first = ItemPointerGetBlockNumberNoCheck(&entry->tid);
        memcpy(&list->id, TvListId(entry, dim), sizeof(uint64));
        list->distance = ranked && !view->query.unranked
                             ? tv_query_estimate(&view->query, TV_L2, entry, TV_CENTROID_BITS, dots[i], &err)
                             : 0;
    }
}

static void tv_view_read_lists(TvIndex *ix, TvView *view, bool ranked)
{
    const TvTenant *tenant = TvPageTenant(view->head);
    BlockNumber block = tenant->lists;
    BlockNumber steps = 0;

    view->nlists = 0;
    while (block != InvalidBlockNumber) {
        Buffer buf = tv_read(ix->rel, block, TV_LISTS, BUFFER_LOCK_SHARE);

        CHECK_FOR_INTERRUPTS();
        tv_page_check_id(ix->rel, buf, tenant->lists_id);
        tv_page_check_entries(ix->rel, buf, TvListSize(tenant->dim));
        tv_view_add(ix, view, BufferGetPage(buf), tenant->dim, ranked);
        block = TvPageOpaque(BufferGetPage(buf))->next;
        UnlockReleaseBuffer(buf);
        tv_follow(ix->rel, block, &steps);
    }
}

static void tv_view_rank(TvIndex *ix, TvView *view)
{
    const TvTenant *tenant = TvPageTenant(view->head);

    (void)tv_vector_rotated(ix);
    tv_tenant_ref(ix, tenant);
    if (view->query.words != TvWords(tenant->dim)) {
        if (view->query.planes)
            pfree(view->query.planes);
        tv_query_init(&view->query, tenant->dim, ix->ctx);
    }
    tv_query_set(&view->query, ix->work, ix->ref, tenant->dim, TV_CENTROID_BITS);
}

void tv_check_dim(TvIndex *ix, int expected, int dim)
{
    if (dim == expected)
        return;
    ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("expected %d dimensions, not %d", expected, dim),
                    errdetail("In index \"%s\" all vectors of a tenant have the length of its first.",
                              RelationGetRelationName(ix->rel))));
}

/*
 * Load the lists of the tenant at `head`; if `ordered`, also how far their centroids are from the vector at hand. False
 * if the block no longer belongs to `key`, so that it has to be looked up again.
 */
bool tv_view_load(TvIndex *ix, BlockNumber head, const TvKey *key, bool ordered, TvView *view)
{
    if (view->head == NULL)
        view->head = MemoryContextAlloc(ix->ctx, BLCKSZ);
    view->block = head;
    for (;;) {
        const TvTenant *tenant = TvPageTenant(view->head);
        uint32 version;

        if (!tv_head_copy(ix, head, key, view->head))
            return false;
        version = tenant->version;
        if (ordered)
            tv_check_dim(ix, tenant->dim, ix->dim);
        view->flat = tenant->lists == InvalidBlockNumber;
        if (view->flat) {
            tv_view_reserve(ix, view, 1);
            view->lists[0] = (TvList){ .first = head, .id = TvPageOpaque(view->head)->id };
            view->nlists = 1;
            return true;
        }
        if (ordered)
            tv_view_rank(ix, view);
        tv_view_read_lists(ix, view, ordered);
        if (!tv_head_copy(ix, head, key, view->head))
            return false;
        if (version != tenant->version)
            continue;
        if (view->nlists != tenant->nlists)
            tv_bad_page(ix->rel, tenant->lists, "lists are missing");
        return true;
    }
}

/* Show the callback every page of the list; it must not keep the page. */
void tv_list_walk(TvIndex *ix, const TvView *view, const TvList *list, TvPageCallback callback, void *arg)
{
    size_t size = TvPageOpaque(view->head)->size;
    BlockNumber block = list->first;
    BlockNumber steps = 0;

    if (view->flat) {
        callback(view->head, arg);
        block = TvPageOpaque(view->head)->next;
    }
    while (block != InvalidBlockNumber) {
        Buffer buf = tv_read(ix->rel, block, TV_DATA, BUFFER_LOCK_SHARE);

        CHECK_FOR_INTERRUPTS();
        tv_page_check_id(ix->rel, buf, list->id);
        tv_page_check_entries(ix->rel, buf, size);
        callback(BufferGetPage(buf), arg);
        block = TvPageOpaque(BufferGetPage(buf))->next;
        UnlockReleaseBuffer(buf);
        tv_follow(ix->rel, block, &steps);
    }
}
