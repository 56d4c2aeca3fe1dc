/*
 * build.c: an index on a table that has rows.
 *
 * Rows are sorted by the hash of their tenant, so that each tenant is written whole. Memory stays within
 * maintenance_work_mem: the sort spills to disk, and of a tenant that is too large only the first part is clustered at
 * once; the rest is added row by row like later inserts.
 */
#include "tenantvec.h"

#include "access/tableam.h"
#include "catalog/index.h"
#include "catalog/pg_operator_d.h"
#include "catalog/pg_type.h"
#include "commands/progress.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/datum.h"
#include "utils/memutils.h"

/* Rows that a tenant's reference point is made from, at most. */
#define TV_REF_SAMPLE 2048

enum { TV_SORT_HASH, TV_SORT_TID, TV_SORT_KEY, TV_SORT_VECTOR, TV_SORT_COLUMNS };

/* The tenant being collected. */
typedef struct TvGroup {
    MemoryContext ctx; /* of what belongs to this tenant alone */
    bool open;
    bool written; /* what follows is inserted row by row */
    int64 hash;
    TvKey key;
    int dim;
    int bits;
    size_t size;
    float *sample; /* rotated vectors from which the reference point will be made */
    ItemPointerData *tids;
    bool *ranked;
    int nsample;
    int max_sample;
    BlockNumber ref_block;
    uint64 ref_id;
    float *ref;    /* NULL until made */
    char *entries; /* coded rows */
    int64 n;
    int64 allocated;
    int64 max;
} TvGroup;

typedef struct TvBuild {
    TvIndex *ix;
    Relation heap;
    Tuplesortstate *sort;
    TupleTableSlot *slot;
    MemoryContext row;
    TvGroup group;
    TvView view;
    double rows;
} TvBuild;

static TupleDesc tv_sort_desc(TvBuild *build)
{
    TupleDesc desc = CreateTemplateTupleDesc(TV_SORT_COLUMNS);

    TupleDescInitEntry(desc, TV_SORT_HASH + 1, "hash", INT8OID, -1, 0);
    TupleDescInitEntry(desc, TV_SORT_TID + 1, "tid", INT8OID, -1, 0);
    TupleDescInitEntry(desc, TV_SORT_KEY + 1, "key", build->ix->key_type, -1, 0);
    TupleDescInitEntry(desc, TV_SORT_VECTOR + 1, "vector", build->ix->rel->rd_opcintype[1], -1, 0);
    return desc;
}

static void tv_build_row(Relation index, ItemPointer tid, Datum *values, bool *isnull, bool alive, void *arg)
{
    TvBuild *build = arg;
    MemoryContext caller;
    TvKey key;
    bool possible;

    if (isnull[0] || isnull[1])
        return;
    caller = MemoryContextSwitchTo(build->row);
    tv_key_make(build->ix, values[0], InvalidOid, &key, &possible);
    ExecClearTuple(build->slot);
    build->slot->tts_values[TV_SORT_HASH] = Int64GetDatum(key.hash);
    build->slot->tts_values[TV_SORT_TID] =
        Int64GetDatum(((int64)ItemPointerGetBlockNumber(tid) << 16) | ItemPointerGetOffsetNumber(tid));
    build->slot->tts_values[TV_SORT_KEY] = key.value;
    build->slot->tts_values[TV_SORT_VECTOR] = PointerGetDatum(PG_DETOAST_DATUM(values[1]));
    memset(build->slot->tts_isnull, false, sizeof(bool) * TV_SORT_COLUMNS);
    ExecStoreVirtualTuple(build->slot);
    tuplesort_puttupleslot(build->sort, build->slot);
    build->rows++;
    MemoryContextSwitchTo(caller);
    MemoryContextReset(build->row);
}

/* Begin a tenant with its first row's key and dimension. */
static void tv_group_open(TvBuild *build, int64 hash, const TvKey *key, int dim)
{
    TvGroup *group = &build->group;
    MemoryContext ctx = group->ctx;
    size_t budget = (size_t)maintenance_work_mem * 1024 / 4;
    MemoryContext caller = MemoryContextSwitchTo(ctx);

    memset(group, 0, sizeof(*group));
    group->ctx = ctx;
    group->open = true;
    group->hash = hash;
    group->key = *key;
    if (key->bytes) {
        group->key.bytes = memcpy(palloc(key->len), key->bytes, key->len);
        group->key.value = PointerGetDatum(group->key.bytes);
    }
    group->dim = dim;
    group->bits = tv_fitting_bits(build->ix->rel, dim);
    group->size = TvEntrySize(dim, group->bits);
    group->max_sample = Max(TV_FIRST_REF_ROWS, Min(TV_REF_SAMPLE, budget / (sizeof(float) * TvPadded(dim))));
    group->max = Max(2 * tv_option_list_rows(build->ix->rel), budget / group->size);
    group->ref_block = InvalidBlockNumber;
    MemoryContextSwitchTo(caller);
}

static void tv_group_code(TvBuild *build, const float *x, ItemPointer tid, bool ranked)
{
    TvGroup *group = &build->group;
    TvEntry *entry;

    if (group->n >= group->allocated) {
        group->allocated = Max(64, 2 * group->allocated);
        group->entries = group->entries ? repalloc_huge(group->entries, group->size * group->allocated)
                                        : MemoryContextAllocHuge(group->ctx, group->size * group->allocated);
    }
    entry = (TvEntry *)(group->entries + group->size * group->n++);
    if (ranked)
        tv_encode(build->ix->type->metric, x, group->ref, group->dim, group->bits, entry);
    else {
        memset(entry, 0, group->size);
        entry->flags = TV_UNRANKED;
    }
    entry->tid = *tid;
}

/* Make the reference point, if there are enough rows for one, and code what was waiting for it. */
static void tv_group_ref(TvBuild *build)
{
    TvGroup *group = &build->group;
    int padded = TvPadded(group->dim);

    group->ref = MemoryContextAllocZero(group->ctx, sizeof(float) * padded);
    group->ref_id = tv_random_id();
    if (group->nsample >= TV_FIRST_REF_ROWS)
        group->ref_block =
            tv_ref_write(build->ix, group->sample, group->nsample, group->dim, group->ref_id, group->ref);
    for (int i = 0; i < group->nsample; i++)
        tv_group_code(build, group->sample + (size_t)i * padded, &group->tids[i], group->ranked[i]);
}

/* Divide rows into lists, write them, and add their entries to `table`. A list that were full would be split by its
 * next row. */
static void tv_group_divide(TvBuild *build, char *entries, int n, StringInfo table)
{
    TvGroup *group = &build->group;
    size_t size = group->size;

    if (n <= tv_option_list_rows(build->ix->rel) * 3 / 4) {
        TvEntry *entry = palloc0(TvListSize(group->dim));

        tv_list_make(build->ix->rel, entries, n, size, group->dim, group->bits, entry);
        appendBinaryStringInfo(table, (char *)entry, TvListSize(group->dim));
        pfree(entry);
    } else {
        bool *side = palloc(sizeof(bool) * n);
        char *sorted = palloc_extended(size * n, MCXT_ALLOC_HUGE);
        int front = 0;
        int back = n;

        tv_bisect(entries, n, size, group->dim, group->bits, side);
        for (int i = 0; i < n; i++)
            memcpy(sorted + size * (side[i] ? front++ : --back), entries + size * i, size);
        memcpy(entries, sorted, size * n);
        pfree(sorted);
        pfree(side);
        tv_group_divide(build, entries, front, table);
        tv_group_divide(build, entries + size * front, n - front, table);
    }
}

/* Write what was collected and make it the tenant's. */
static void tv_group_write(TvBuild *build)
{
    TvGroup *group = &build->group;
    Relation index = build->ix->rel;
    MemoryContext caller = MemoryContextSwitchTo(group->ctx);
    bool flat;
    uint64 id = tv_random_id();
    GenericXLogState *state;
    BlockNumber head, block = InvalidBlockNumber;
    StringInfoData table;
    TvTenant *tenant;
    Buffer buf;
    Page page;
    int on_head = 0;

    if (group->ref == NULL)
        tv_group_ref(build);
    flat = group->n <= tv_option_list_rows(index);
    head = tv_tenant_create(build->ix, &group->key, group->dim);
    buf = tv_read(index, head, TV_TENANT, BUFFER_LOCK_SHARE);
    if (flat)
        on_head = Min(group->n, tv_page_capacity(BufferGetPage(buf)));
    UnlockReleaseBuffer(buf);
    initStringInfo(&table);
    if (!flat) {
        tv_group_divide(build, group->entries, group->n, &table);
        block =
            tv_list_write(index, TV_LISTS, table.data, table.len / TvListSize(group->dim), TvListSize(group->dim), id);
    } else if (group->n > on_head)
        block =
            tv_list_write(index, TV_DATA, group->entries + group->size * on_head, group->n - on_head, group->size, id);

    buf = tv_read(index, head, TV_TENANT, BUFFER_LOCK_EXCLUSIVE);
    state = GenericXLogStart(index);
    page = GenericXLogRegisterBuffer(state, buf, 0);
    tenant = TvPageTenant(page);
    tenant->version++;
    tenant->ref = group->ref_block;
    tenant->ref_id = group->ref_id;
    tenant->ref_rows = group->ref_block == InvalidBlockNumber ? 0 : group->n;
    if (flat) {
        TvPageOpaque(page)->id = id;
        TvPageOpaque(page)->next = block;
        TvPageOpaque(page)->rows = group->n;
        if (on_head > 0)
            tv_page_append(page, group->entries, on_head);
    } else {
        tenant->lists = block;
        tenant->lists_id = id;
        tenant->nlists = table.len / TvListSize(group->dim);
    }
    GenericXLogFinish(state);
    UnlockReleaseBuffer(buf);
    MemoryContextSwitchTo(caller);
    MemoryContextReset(group->ctx);
    group->written = true;
}

/* Add a row to the tenant being collected. */
static void tv_group_add(TvBuild *build, Datum vector, ItemPointer tid)
{
    TvGroup *group = &build->group;
    TvIndex *ix = build->ix;
    int padded = TvPadded(group->dim);
    float *x = ix->work;
    bool ranked;

    tv_check_dim(ix, group->dim, tv_vector_dim(ix, vector));
    tv_set_dim(ix, group->dim);
    if (group->ref == NULL) {
        if (group->nsample == group->max_sample)
            tv_group_ref(build);
        else if (group->sample == NULL) {
            group->sample = MemoryContextAllocHuge(group->ctx, sizeof(float) * padded * group->max_sample);
            group->tids = MemoryContextAlloc(group->ctx, sizeof(ItemPointerData) * group->max_sample);
            group->ranked = MemoryContextAlloc(group->ctx, sizeof(bool) * group->max_sample);
        }
    }
    if (group->ref == NULL)
        x = group->sample + (size_t)group->nsample * padded;
    else
        x = ix->work;
    ranked = tv_vector_load(ix, vector, x);
    if (group->ref == NULL) {
        group->tids[group->nsample] = *tid;
        group->ranked[group->nsample++] = ranked;
    } else
        tv_group_code(build, x, tid, ranked);
}

/*
 * One sorted row. A row of another tenant with the same hash, and whatever comes when the tenant is written already, go
 * the way of later inserts.
 */
static void tv_build_take(TvBuild *build, TupleTableSlot *slot)
{
    TvGroup *group = &build->group;
    int64 hash = DatumGetInt64(slot->tts_values[TV_SORT_HASH]);
    int64 packed = DatumGetInt64(slot->tts_values[TV_SORT_TID]);
    Datum vector = PointerGetDatum(PG_DETOAST_DATUM(slot->tts_values[TV_SORT_VECTOR]));
    ItemPointerData tid;
    TvKey key;
    bool possible;

    ItemPointerSet(&tid, (BlockNumber)(packed >> 16), (OffsetNumber)(packed & 0xffff));
    tv_key_make(build->ix, slot->tts_values[TV_SORT_KEY], InvalidOid, &key, &possible);
    if (!group->open || hash != group->hash) {
        if (group->open && !group->written)
            tv_group_write(build);
        tv_group_open(build, hash, &key, tv_vector_dim(build->ix, vector));
    }
    if (group->written || !tv_same_key(build->ix, &group->key, &key)) {
        tv_insert_row(build->ix, build->heap, &key, vector, &tid, &build->view);
        return;
    }
    tv_group_add(build, vector, &tid);
    if (group->n >= group->max)
        tv_group_write(build);
}

static void tv_build_write(TvBuild *build)
{
    TupleTableSlot *slot = MakeSingleTupleTableSlot(build->slot->tts_tupleDescriptor, &TTSOpsMinimalTuple);
    int64 done = 0;

    pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL, (int64)build->rows);
    while (tuplesort_gettupleslot(build->sort, true, false, slot, NULL)) {
        MemoryContext caller = MemoryContextSwitchTo(build->row);

        CHECK_FOR_INTERRUPTS();
        slot_getallattrs(slot);
        tv_build_take(build, slot);
        MemoryContextSwitchTo(caller);
        MemoryContextReset(build->row);
        pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, ++done);
    }
    if (build->group.open && !build->group.written)
        tv_group_write(build);
    ExecDropSingleTupleTableSlot(slot);
}

static void tv_build_check(Relation index)
{
    if (IndexRelationGetNumberOfKeyAttributes(index) != 2)
        ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
                        errmsg("a tenantvec index has two columns: tenant and vector"),
                        errhint("Write USING tenantvec (tenant_id, embedding vector_cosine_ops).")));
    if (OidIsValid(index_getprocid(index, 1, 2)) || !OidIsValid(index_getprocid(index, 2, 2)))
        ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
                        errmsg("the first column of a tenantvec index is the tenant, the second the vector"),
                        errhint("Write USING tenantvec (tenant_id, embedding vector_cosine_ops).")));
}

IndexBuildResult *tv_build(Relation heap, Relation index, IndexInfo *info)
{
    AttrNumber columns[] = { TV_SORT_HASH + 1, TV_SORT_TID + 1 };
    Oid operators[] = { Int8LessOperator, Int8LessOperator };
    Oid collations[] = { InvalidOid, InvalidOid };
    bool nulls_first[] = { false, false };
    IndexBuildResult *result = palloc0(sizeof(IndexBuildResult));
    MemoryContext ctx = AllocSetContextCreate(CurrentMemoryContext, "tenantvec build", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(ctx);
    TvBuild build = { .heap = heap };

    tv_build_check(index);
    tv_meta_init(index, MAIN_FORKNUM);
    build.ix = tv_open(index, ctx);
    build.row = AllocSetContextCreate(ctx, "tenantvec build row", ALLOCSET_DEFAULT_SIZES);
    build.group.ctx = AllocSetContextCreate(ctx, "tenantvec build tenant", ALLOCSET_DEFAULT_SIZES);
    build.slot = MakeSingleTupleTableSlot(tv_sort_desc(&build), &TTSOpsVirtual);
    build.sort = tuplesort_begin_heap(build.slot->tts_tupleDescriptor, 2, columns, operators, collations, nulls_first,
                                      maintenance_work_mem / 2, NULL, TV_SORT_ONCE);
    pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, TV_PHASE_LOAD);
    result->heap_tuples = table_index_build_scan(heap, index, info, true, true, tv_build_row, &build, NULL);
    pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, TV_PHASE_SORT);
    tuplesort_performsort(build.sort);
    pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, TV_PHASE_WRITE);
    tv_build_write(&build);
    tuplesort_end(build.sort);
    ExecDropSingleTupleTableSlot(build.slot);
    result->index_tuples = build.rows;
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(ctx);
    return result;
}

/* The initial fork of an unlogged index. */
void tv_buildempty(Relation index)
{
    tv_build_check(index);
    tv_meta_init(index, INIT_FORKNUM);
}
