/*
 * cluster.c: how a tenant's storage follows its growth.
 *
 * A tenant begins as one flat list measured from zero. Growing, it gets a reference point near its middle, for which
 * its rows are read once more from the heap; past the list size it is split in two, and so on. A split needs nothing
 * but the codes: their decoded values are noisy one by one, but their means are not.
 *
 * New pages are complete before one WAL record makes them part of the tenant. A crash in between leaves pages that
 * nobody points to; VACUUM finds them.
 */
#include "tenantvec.h"

#include <math.h>

#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"

#define TV_SAMPLE 1024
#define TV_ROUNDS 6

/* The smaller part of a split has at least one row in so many. */
#define TV_BALANCE 8

/* Add the entries of a page to the rows. */
void tv_rows_add(Page page, void *arg)
{
    TvRows *rows = arg;
    int count = TvPageOpaque(page)->count;

    if (count == 0)
        return;
    if (rows->n + count > rows->allocated) {
        rows->allocated = Max(rows->n + count, 2 * rows->allocated);
        rows->entries = rows->entries ? repalloc_huge(rows->entries, rows->size * rows->allocated)
                                      : palloc_extended(rows->size * rows->allocated, MCXT_ALLOC_HUGE);
    }
    memcpy(rows->entries + rows->size * rows->n, TvPageEntry(page, 0), rows->size * count);
    rows->n += count;
}

#define TvRow(entries, stride, i) ((TvEntry *)((entries) + (size_t)(stride) * (i)))

/* How much nearer each row is to `a` than to `b`, in `diffs`. */
static void tv_compare_centers(const char *entries, int n, size_t stride, int dim, int bits, const float *a,
                               const float *b, float *diffs)
{
    float *zero = palloc0(sizeof(float) * TvPadded(dim));
    uint32 *dots = palloc(sizeof(uint32) * n);
    TvQuery query;

    tv_query_init(&query, dim, CurrentMemoryContext);
    memset(diffs, 0, sizeof(float) * n);
    for (int pass = 0; pass < 2; pass++) {
        const float *center = pass == 0 ? b : a;

        if (center == NULL)
            continue;
        tv_query_set(&query, center, zero, dim, bits);
        tv_kernel(TvRow(entries, stride, 0)->code, n, stride, TvWords(dim), bits, query.planes, query.bits, dots);
        for (int i = 0; i < n; i++) {
            float err;
            float distance = tv_query_estimate(&query, TV_L2, TvRow(entries, stride, i), bits, dots[i], &err);

            diffs[i] += pass == 0 ? distance : -distance;
        }
    }
    pfree(query.planes);
    pfree(dots);
    pfree(zero);
}

static int tv_farthest(const char *entries, int n, size_t stride, int dim, int bits, const float *center, float *diffs)
{
    int farthest = 0;

    tv_compare_centers(entries, n, stride, dim, bits, NULL, center, diffs);
    for (int i = 1; i < n; i++)
        if (diffs[i] > diffs[farthest])
            farthest = i;
    return farthest;
}

static int tv_compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return (x > y) - (x < y);
}

/* The diff that separates the sides: zero, or the median if one side would be too small. */
static float tv_threshold(const float *diffs, int n)
{
    float *sorted;
    float median;
    int ahead = 0;

    for (int i = 0; i < n; i++)
        ahead += diffs[i] > 0;
    if (ahead >= n / TV_BALANCE && n - ahead >= n / TV_BALANCE && ahead > 0 && ahead < n)
        return 0;
    sorted = palloc(sizeof(float) * n);
    memcpy(sorted, diffs, sizeof(float) * n);
    qsort(sorted, n, sizeof(float), tv_compare_floats);
    median = sorted[n / 2];
    pfree(sorted);
    return median;
}

/* Means of the sampled rows on either side of the threshold. */
static void tv_update_centers(const float *points, const float *diffs, float threshold, int n, int padded,
                              float *const centers[2])
{
    int counts[2] = { 0, 0 };

    memset(centers[0], 0, sizeof(float) * padded);
    memset(centers[1], 0, sizeof(float) * padded);
    for (int i = 0; i < n; i++) {
        int side = diffs[i] > threshold ? 0 : 1;

        counts[side]++;
        tv_add(centers[side], points + (size_t)i * padded, padded);
    }
    for (int side = 0; side < 2; side++)
        for (int j = 0; j < padded && counts[side] > 0; j++)
            centers[side][j] /= counts[side];
}

/* Equal diffs may all fall on one side; then as many as needed go to the other. */
static void tv_assign_sides(const float *diffs, int n, bool *side)
{
    float threshold = tv_threshold(diffs, n);
    int ahead = 0;
    int wanted;

    for (int i = 0; i < n; i++) {
        side[i] = diffs[i] > threshold;
        ahead += side[i];
    }
    wanted = ahead < Max(1, n / TV_BALANCE) ? n / 2 : ahead;
    for (int i = 0; i < n && ahead < wanted; i++)
        if (diffs[i] == threshold) {
            side[i] = true;
            ahead++;
        }
}

/* Divide rows in two parts, neither of them small, by 2-means on a sample. */
void tv_bisect(const char *entries, int n, size_t stride, int dim, int bits, bool *side)
{
    MemoryContext ctx = AllocSetContextCreate(CurrentMemoryContext, "tenantvec bisect", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(ctx);
    int padded = TvPadded(dim);
    int m = Min(n, TV_SAMPLE);
    char *sample = palloc(stride * m);
    float *points = palloc_extended(sizeof(float) * padded * m, MCXT_ALLOC_HUGE);
    float *diffs = palloc_extended(sizeof(float) * n, MCXT_ALLOC_HUGE);
    float *centers[2] = { palloc0(sizeof(float) * padded), palloc0(sizeof(float) * padded) };

    for (int i = 0; i < m; i++) {
        memcpy(TvRow(sample, stride, i), TvRow(entries, stride, (int64)i * n / m), stride);
        tv_decode(TvRow(sample, stride, i), dim, bits, points + (size_t)i * padded);
    }
    for (int c = 0; c < 2; c++) {
        int i = tv_farthest(sample, m, stride, dim, bits, centers[0], diffs);

        memcpy(centers[c], points + (size_t)i * padded, sizeof(float) * padded);
    }
    for (int round = 0; round < TV_ROUNDS; round++) {
        CHECK_FOR_INTERRUPTS();
        tv_compare_centers(sample, m, stride, dim, bits, centers[0], centers[1], diffs);
        tv_update_centers(points, diffs, tv_threshold(diffs, m), m, padded, centers);
    }
    tv_compare_centers(entries, n, stride, dim, bits, centers[0], centers[1], diffs);
    tv_assign_sides(diffs, n, side);
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(ctx);
}

/* Mean of the rows, coded like the centroids of a table of lists; of no rows, the reference point itself. */
void tv_centroid(const char *entries, int n, size_t stride, int dim, int bits, TvEntry *centroid)
{
    int padded = TvPadded(dim);
    float *zero = palloc0(sizeof(float) * padded);
    float *point = palloc(sizeof(float) * padded);
    float *mean = palloc0(sizeof(float) * padded);

    for (int i = 0; i < n; i++) {
        tv_decode(TvRow(entries, stride, i), dim, bits, point);
        tv_add(mean, point, padded);
    }
    for (int j = 0; j < padded && n > 0; j++)
        mean[j] /= n;
    tv_encode(TV_L2, mean, zero, dim, TV_CENTROID_BITS, centroid);
    pfree(zero);
    pfree(point);
    pfree(mean);
}

/*
 * Write entries to new pages, from the last page to the first, so that each can name the next. Only the first may be
 * partly filled: that is where rows are added. Returns its block.
 */
BlockNumber tv_list_write(Relation index, TvPageKind kind, const char *entries, int n, size_t size, uint64 id)
{
    int capacity = TvPageHolds(TvPageSpace, size);
    BlockNumber next = InvalidBlockNumber;
    int left = n;

    do {
        int count = Min(left, capacity);
        Buffer buf = tv_new_buffer(index);
        GenericXLogState *state = GenericXLogStart(index);
        Page page = GenericXLogRegisterBuffer(state, buf, GENERIC_XLOG_FULL_IMAGE);

        left -= count;
        tv_page_init(page, kind, id, 0, size);
        if (count > 0)
            tv_page_append(page, entries + size * left, count);
        TvPageOpaque(page)->next = next;
        TvPageOpaque(page)->rows = left == 0 ? n : 0;
        next = BufferGetBlockNumber(buf);
        GenericXLogFinish(state);
        UnlockReleaseBuffer(buf);
        CHECK_FOR_INTERRUPTS();
    } while (left > 0);
    return next;
}

/* Write rows as a list of their own. `entry` gets what a table of lists says of it. */
void tv_list_make(Relation index, const char *rows, int n, size_t size, int dim, int bits, TvEntry *entry)
{
    uint64 id = tv_random_id();
    BlockNumber first = tv_list_write(index, TV_DATA, rows, n, size, id);

    tv_centroid(rows, n, size, dim, bits, entry);
    /* Before 16 a macro that evaluates its arguments more than once. */
    ItemPointerSet(&entry->tid, first, 1);
    memcpy(TvListId(entry, dim), &id, sizeof(id));
}

/* Retire a chain of pages. */
void tv_retire_pages(Relation index, BlockNumber block, TvPageKind kind)
{
    BlockNumber steps = 0;

    while (block != InvalidBlockNumber) {
        Buffer buf = tv_read(index, block, kind, BUFFER_LOCK_SHARE);
        BlockNumber next = TvPageOpaque(BufferGetPage(buf))->next;

        UnlockReleaseBuffer(buf);
        tv_retire(index, block);
        block = next;
        tv_follow(index, block, &steps);
    }
}

/*
 * Load the rows' vectors from the heap, rotated. A row that is not there for us to see (being inserted by another
 * transaction, or dead) keeps what its code says, which is noted in `known`.
 */
static float *tv_load_vectors(TvChange *change, Relation heap, bool *known)
{
    TvIndex *ix = change->ix;
    int padded = TvPadded(change->dim);
    float *vectors = palloc_extended(sizeof(float) * padded * change->rows.n, MCXT_ALLOC_HUGE);
    TvFetch *fetch = tv_fetch_open(heap, ix->rel);
    MemoryContext ctx = AllocSetContextCreate(CurrentMemoryContext, "tenantvec row", ALLOCSET_DEFAULT_SIZES);

    for (int i = 0; i < change->rows.n; i++) {
        TvEntry *entry = TvRow(change->rows.entries, change->rows.size, i);
        float *x = vectors + (size_t)i * padded;
        MemoryContext caller = MemoryContextSwitchTo(ctx);
        Datum vector;

        CHECK_FOR_INTERRUPTS();
        known[i] = tv_fetch_vector(fetch, &entry->tid, SnapshotSelf, &vector) &&
                   tv_vector_dim(ix, vector) == change->dim && tv_vector_load(ix, vector, x);
        if (!known[i]) {
            tv_decode(entry, change->dim, change->bits, x);
            for (int j = 0; j < padded; j++)
                x[j] += ix->ref[j];
        }
        MemoryContextSwitchTo(caller);
        MemoryContextReset(ctx);
    }
    MemoryContextDelete(ctx);
    tv_fetch_close(fetch);
    return vectors;
}

/*
 * Write the mean of the rotated vectors as a REF page, and leave it in `ref` as readers will decode it. Invalid, and
 * zero, if there is none.
 */
BlockNumber tv_ref_write(TvIndex *ix, const float *vectors, int n, int dim, uint64 id, float *ref)
{
    int padded = TvPadded(dim);
    float *zero = palloc0(sizeof(float) * padded);
    float *mean = palloc0(sizeof(float) * padded);
    size_t size = TvEntrySize(dim, TV_CENTROID_BITS);
    TvEntry *entry = palloc(size);
    GenericXLogState *state;
    BlockNumber block;
    Buffer buf;
    Page page;

    for (int i = 0; i < n; i++)
        tv_add(mean, vectors + (size_t)i * padded, padded);
    for (int j = 0; j < padded && n > 0; j++)
        mean[j] /= n;
    tv_encode(TV_L2, mean, zero, dim, TV_CENTROID_BITS, entry);
    memset(ref, 0, sizeof(float) * padded);
    if (entry->flags & TV_UNRANKED)
        return InvalidBlockNumber;
    tv_decode(entry, dim, TV_CENTROID_BITS, ref);
    buf = tv_new_buffer(ix->rel);
    block = BufferGetBlockNumber(buf);
    state = GenericXLogStart(ix->rel);
    page = GenericXLogRegisterBuffer(state, buf, GENERIC_XLOG_FULL_IMAGE);
    tv_page_init(page, TV_REF, id, 0, size);
    tv_page_append(page, entry, 1);
    GenericXLogFinish(state);
    UnlockReleaseBuffer(buf);
    return block;
}

/* Code the rows again, measured from `ref`. */
static void tv_recode(TvChange *change, const float *vectors, const bool *known, const float *ref)
{
    int padded = TvPadded(change->dim);

    for (int i = 0; i < change->rows.n; i++) {
        TvEntry *entry = TvRow(change->rows.entries, change->rows.size, i);
        ItemPointerData tid = entry->tid;
        float err = entry->err;

        if (entry->flags & TV_UNRANKED)
            continue;
        tv_encode(change->ix->type->metric, vectors + (size_t)i * padded, ref, change->dim, change->bits, entry);
        entry->tid = tid;
        if (!known[i]) {
            entry->err = hypotf(entry->err, err);
            entry->flags |= TV_RECODED;
        }
    }
}

/* Where the list stands in the table, and the last page of that. */
TvPlace tv_find_place(TvChange *change, BlockNumber list, BlockNumber *last)
{
    TvPlace place = { InvalidBlockNumber, 0 };
    BlockNumber block = TvPageTenant(change->view.head)->lists;
    BlockNumber steps = 0;

    while (block != InvalidBlockNumber) {
        Buffer buf = tv_read(change->ix->rel, block, TV_LISTS, BUFFER_LOCK_SHARE);
        Page page = BufferGetPage(buf);

        for (int i = 0; i < TvPageOpaque(page)->count; i++)
            if (ItemPointerGetBlockNumberNoCheck(&TvPageEntry(page, i)->tid) == list)
                place = (TvPlace){ block, i };
        *last = block;
        block = TvPageOpaque(page)->next;
        UnlockReleaseBuffer(buf);
        tv_follow(change->ix->rel, block, &steps);
    }
    return place;
}

/* Write both halves of the rows as lists; their entries for the table of lists come back in `table`. */
static void tv_write_halves(TvChange *change, char *table)
{
    int n = change->rows.n;
    size_t size = change->rows.size;
    bool *side = palloc(sizeof(bool) * n);
    char *half = palloc_extended(size * n, MCXT_ALLOC_HUGE);

    tv_bisect(change->rows.entries, n, size, change->dim, change->bits, side);
    for (int which = 0; which < 2; which++) {
        TvEntry *entry = (TvEntry *)(table + TvListSize(change->dim) * which);
        int count = 0;

        for (int i = 0; i < n; i++)
            if (side[i] == (which == 0))
                memcpy(half + size * count++, change->rows.entries + size * i, size);
        tv_list_make(change->ix->rel, half, count, size, change->dim, change->bits, entry);
    }
}

/* Empty the TENANT page's own list; the caller fills in what takes its place. */
static TvTenant *tv_head_empty(Page page)
{
    TvOpaque *opaque = TvPageOpaque(page);

    opaque->id = tv_random_id();
    opaque->count = 0;
    opaque->rows = 0;
    opaque->next = InvalidBlockNumber;
    ((PageHeader)page)->pd_lower = opaque->start;
    TvPageTenant(page)->version++;
    return TvPageTenant(page);
}

/* A flat tenant gets a reference point, and two lists if it is long enough. */
static void tv_grow_flat(TvChange *change, Relation heap, bool split)
{
    Relation index = change->ix->rel;
    BlockNumber chain = TvPageOpaque(change->view.head)->next;
    BlockNumber old_ref = TvPageTenant(change->view.head)->ref;
    bool *known = palloc(sizeof(bool) * change->rows.n);
    float *ref = palloc(sizeof(float) * TvPadded(change->dim));
    float *vectors = tv_load_vectors(change, heap, known);
    uint64 ids[2] = { tv_random_id(), tv_random_id() };
    BlockNumber ref_block = tv_ref_write(change->ix, vectors, change->rows.n, change->dim, ids[0], ref);
    BlockNumber block;
    GenericXLogState *state;
    TvTenant *tenant;
    Buffer headbuf;
    Page page;

    tv_recode(change, vectors, known, ref);
    if (split) {
        char *table = palloc0(2 * TvListSize(change->dim));

        tv_write_halves(change, table);
        block = tv_list_write(index, TV_LISTS, table, 2, TvListSize(change->dim), ids[1]);
    } else
        block = tv_list_write(index, TV_DATA, change->rows.entries, change->rows.n, change->rows.size, ids[1]);

    headbuf = tv_read(index, change->view.block, TV_TENANT, BUFFER_LOCK_EXCLUSIVE);
    state = GenericXLogStart(index);
    page = GenericXLogRegisterBuffer(state, headbuf, 0);
    tenant = tv_head_empty(page);
    tenant->ref = ref_block;
    tenant->ref_id = ids[0];
    tenant->ref_rows = change->rows.n;
    if (split) {
        tenant->lists = block;
        tenant->lists_id = ids[1];
        tenant->nlists = 2;
    } else {
        TvPageOpaque(page)->id = ids[1];
        TvPageOpaque(page)->next = block;
        TvPageOpaque(page)->rows = change->rows.n;
    }
    GenericXLogFinish(state);
    UnlockReleaseBuffer(headbuf);
    tv_retire_pages(index, chain, TV_DATA);
    if (old_ref != InvalidBlockNumber)
        tv_retire(index, old_ref);
}

/* A list becomes two: the first takes its place in the table, the second is added at the end. */
static void tv_split_list(TvChange *change, TvPlace place, BlockNumber last, BlockNumber list)
{
    Relation index = change->ix->rel;
    size_t size = TvListSize(change->dim);
    char *table = palloc0(2 * size);
    Buffer headbuf, placebuf, lastbuf, newbuf = InvalidBuffer;
    GenericXLogState *state;
    TvTenant *tenant;
    Page page, lastpage;

    tv_write_halves(change, table);
    headbuf = tv_read(index, change->view.block, TV_TENANT, BUFFER_LOCK_EXCLUSIVE);
    placebuf = tv_read(index, place.block, TV_LISTS, BUFFER_LOCK_EXCLUSIVE);
    lastbuf = last == place.block ? placebuf : tv_read(index, last, TV_LISTS, BUFFER_LOCK_EXCLUSIVE);
    lastpage = BufferGetPage(lastbuf);
    if (TvPageOpaque(lastpage)->count >= tv_page_capacity(lastpage))
        newbuf = tv_new_buffer(index);

    state = GenericXLogStart(index);
    tenant = TvPageTenant(GenericXLogRegisterBuffer(state, headbuf, 0));
    tenant->version++;
    tenant->nlists++;
    page = GenericXLogRegisterBuffer(state, placebuf, 0);
    memcpy(TvPageEntry(page, place.i), table, size);
    lastpage = lastbuf == placebuf ? page : GenericXLogRegisterBuffer(state, lastbuf, 0);
    if (BufferIsValid(newbuf)) {
        Page newpage = GenericXLogRegisterBuffer(state, newbuf, GENERIC_XLOG_FULL_IMAGE);

        tv_page_init(newpage, TV_LISTS, tenant->lists_id, 0, size);
        TvPageOpaque(lastpage)->next = BufferGetBlockNumber(newbuf);
        lastpage = newpage;
    }
    tv_page_append(lastpage, table + size, 1);
    GenericXLogFinish(state);

    if (BufferIsValid(newbuf))
        UnlockReleaseBuffer(newbuf);
    if (lastbuf != placebuf)
        UnlockReleaseBuffer(lastbuf);
    UnlockReleaseBuffer(placebuf);
    UnlockReleaseBuffer(headbuf);
    tv_retire_pages(index, list, TV_DATA);
}

/* Whether a list of so many rows asks for a change. */
bool tv_restructure_due(Relation index, const TvTenant *tenant, uint32 rows)
{
    if (rows > (uint32)tv_option_list_rows(index))
        return true;
    if (tenant->lists != InvalidBlockNumber)
        return false;
    return rows >= TV_FIRST_REF_ROWS && rows / TV_REF_GROWTH >= tenant->ref_rows;
}

static void tv_restructure_locked(TvChange *change, Relation heap, BlockNumber list)
{
    const TvTenant *tenant = TvPageTenant(change->view.head);
    TvList source = { .first = list };
    BlockNumber last = InvalidBlockNumber;
    TvPlace place;

    change->dim = tenant->dim;
    change->bits = tenant->bits;
    change->rows.size = TvPageOpaque(change->view.head)->size;
    tv_tenant_ref(change->ix, tenant);
    if (change->view.flat) {
        tv_list_walk(change->ix, &change->view, &change->view.lists[0], tv_rows_add, &change->rows);
        if (tv_restructure_due(change->ix->rel, tenant, change->rows.n))
            tv_grow_flat(change, heap, change->rows.n > tv_option_list_rows(change->ix->rel));
        return;
    }
    place = tv_find_place(change, list, &last);
    if (place.block == InvalidBlockNumber)
        return;
    for (int i = 0; i < change->view.nlists; i++)
        if (change->view.lists[i].first == list)
            source = change->view.lists[i];
    tv_list_walk(change->ix, &change->view, &source, tv_rows_add, &change->rows);
    if (tv_restructure_due(change->ix->rel, tenant, change->rows.n))
        tv_split_list(change, place, last, list);
}

/* Do to the tenant's list what its length asks for, unless somebody else has. */
void tv_restructure(TvIndex *ix, Relation heap, BlockNumber head, BlockNumber list)
{
    MemoryContext ctx = AllocSetContextCreate(CurrentMemoryContext, "tenantvec split", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(ctx);
    TvChange change = { .ix = tv_open(ix->rel, ctx) };

    LockPage(ix->rel, head, ExclusiveLock);
    if (tv_view_load(change.ix, head, NULL, false, &change.view))
        tv_restructure_locked(&change, heap, list);
    UnlockPage(ix->rel, head, ExclusiveLock);
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(ctx);
}
