/*
 * scan.c: a tenant's rows in the order of their exact distances.
 *
 * Codes give every row of the nearest lists an estimated distance and an error, hence a lower bound that its distance
 * keeps with known probability. Rows are taken from the heap in the order of their bounds and wait with their exact
 * distances; the nearest is returned once no bound is left below it. When many of the rows looked at have been
 * returned, further lists are read, until the tenant is exhausted; then all rows are ranked, and what follows is in
 * exact order.
 */
#include "tenantvec.h"

#include <math.h>

#include "executor/tuptable.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/float.h"
#include "utils/memutils.h"

/* A scan that has returned one in so many of the rows it looked at reads more lists, and then ranks all there are. */
#define TV_DEPTH 8
#define TV_TINY (4 * TV_DEPTH)

/* Lists are read, nearest first, until a number of them in a row has brought no row among so many with the best bounds.
 */
#define TV_BEST 10

/* Rows expected to be taken from the heap; and how many bounds tell where to cut them off. */
#define TV_BATCH 128
#define TV_SAMPLE 256

/* Codes compared between one look ahead and the next; bytes of a line of the processor's cache. */
#define TV_ROWS_AT_ONCE 4
#define TV_LINE 64

/* Rounding in single precision, relative to the squares it happens to. */
#define TV_ROUNDING 1e-5f

typedef struct TvItem {
    double key;
    ItemPointerData tid;
} TvItem;

/* A heap: the smallest item is first; equal keys come by tid. */
typedef struct TvHeap {
    TvItem *items;
    int64 n;
    int64 allocated;
} TvHeap;

/*
 * Items of which few are going to be asked for: those from `rest` on are a heap, and none before them is smaller. When
 * the heap has been used up, another is taken from the rest.
 */
typedef struct TvQueue {
    TvHeap all;
    int64 rest;
    int64 batch; /* items that the next heap should have, about */
} TvQueue;

typedef struct TvScan {
    MemoryContext ctx;
    MemoryContext row;
    TvIndex *ix;
    TvFetch *fetch;
    TvView view;
    TvQuery query;
    Datum vector; /* what to order by, detoasted, in `order_ctx`; NULL pointer if it is null */
    MemoryContext order_ctx;
    bool unranked; /* codes are not looked at, only exact distances */
    bool started;
    int next_list;
    int wave;
    int vain; /* lists read since one improved the best */
    int nbest;
    double best[TV_BEST]; /* lowest bounds seen, unordered but for the highest of them in front */
    int bits;
    TvQueue bounds; /* rows by lower bound */
    TvHeap results; /* rows by exact distance */
    int64 seen;
    int64 returned;
    uint32 dots[TvPageSpace / TvEntrySize(1, 1) + 1];
} TvScan;

static inline bool tv_item_less(const TvItem *a, const TvItem *b)
{
    if (a->key != b->key)
        return a->key < b->key;
    return ItemPointerCompare((ItemPointer)&a->tid, (ItemPointer)&b->tid) < 0;
}

static void tv_heap_down(TvItem *items, int64 n, int64 i)
{
    TvItem item = items[i];

    for (;;) {
        int64 child = 2 * i + 1;

        if (child >= n)
            break;
        if (child + 1 < n && tv_item_less(&items[child + 1], &items[child]))
            child++;
        if (!tv_item_less(&items[child], &item))
            break;
        items[i] = items[child];
        i = child;
    }
    items[i] = item;
}

static void tv_heap_reserve(TvHeap *heap, MemoryContext ctx, int64 more)
{
    if (heap->n + more <= heap->allocated)
        return;
    heap->allocated = Max(heap->n + more, Max(256, 2 * heap->allocated));
    if (heap->items == NULL)
        heap->items = MemoryContextAllocHuge(ctx, sizeof(TvItem) * heap->allocated);
    else
        heap->items = repalloc_huge(heap->items, sizeof(TvItem) * heap->allocated);
}

static void tv_heap_push(TvHeap *heap, MemoryContext ctx, TvItem item)
{
    int64 i;

    tv_heap_reserve(heap, ctx, 1);
    for (i = heap->n++; i > 0 && tv_item_less(&item, &heap->items[(i - 1) / 2]); i = (i - 1) / 2)
        heap->items[i] = heap->items[(i - 1) / 2];
    heap->items[i] = item;
}

/* Take the smallest of the heap that the last `n` items are; the caller has one less. */
static TvItem tv_heap_take(TvItem *items, int64 n)
{
    TvItem top = items[0];

    items[0] = items[n - 1];
    if (n > 1)
        tv_heap_down(items, n - 1, 0);
    return top;
}

/* The key that has `place` others before it, by quickselect, which moves them about. A NaN ends every run. */
static double tv_select(double *keys, int n, int place)
{
    int low = 0;
    int high = n - 1;

    while (low < high) {
        double pivot = keys[low + (high - low) / 2];
        int i = low;
        int j = high;

        while (i <= j) {
            while (keys[i] < pivot)
                i++;
            while (keys[j] > pivot)
                j--;
            if (i <= j) {
                double key = keys[i];

                keys[i++] = keys[j];
                keys[j--] = key;
            }
        }
        if (place <= j)
            high = j;
        else if (place >= i)
            low = i;
        else
            break;
    }
    return keys[place];
}

/* Number of items in front of those that the next heap is made of, moved behind them: those up to a key that a sample
 * suggests. */
static int64 tv_queue_divide(TvQueue *queue)
{
    TvItem *items = queue->all.items;
    int64 n = queue->all.n;
    int64 end = n;
    double sample[TV_SAMPLE];
    double highest;

    if (n <= 2 * queue->batch || n <= TV_SAMPLE)
        return 0;
    for (int i = 0; i < TV_SAMPLE; i++)
        sample[i] = items[i * n / TV_SAMPLE].key;
    highest = tv_select(sample, TV_SAMPLE, TV_SAMPLE * queue->batch / n);
    for (int64 i = 0; i < end;) {
        TvItem item = items[i];

        if (item.key <= highest) {
            items[i] = items[--end];
            items[end] = item;
        } else
            i++;
    }
    return end;
}

/* Make the next heap, for the last one is used up, or items have been added. */
static void tv_queue_order(TvQueue *queue)
{
    TvItem *items;
    int64 n;

    queue->rest = tv_queue_divide(queue);
    queue->batch *= 4;
    items = queue->all.items + queue->rest;
    n = queue->all.n - queue->rest;
    for (int64 i = n / 2 - 1; i >= 0; i--)
        tv_heap_down(items, n, i);
}

static TvItem tv_queue_take(TvQueue *queue)
{
    TvItem top = tv_heap_take(queue->all.items + queue->rest, queue->all.n - queue->rest);

    if (--queue->all.n == queue->rest && queue->rest > 0)
        tv_queue_order(queue);
    return top;
}

/* The smallest item; there is one. */
static inline const TvItem *tv_queue_first(const TvQueue *queue)
{
    return &queue->all.items[queue->rest];
}

IndexScanDesc tv_beginscan(Relation index, int nkeys, int norderbys)
{
    IndexScanDesc scan = RelationGetIndexScan(index, nkeys, norderbys);
    MemoryContext ctx = AllocSetContextCreate(CurrentMemoryContext, "tenantvec scan", ALLOCSET_DEFAULT_SIZES);
    TvScan *so = MemoryContextAllocZero(ctx, sizeof(TvScan));

    so->ctx = ctx;
    so->row = AllocSetContextCreate(ctx, "tenantvec scan row", ALLOCSET_DEFAULT_SIZES);
    so->order_ctx = AllocSetContextCreate(ctx, "tenantvec scan order", ALLOCSET_DEFAULT_SIZES);
    so->ix = tv_open(index, ctx);
    scan->opaque = so;
    return scan;
}

void tv_rescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys, int norderbys)
{
    TvScan *so = scan->opaque;

    so->started = false;
    so->bounds.all.n = so->bounds.rest = 0;
    so->bounds.batch = TV_BATCH;
    so->results.n = 0;
    if (keys && scan->numberOfKeys > 0)
        memmove(scan->keyData, keys, scan->numberOfKeys * sizeof(ScanKeyData));
    if (orderbys && scan->numberOfOrderBys > 0)
        memmove(scan->orderByData, orderbys, scan->numberOfOrderBys * sizeof(ScanKeyData));
}

void tv_endscan(IndexScanDesc scan)
{
    TvScan *so = scan->opaque;

    if (so->fetch)
        tv_fetch_close(so->fetch);
    MemoryContextDelete(so->ctx);
}

/* A lower bound of the exact distance, in its own unit. */
static double tv_lower_bound(const TvScan *so, const TvEntry *entry, uint32 dot)
{
    TvMetric metric = so->ix->type->metric;
    float err;
    float estimate, bound;

    if (so->unranked || (entry->flags & TV_UNRANKED))
        return -get_float8_infinity();
    estimate = tv_query_estimate(&so->query, metric, entry, so->bits, dot, &err);
    bound = estimate - (float)tv_confidence * err - TV_ROUNDING * (so->query.norm2 + fabsf(entry->bias));
    if (metric == TV_COSINE)
        return bound / 2;
    if (metric == TV_L2)
        return bound > 0 ? sqrtf(bound) : 0;
    return bound;
}

/* Note a bound if it is among the best. */
static inline void tv_note_best(TvScan *so, double bound)
{
    if (so->nbest == TV_BEST && bound >= so->best[0])
        return;
    so->vain = 0;
    if (so->nbest < TV_BEST)
        so->best[so->nbest++] = bound;
    else
        so->best[0] = bound;
    for (int i = 1; i < so->nbest; i++)
        if (so->best[i] > so->best[0]) {
            double higher = so->best[i];

            so->best[i] = so->best[0];
            so->best[0] = higher;
        }
}

/* Where in memory the page probably is that will be read after this one; NULL if that is not known. */
static const char *tv_next_page(const TvScan *so, const TvOpaque *opaque)
{
    BlockNumber next = opaque->next;

    if (next == InvalidBlockNumber && so->next_list < so->view.nlists)
        next = so->view.lists[so->next_list].first;
    return next == InvalidBlockNumber ? NULL : tv_expected_at(so->ix->rel, next);
}

/*
 * Compare the codes of a page with the query. Meanwhile the next page comes into the processor's cache; bit by bit, for
 * only so many of its lines can be under way.
 */
static void tv_compare_codes(TvScan *so, Page page)
{
    TvOpaque *opaque = TvPageOpaque(page);
    const char *next = tv_next_page(so, opaque);
    int fetched = 0;

    if (next)
        __builtin_prefetch(next + BLCKSZ - MAXALIGN(sizeof(TvOpaque)));
    for (int i = 0; i < opaque->count; i += TV_ROWS_AT_ONCE) {
        int n = Min(TV_ROWS_AT_ONCE, opaque->count - i);

        for (; next && fetched < (i + n) * (BLCKSZ / opaque->count); fetched += TV_LINE)
            __builtin_prefetch(next + fetched);
        tv_kernel(TvPageEntry(page, i)->code, n, opaque->size, so->query.words, so->bits, so->query.planes,
                  so->query.bits, so->dots + i);
    }
}

/* Collect the rows of a page. */
static void tv_collect(Page page, void *arg)
{
    TvScan *so = arg;
    TvOpaque *opaque = TvPageOpaque(page);

    if (opaque->count == 0)
        return;
    tv_heap_reserve(&so->bounds.all, so->ctx, opaque->count);
    if (!so->unranked)
        tv_compare_codes(so, page);
    for (int i = 0; i < opaque->count; i++) {
        TvEntry *entry = TvPageEntry(page, i);
        TvItem *item = &so->bounds.all.items[so->bounds.all.n++];

        item->key = tv_lower_bound(so, entry, so->dots[i]);
        item->tid = entry->tid;
        tv_note_best(so, item->key);
    }
    so->seen += opaque->count;
}

static int tv_compare_lists(const void *a, const void *b)
{
    float x = ((const TvList *)a)->distance;
    float y = ((const TvList *)b)->distance;

    return (x > y) - (x < y);
}

static void tv_set_query(TvScan *so, const TvTenant *tenant)
{
    tv_tenant_ref(so->ix, tenant);
    if (so->query.words != TvWords(tenant->dim)) {
        if (so->query.planes)
            pfree(so->query.planes);
        tv_query_init(&so->query, tenant->dim, so->ctx);
    }
    so->bits = tenant->bits;
    tv_query_set(&so->query, so->ix->work, so->ix->ref, tenant->dim, tenant->bits);
    so->unranked = so->query.unranked;
}

/* Find the tenant that all keys agree on; false if there is none. */
static bool tv_scan_find(IndexScanDesc scan, TvKey *key, BlockNumber *head)
{
    TvScan *so = scan->opaque;

    for (int i = 0; i < scan->numberOfKeys; i++) {
        ScanKey skey = &scan->keyData[i];
        TvKey other;
        bool possible;

        if (skey->sk_flags & SK_ISNULL)
            return false;
        tv_key_make(so->ix, skey->sk_argument, skey->sk_subtype, &other, &possible);
        if (!possible)
            return false;
        if (i > 0 && !tv_same_key(so->ix, key, &other))
            return false;
        *key = other;
    }
    *head = tv_tenant_find(so->ix, key);
    return *head != InvalidBlockNumber;
}

/* Take over what to order by; the same vector again (a join over tenants) is not rotated again. */
static void tv_scan_order(IndexScanDesc scan)
{
    TvScan *so = scan->opaque;
    ScanKey order = &scan->orderByData[0];
    MemoryContext caller;
    Datum vector;

    if (order->sk_flags & SK_ISNULL) {
        so->vector = PointerGetDatum(NULL);
        return;
    }
    caller = MemoryContextSwitchTo(so->row);
    vector = PointerGetDatum(PG_DETOAST_DATUM(order->sk_argument));
    MemoryContextSwitchTo(caller);
    if (DatumGetPointer(so->vector) == NULL ||
        VARSIZE(DatumGetPointer(so->vector)) != VARSIZE(DatumGetPointer(vector)) ||
        memcmp(DatumGetPointer(so->vector), DatumGetPointer(vector), VARSIZE(DatumGetPointer(vector))) != 0) {
        MemoryContextReset(so->order_ctx);
        caller = MemoryContextSwitchTo(so->order_ctx);
        so->vector = PointerGetDatum(PG_DETOAST_DATUM_COPY(vector));
        MemoryContextSwitchTo(caller);
        tv_vector_set(so->ix, so->vector);
    }
}

/* Read the next wave of lists: the first until enough of them were read in vain, later ones twice as many each. */
static void tv_next_wave(TvScan *so)
{
    int begin = so->next_list;
    double probes = tv_probes_of(so->view.nlists);

    while (so->next_list < so->view.nlists) {
        if (begin == 0 ? so->vain >= probes : so->next_list - begin >= so->wave)
            break;
        so->vain++;
        tv_list_walk(so->ix, &so->view, &so->view.lists[so->next_list++], tv_collect, so);
    }
    so->wave = so->next_list;
    tv_queue_order(&so->bounds);
}

/* Whether all rows will be looked at for a handful returned, so that their codes are of no use. */
static bool tv_scan_tiny(const TvScan *so)
{
    return so->view.flat && TvPageOpaque(so->view.head)->rows <= TV_TINY;
}

static void tv_start(IndexScanDesc scan)
{
    TvScan *so = scan->opaque;
    bool ordered;
    BlockNumber head;
    TvKey key;

    if (scan->numberOfKeys < 1 || scan->numberOfOrderBys != 1)
        elog(ERROR, "tenantvec index scan needs a tenant and an order");
    if (!IsMVCCSnapshot(scan->xs_snapshot))
        elog(ERROR, "tenantvec index scan needs an MVCC snapshot");
    pgstat_count_index_scan(scan->indexRelation);
    tv_count_search(scan);
    so->started = true;
    so->seen = 0;
    so->returned = 0;
    so->next_list = 0;
    so->vain = 0;
    so->nbest = 0;
    so->view.nlists = 0;
    tv_scan_order(scan);
    ordered = DatumGetPointer(so->vector) != NULL;
    for (;;) {
        CHECK_FOR_INTERRUPTS();
        if (!tv_scan_find(scan, &key, &head))
            return;
        if (tv_view_load(so->ix, head, &key, ordered, &so->view))
            break;
    }
    so->unranked = !ordered || tv_scan_tiny(so) || !tv_vector_rotated(so->ix);
    if (!so->unranked)
        tv_set_query(so, TvPageTenant(so->view.head));
    if (!so->unranked)
        qsort(so->view.lists, so->view.nlists, sizeof(TvList), tv_compare_lists);
    if (so->fetch == NULL) {
        MemoryContext caller = MemoryContextSwitchTo(so->ctx);

        so->fetch = tv_fetch_open(scan->heapRelation, scan->indexRelation);
        MemoryContextSwitchTo(caller);
    }
}

/* Take the row with the lowest bound from the heap; nothing happens if the snapshot does not see it. */
static void tv_rank_next(IndexScanDesc scan)
{
    TvScan *so = scan->opaque;
    TvItem item = tv_queue_take(&so->bounds);
    MemoryContext caller = MemoryContextSwitchTo(so->row);
    Datum vector;

    CHECK_FOR_INTERRUPTS();
    if (tv_fetch_vector(so->fetch, &item.tid, scan->xs_snapshot, &vector)) {
        item.key = 0;
        if (DatumGetPointer(so->vector) != NULL)
            item.key = DatumGetFloat8(
                FunctionCall2Coll(so->ix->distance, scan->indexRelation->rd_indcollation[1], vector, so->vector));
        if (isnan(item.key))
            item.key = get_float8_infinity();
        tv_heap_push(&so->results, so->ctx, item);
    }
    MemoryContextSwitchTo(caller);
    MemoryContextReset(so->row);
}

/* Whether the nearest row at hand may be returned: no other can be nearer, or enough have been tried. */
static bool tv_ready(const TvScan *so, bool deep)
{
    if (so->results.n == 0)
        return false;
    if (so->bounds.all.n == 0)
        return true;
    return !deep && (so->results.items[0].key < tv_queue_first(&so->bounds)->key || so->results.n >= tv_rerank);
}

bool tv_gettuple(IndexScanDesc scan, ScanDirection direction)
{
    TvScan *so = scan->opaque;

    Assert(ScanDirectionIsForward(direction));
    if (!so->started)
        tv_start(scan);
    for (;;) {
        bool deep = (so->returned + 1) * TV_DEPTH >= so->seen;

        if (so->next_list < so->view.nlists && (deep || so->bounds.all.n == 0))
            tv_next_wave(so);
        else if (tv_ready(so, deep)) {
            scan->xs_heaptid = tv_heap_take(so->results.items, so->results.n--).tid;
            scan->xs_recheck = true;
            scan->xs_recheckorderby = false;
            so->returned++;
            return true;
        } else if (so->bounds.all.n > 0)
            tv_rank_next(scan);
        else
            break;
    }
    if (so->fetch)
        ExecClearTuple(so->fetch->slot);
    return false;
}
