/*
 * inspect.c: tenantvec_tenants() and tenantvec_check().
 */
#include "tenantvec.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "common/hashfn.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

static void tv_require_ours(Relation index)
{
    if (index->rd_indam->amgettuple != tv_gettuple)
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                        errmsg("\"%s\" is not a tenantvec index", RelationGetRelationName(index))));
    if (RELATION_IS_OTHER_TEMP(index))
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("cannot look into temporary indexes of other sessions")));
}

/* Kind of a block, 0 for a page that is new; and how many entries it says it has. */
static int tv_block_kind(Relation index, BlockNumber block, int *count)
{
    Buffer buf = ReadBuffer(index, block);
    Page page = BufferGetPage(buf);
    int kind = 0;

    LockBuffer(buf, BUFFER_LOCK_SHARE);
    if (!PageIsNew(page)) {
        if (!TvPageOurs(page))
            tv_bad_page(index, block, "not a page of this access method");
        kind = TvPageOpaque(page)->kind;
        *count = TvPageOpaque(page)->count;
    }
    UnlockReleaseBuffer(buf);
    return kind;
}

typedef struct TvCount {
    int64 rows;
    int64 pages;
} TvCount;

static void tv_count_page(Page page, void *arg)
{
    TvCount *count = arg;

    count->rows += TvPageOpaque(page)->count;
    count->pages++;
}

/* Pages of a tenant that hold no rows: its TENANT page if it has lists elsewhere, their table, its reference point. */
static int64 tv_other_pages(TvIndex *ix, const TvView *view)
{
    const TvTenant *tenant = TvPageTenant(view->head);
    BlockNumber block = tenant->lists;
    BlockNumber steps = 0;
    int64 pages = (view->flat ? 0 : 1) + (tenant->ref == InvalidBlockNumber ? 0 : 1);

    while (block != InvalidBlockNumber) {
        Buffer buf = tv_read(ix->rel, block, TV_LISTS, BUFFER_LOCK_SHARE);

        block = TvPageOpaque(BufferGetPage(buf))->next;
        UnlockReleaseBuffer(buf);
        tv_follow(ix->rel, block, &steps);
        pages++;
    }
    return pages;
}

static void tv_put_tenant(TvIndex *ix, const TvView *view, Tuplestorestate *store, TupleDesc desc)
{
    TvTenant *tenant = TvPageTenant(view->head);
    TvCount count = { 0 };
    Datum values[6];
    bool isnull[6] = { false };
    Oid output;
    bool varlena;

    for (int i = 0; i < view->nlists; i++)
        tv_list_walk(ix, view, &view->lists[i], tv_count_page, &count);
    count.pages += tv_other_pages(ix, view);
    getTypeOutputInfo(ix->key_type, &output, &varlena);
    values[0] = CStringGetTextDatum(OidOutputFunctionCall(output, tv_tenant_key(ix, tenant)));
    values[1] = Int64GetDatum(count.rows);
    values[2] = Int32GetDatum(tenant->dim);
    values[3] = Int64GetDatum(count.pages);
    values[4] = Int32GetDatum(view->nlists);
    values[5] = Int32GetDatum(tenant->bits);
    tuplestore_putvalues(store, desc, values, isnull);
}

/* The tuplestore that the caller of a set-returning function takes its rows from. */
static Tuplestorestate *tv_result_store(FunctionCallInfo fcinfo, TupleDesc *desc)
{
    ReturnSetInfo *result = (ReturnSetInfo *)fcinfo->resultinfo;
    MemoryContext caller;
    Tuplestorestate *store;

    if (result == NULL || !IsA(result, ReturnSetInfo) || !(result->allowedModes & SFRM_Materialize))
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("set-valued function called in context that cannot accept a set")));
    caller = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
    if (get_call_result_type(fcinfo, NULL, desc) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    store = tuplestore_begin_heap(true, false, work_mem);
    result->returnMode = SFRM_Materialize;
    result->setResult = store;
    result->setDesc = *desc;
    MemoryContextSwitchTo(caller);
    return store;
}

PG_FUNCTION_INFO_V1(tenantvec_tenants);
Datum tenantvec_tenants(PG_FUNCTION_ARGS)
{
    TupleDesc desc;
    Tuplestorestate *store = tv_result_store(fcinfo, &desc);
    Relation index = index_open(PG_GETARG_OID(0), AccessShareLock);
    TvView view = { 0 };
    TvIndex *ix;
    BlockNumber nblocks;

    tv_require_ours(index);
    ix = tv_open(index, CurrentMemoryContext);
    nblocks = RelationGetNumberOfBlocks(index);
    for (BlockNumber block = 1; block < nblocks; block++) {
        int count;

        CHECK_FOR_INTERRUPTS();
        if (tv_block_kind(index, block, &count) == TV_TENANT && tv_view_load(ix, block, NULL, false, &view))
            tv_put_tenant(ix, &view, store, desc);
    }
    index_close(index, AccessShareLock);
    return (Datum)0;
}

/* What the index says of a row. */
typedef struct TvSeen {
    ItemPointerData tid; /* key */
    uint16 flags;
    BlockNumber tenant;
    uint64 sum; /* of the entry */
} TvSeen;

typedef struct TvCheck {
    TvIndex *ix;
    Relation heap;
    BlockNumber heap_blocks;
    HTAB *rows;
    TvView view;
    TvCount count;
    int64 tenants;
    int64 free;
    int64 directory;
    int64 slots;
    MemoryContext row;
} TvCheck;

static uint64 tv_entry_sum(const TvEntry *entry, size_t size)
{
    size_t start = offsetof(TvEntry, bias);

    return hash_bytes_extended((const unsigned char *)entry + start, (int)(size - start), 0);
}

static void tv_check_page(Page page, void *arg)
{
    TvCheck *check = arg;
    TvOpaque *opaque = TvPageOpaque(page);

    tv_count_page(page, &check->count);
    if (opaque->kind == TV_RETIRED)
        tv_bad_page(check->ix->rel, check->view.block, "a list goes on to a page that is not in use");
    for (int i = 0; i < opaque->count; i++) {
        TvEntry *entry = TvPageEntry(page, i);
        ItemPointerData tid = entry->tid;
        bool found;
        TvSeen *seen;

        if (entry->flags & ~(TV_UNRANKED | TV_RECODED))
            tv_bad_page(check->ix->rel, check->view.block, "an entry of no known kind");
        if (!ItemPointerIsValid(&tid) || ItemPointerGetBlockNumber(&tid) >= check->heap_blocks)
            tv_bad_page(check->ix->rel, check->view.block, "an entry points outside the table");
        seen = hash_search(check->rows, &tid, HASH_ENTER, &found);
        if (found)
            tv_bad_page(check->ix->rel, check->view.block, "two entries for one row");
        seen->flags = entry->flags;
        seen->tenant = check->view.block;
        seen->sum = tv_entry_sum(entry, opaque->size);
    }
}

/* A page of coded means: the reference point's, or one of the table of lists. Returns the next. */
static BlockNumber tv_check_means(TvCheck *check, BlockNumber block, TvPageKind kind)
{
    Buffer buf = tv_read(check->ix->rel, block, kind, BUFFER_LOCK_SHARE);
    Page page = BufferGetPage(buf);
    int dim = TvPageTenant(check->view.head)->dim;
    BlockNumber next = TvPageOpaque(page)->next;

    if (TvPageOpaque(page)->kind != kind)
        tv_bad_page(check->ix->rel, block, "a page that is not in use");
    tv_page_check_entries(check->ix->rel, buf, kind == TV_REF ? TvEntrySize(dim, TV_CENTROID_BITS) : TvListSize(dim));
    for (int i = 0; i < TvPageOpaque(page)->count; i++)
        if (!tv_entry_sound(TvPageEntry(page, i), dim, TV_CENTROID_BITS))
            tv_bad_page(check->ix->rel, block, "a mean's code and its factors do not belong together");
    UnlockReleaseBuffer(buf);
    return next;
}

/* The point that a tenant's rows are measured from, and its table of lists; beside which it has no list of its own. */
static void tv_check_head(TvCheck *check, BlockNumber block)
{
    const TvTenant *tenant = TvPageTenant(check->view.head);
    const TvOpaque *opaque = TvPageOpaque(check->view.head);

    tv_tenant_ref(check->ix, tenant);
    if (tenant->ref != InvalidBlockNumber)
        tv_check_means(check, tenant->ref, TV_REF);
    for (BlockNumber lists = tenant->lists; lists != InvalidBlockNumber;)
        lists = tv_check_means(check, lists, TV_LISTS);
    if (!check->view.flat && (opaque->count != 0 || opaque->next != InvalidBlockNumber))
        tv_bad_page(check->ix->rel, block, "rows beside the tenant's lists");
}

/* Lists, their counts, and the way from the directory to the tenant. */
static void tv_check_tenant(TvCheck *check, BlockNumber block)
{
    TvIndex *ix = check->ix;
    Datum value;
    TvKey key;
    bool possible;

    if (!tv_view_load(ix, block, NULL, false, &check->view))
        return;
    check->tenants++;
    check->count.pages += tv_other_pages(ix, &check->view);
    value = tv_tenant_key(ix, TvPageTenant(check->view.head));
    tv_key_make(ix, value, InvalidOid, &key, &possible);
    if (tv_tenant_find(ix, &key) != block)
        tv_bad_page(ix->rel, block, "the directory does not lead to this tenant");
    tv_check_head(check, block);
    for (int i = 0; i < check->view.nlists; i++) {
        TvList *list = &check->view.lists[i];
        int64 before = check->count.rows;
        Buffer buf = tv_read(ix->rel, list->first, check->view.flat ? TV_TENANT : TV_DATA, BUFFER_LOCK_SHARE);
        uint32 rows = TvPageOpaque(BufferGetPage(buf))->rows;

        UnlockReleaseBuffer(buf);
        tv_list_walk(ix, &check->view, list, tv_check_page, check);
        if (check->count.rows - before != rows)
            tv_bad_page(ix->rel, list->first, "the count of rows is wrong");
    }
}

/* A row of the table that this transaction sees: the index must have it, with its own tenant and the right code. */
static void tv_check_row(Relation index, ItemPointer tid, Datum *values, bool *isnull, bool alive, void *arg)
{
    TvCheck *check = arg;
    TvIndex *ix = check->ix;
    MemoryContext caller = MemoryContextSwitchTo(check->row);
    TvSeen *seen;
    TvKey key;
    bool possible;

    if (!isnull[0] && !isnull[1]) {
        seen = hash_search(check->rows, tid, HASH_FIND, NULL);
        if (seen == NULL)
            ereport(ERROR, (errcode(ERRCODE_INDEX_CORRUPTED),
                            errmsg("index \"%s\" lacks row (%u,%u)", RelationGetRelationName(index),
                                   ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid))));
        tv_key_make(ix, values[0], InvalidOid, &key, &possible);
        if (check->view.block != seen->tenant && !tv_view_load(ix, seen->tenant, NULL, false, &check->view))
            tv_bad_page(index, seen->tenant, "tenant has gone");
        if (!tv_tenant_is(ix, check->view.head, &key))
            tv_bad_page(index, seen->tenant, "a row of another tenant");
        if (!(seen->flags & TV_RECODED)) {
            TvTenant *tenant = TvPageTenant(check->view.head);
            Datum vector = PointerGetDatum(PG_DETOAST_DATUM(values[1]));
            TvEntry *entry = palloc0(TvEntrySize(tenant->dim, tenant->bits));

            tv_check_dim(ix, tenant->dim, tv_vector_dim(ix, vector));
            tv_tenant_ref(ix, tenant);
            if (tv_vector_load(ix, vector, ix->work))
                tv_encode(ix->type->metric, ix->work, ix->ref, tenant->dim, tenant->bits, entry);
            if (tv_entry_sum(entry, TvEntrySize(tenant->dim, tenant->bits)) != seen->sum)
                tv_bad_page(index, seen->tenant, "a code does not belong to its row");
        }
    }
    MemoryContextSwitchTo(caller);
    MemoryContextReset(check->row);
}

static void tv_check_heap(TvCheck *check)
{
    Relation index = check->ix->rel;
    IndexInfo *info = BuildIndexInfo(index);
    Snapshot snapshot = RegisterSnapshot(GetTransactionSnapshot());
    TableScanDesc scan = table_beginscan_strat(check->heap, snapshot, 0, NULL, true, true);

    info->ii_Concurrent = true;
    info->ii_Unique = false;
    info->ii_ExclusionOps = NULL;
    table_index_build_scan(check->heap, index, info, true, false, tv_check_row, check, scan);
    UnregisterSnapshot(snapshot);
}

static HTAB *tv_check_table(void)
{
    HASHCTL control = { .keysize = sizeof(ItemPointerData), .entrysize = sizeof(TvSeen) };

    control.hcxt = CurrentMemoryContext;
    return hash_create("tenantvec rows", 1024, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

PG_FUNCTION_INFO_V1(tenantvec_check);
Datum tenantvec_check(PG_FUNCTION_ARGS)
{
    Oid relid = PG_GETARG_OID(0);
    Oid heapid = IndexGetRelation(relid, false);
    Relation heap = table_open(heapid, ShareLock);
    Relation index = index_open(relid, AccessShareLock);
    BlockNumber nblocks;
    TvCheck check = { .heap = heap };
    TupleDesc desc;
    Datum values[5];
    bool isnull[5] = { false };

    tv_require_ours(index);
    if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    check.ix = tv_open(index, CurrentMemoryContext);
    check.heap_blocks = RelationGetNumberOfBlocks(heap);
    check.rows = tv_check_table();
    check.row = AllocSetContextCreate(CurrentMemoryContext, "tenantvec check row", ALLOCSET_DEFAULT_SIZES);
    check.view.block = InvalidBlockNumber;
    nblocks = RelationGetNumberOfBlocks(index);
    for (BlockNumber block = 1; block < nblocks; block++) {
        int count = 0;
        int kind = tv_block_kind(index, block, &count);

        CHECK_FOR_INTERRUPTS();
        if (kind != 0 && (kind <= TV_META || kind > TV_RETIRED))
            tv_bad_page(index, block, "page of no known kind");
        check.free += kind == 0 || kind == TV_RETIRED;
        check.directory += kind == TV_BUCKET;
        check.slots += kind == TV_BUCKET ? count : 0;
        if (kind == TV_TENANT)
            tv_check_tenant(&check, block);
    }
    if (check.slots != check.tenants)
        tv_bad_page(index, TV_META_BLOCK, "the directory leads to other tenants than there are");
    tv_check_heap(&check);
    values[0] = Int64GetDatum(check.tenants);
    values[1] = Int64GetDatum(check.count.rows);
    values[2] = Int64GetDatum(nblocks);
    values[3] = Int64GetDatum(check.free);
    values[4] = Int64GetDatum(nblocks - 1 - check.directory - check.count.pages - check.free);
    index_close(index, AccessShareLock);
    table_close(heap, ShareLock);
    PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, isnull)));
}
