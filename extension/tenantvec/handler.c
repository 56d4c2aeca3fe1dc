/*
 * handler.c: what PostgreSQL asks of an access method, settings, index options, and costs.
 */
#include "tenantvec.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/reloptions.h"
#include "catalog/pg_statistic.h"
#include "commands/progress.h"
#include "nodes/pathnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/float.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"
#include "utils/spccache.h"
#include "utils/syscache.h"

#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(.name = "tenantvec", .version = "1.0");
#else
PG_MODULE_MAGIC;
#endif

int tv_probes;
int tv_rerank;
double tv_confidence;
static char *tv_simd;
static relopt_kind tv_relopt_kind;

/* Rows looked at in the heap for a handful returned: what the planner assumes. */
#define TV_TYPICAL_RANKED 50

static bool tv_simd_check(char **newval, void **extra, GucSource source)
{
    if (strcmp(*newval, "auto") == 0 || tv_kernel_offered(*newval))
        return true;
    GUC_check_errdetail("This machine offers auto, plain, and what it has of avx2 and avx512.");
    return false;
}

static void tv_simd_assign(const char *newval, void *extra)
{
    if (strcmp(newval, "auto") == 0)
        tv_kernel_init();
    else
        tv_kernel_choose(newval);
}

void _PG_init(void);
void _PG_init(void)
{
    tv_relopt_kind = add_reloption_kind();
    add_int_reloption(tv_relopt_kind, "bits", "Bits of code per dimension", TV_DEFAULT_BITS, 1, TV_MAX_BITS,
                      AccessExclusiveLock);
    add_int_reloption(tv_relopt_kind, "list_rows", "Rows at which a list is split", TV_DEFAULT_LIST_ROWS, 16, 100000,
                      AccessExclusiveLock);
    DefineCustomIntVariable("tenantvec.probes",
                            "Lists of a tenant, nearest first, that are read in vain before the first row is returned.",
                            "0 means 48, or a third of the tenant's lists if that is more. More are read when more "
                            "rows are asked for.",
                            &tv_probes, 0, 0, PG_INT32_MAX, PGC_USERSET, 0, NULL, NULL, NULL);
    DefineCustomIntVariable("tenantvec.rerank",
                            "Rows that may wait with their exact distances for a nearer one to turn up.", NULL,
                            &tv_rerank, 500, 1, PG_INT32_MAX, PGC_USERSET, 0, NULL, NULL, NULL);
    DefineCustomRealVariable("tenantvec.confidence", "Standard errors by which a row may be nearer than its code says.",
                             NULL, &tv_confidence, 3, 0, 1000, PGC_USERSET, 0, NULL, NULL, NULL);
    DefineCustomStringVariable("tenantvec.simd", "Instructions that compare codes: auto, plain, avx2 or avx512.",
                               "All give the same results.", &tv_simd, "auto", PGC_USERSET, 0, tv_simd_check,
                               tv_simd_assign, NULL);
#if PG_VERSION_NUM >= 150000
    MarkGUCPrefixReserved("tenantvec");
#endif
}

int tv_option_bits(Relation index)
{
    TvOptions *options = (TvOptions *)index->rd_options;

    return options ? options->bits : TV_DEFAULT_BITS;
}

int tv_option_list_rows(Relation index)
{
    TvOptions *options = (TvOptions *)index->rd_options;

    return options ? options->list_rows : TV_DEFAULT_LIST_ROWS;
}

static bytea *tv_options(Datum reloptions, bool validate)
{
    static const relopt_parse_elt table[] = {
        { "bits", RELOPT_TYPE_INT, offsetof(TvOptions, bits) },
        { "list_rows", RELOPT_TYPE_INT, offsetof(TvOptions, list_rows) },
    };

    return (bytea *)build_reloptions(reloptions, validate, tv_relopt_kind, sizeof(TvOptions), table, lengthof(table));
}

static char *tv_buildphasename(int64 phase)
{
    switch (phase) {
    case PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE:
        return "initializing";
    case TV_PHASE_LOAD:
        return "loading rows";
    case TV_PHASE_SORT:
        return "sorting by tenant";
    case TV_PHASE_WRITE:
        return "writing tenants";
    default:
        return NULL;
    }
}

/* How far the tenants' rows lie together in the table; what a b-tree on the tenant would say, too. */
static double tv_correlation(PlannerInfo *root, IndexOptInfo *index)
{
    RangeTblEntry *table = planner_rt_fetch(index->rel->relid, root);
    double correlation = 0;
    AttStatsSlot slot;
    HeapTuple stats;

    if (table->rtekind != RTE_RELATION || index->indexkeys[0] == 0)
        return 0;
    stats = SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(table->relid), Int16GetDatum(index->indexkeys[0]),
                            BoolGetDatum(table->inh));
    if (!HeapTupleIsValid(stats))
        return 0;
    if (get_attstatsslot(&slot, stats, STATISTIC_KIND_CORRELATION, InvalidOid, ATTSTATSSLOT_NUMBERS)) {
        if (slot.nnumbers == 1)
            correlation = slot.numbers[0];
        free_attstatsslot(&slot);
    }
    ReleaseSysCache(stats);
    return correlation;
}

static void tv_cost_of_no_use(IndexPath *path, Cost *startup, Cost *total)
{
    *startup = *total = get_float8_infinity();
#if PG_VERSION_NUM >= 180000
    path->path.disabled_nodes = 2;
#endif
}

/*
 * Before the first row the tenant's codes are read, or those of the probed lists, and some rows ranked exactly. What
 * the heap costs is for the core to say, which charges for the rows that are returned: those ranked beside them are a
 * part of what every other way to the tenant's nearest rows has to fetch, too. Without an order, or with more of it
 * than one distance, the index is of no use.
 */
static void tv_costestimate(PlannerInfo *root, IndexPath *path, double loop_count, Cost *startup, Cost *total,
                            Selectivity *selectivity, double *correlation, double *pages)
{
    IndexOptInfo *index = path->indexinfo;
    GenericCosts costs = { 0 };
    double tuples = Max(index->tuples, 1);
    double tenant, lists, read, fetched, random_page, seq_page;

    if (list_length(path->indexorderbys) != 1 || path->indexclauses == NIL) {
        tv_cost_of_no_use(path, startup, total);
        *selectivity = *correlation = *pages = 0;
        return;
    }
    genericcostestimate(root, path, loop_count, &costs);
    get_tablespace_page_costs(index->reltablespace, &random_page, &seq_page);
    tenant = Max(1, costs.indexSelectivity * tuples);
    lists = tenant / (TV_DEFAULT_LIST_ROWS / 2);
    read = Min(tenant, tv_probes_of(lists) * TV_DEFAULT_LIST_ROWS / 2);
    *pages = fetched = Max(1, ceil(index->pages * read / tuples));
    if (loop_count > 1)
        fetched = index_pages_fetched(*pages * loop_count, index->pages, index->pages, root) / loop_count;
    *startup = Min(fetched, 1) * random_page + Max(fetched - 1, 0) * seq_page + read * cpu_operator_cost;
    *startup += Min(tenant, TV_TYPICAL_RANKED) * (cpu_tuple_cost + cpu_operator_cost);
    *total = *startup + tenant * (cpu_tuple_cost + cpu_operator_cost);
    *selectivity = costs.indexSelectivity;
    *correlation = tv_correlation(root, index);
}

static void tv_set_abilities(IndexAmRoutine *am)
{
    am->amstrategies = 1;
    am->amsupport = 2;
    am->amoptsprocnum = 0;
    am->amcanorderbyop = true;
    am->amcanmulticol = true;
    am->amoptionalkey = false;
    am->amstorage = false;
    am->amparallelvacuumoptions = VACUUM_OPTION_PARALLEL_BULKDEL | VACUUM_OPTION_PARALLEL_COND_CLEANUP;
    am->amkeytype = InvalidOid;
}

PG_FUNCTION_INFO_V1(tenantvec_handler);
Datum tenantvec_handler(PG_FUNCTION_ARGS)
{
    IndexAmRoutine *am = makeNode(IndexAmRoutine);

    tv_set_abilities(am);
    am->ambuild = tv_build;
    am->ambuildempty = tv_buildempty;
    am->aminsert = tv_insert;
    am->ambulkdelete = tv_bulkdelete;
    am->amvacuumcleanup = tv_vacuumcleanup;
    am->amcostestimate = tv_costestimate;
    am->amoptions = tv_options;
    am->ambuildphasename = tv_buildphasename;
    am->amvalidate = tv_validate;
    am->ambeginscan = tv_beginscan;
    am->amrescan = tv_rescan;
    am->amgettuple = tv_gettuple;
    am->amendscan = tv_endscan;
    PG_RETURN_POINTER(am);
}
