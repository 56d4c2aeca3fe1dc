/*
 * fetch.c: the indexed vector of a row, taken from the heap.
 */
#include "tenantvec.h"

#include "access/tableam.h"
#include "catalog/index.h"
#include "executor/executor.h"

TvFetch *tv_fetch_open(Relation heap, Relation index)
{
    TvFetch *fetch = palloc0(sizeof(TvFetch));

    fetch->fetch = table_index_fetch_begin(heap);
    fetch->slot = table_slot_create(heap, NULL);
    fetch->info = BuildIndexInfo(index);
    fetch->estate = CreateExecutorState();
    return fetch;
}

/*
 * Vector of the row version that the snapshot sees, detoasted into the current context or pointing into the slot; false
 * if it sees none.
 */
bool tv_fetch_vector(TvFetch *fetch, ItemPointer tid, Snapshot snapshot, Datum *vector)
{
    ItemPointerData root = *tid;
    Datum values[INDEX_MAX_KEYS];
    bool isnull[INDEX_MAX_KEYS];
    bool again = false;
    bool dead = false;
    ExprContext *context = GetPerTupleExprContext(fetch->estate);

    if (!table_index_fetch_tuple(fetch->fetch, &root, snapshot, fetch->slot, &again, &dead))
        return false;
    ResetExprContext(context);
    context->ecxt_scantuple = fetch->slot;
    FormIndexDatum(fetch->info, fetch->slot, fetch->estate, values, isnull);
    if (isnull[1])
        return false;
    *vector = PointerGetDatum(PG_DETOAST_DATUM(values[1]));
    return true;
}

void tv_fetch_close(TvFetch *fetch)
{
    table_index_fetch_end(fetch->fetch);
    ExecDropSingleTupleTableSlot(fetch->slot);
    FreeExecutorState(fetch->estate);
    pfree(fetch->info);
    pfree(fetch);
}
