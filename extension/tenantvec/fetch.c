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
    fetch->column = index->rd_index->indkey.values[1];
    if (fetch->column == 0) {
        fetch->info = BuildIndexInfo(index);
        fetch->estate = CreateExecutorState();
    }
    return fetch;
}

/* The second column's expression on the fetched row. */
static Datum tv_fetch_expression(TvFetch *fetch, bool *isnull)
{
    ExprContext *context = GetPerTupleExprContext(fetch->estate);
    Datum values[INDEX_MAX_KEYS];
    bool nulls[INDEX_MAX_KEYS];

    ResetExprContext(context);
    context->ecxt_scantuple = fetch->slot;
    FormIndexDatum(fetch->info, fetch->slot, fetch->estate, values, nulls);
    *isnull = nulls[1];
    return values[1];
}

/*
 * Vector of the row version that the snapshot sees, detoasted into the current context or pointing into the slot; false
 * if it sees none.
 */
bool tv_fetch_vector(TvFetch *fetch, ItemPointer tid, Snapshot snapshot, Datum *vector)
{
    ItemPointerData root = *tid;
    bool again = false;
    bool dead = false;
    bool isnull;

    if (!table_index_fetch_tuple(fetch->fetch, &root, snapshot, fetch->slot, &again, &dead))
        return false;
    if (fetch->column != 0)
        *vector = slot_getattr(fetch->slot, fetch->column, &isnull);
    else
        *vector = tv_fetch_expression(fetch, &isnull);
    if (isnull)
        return false;
    *vector = PointerGetDatum(PG_DETOAST_DATUM(*vector));
    return true;
}

void tv_fetch_close(TvFetch *fetch)
{
    table_index_fetch_end(fetch->fetch);
    ExecDropSingleTupleTableSlot(fetch->slot);
    if (fetch->estate)
        FreeExecutorState(fetch->estate);
    if (fetch->info)
        pfree(fetch->info);
    pfree(fetch);
}
