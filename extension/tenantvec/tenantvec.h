/*
 * tenantvec.h: what the parts of the access method share.
 *
 * The index, page by page:
 *   META     block 0: version and the extendible hash table of buckets
 *   BUCKET   (hash of tenant key, block of its TENANT page)
 *   TENANT   the tenant's key and state; while the tenant is small, also the first page of its only list
 *   DATA     further pages of a list of rows, linked by `next`
 *   LISTS    a tenant's table of lists: one centroid and first page each
 *   REF      the point that a tenant's rows are measured from
 *   RETIRED  no longer linked. It keeps its contents, so that whoever still holds a pointer to it reads what
 *            was there; it is used again when no such reader can be left.
 *
 * Locks, in this order: the tenant's page lock (LockPage on its TENANT block; shared to add or delete rows, exclusive
 * to move them between lists), META, BUCKET, TENANT, LISTS (under the exclusive page lock, in any order), the list's
 * first page, the pages after it, a new page. Scans take no page lock and hold one buffer at a time. Every change is
 * one generic WAL record of at most four pages.
 */
#ifndef TENANTVEC_H
#define TENANTVEC_H

#include "compat.h"

#include "access/amapi.h"
#include "access/generic_xlog.h"
#include "access/relscan.h"
#include "fmgr.h"
#include "nodes/execnodes.h"
#include "storage/bufpage.h"
#include "utils/rel.h"

#define TV_MAGIC 0x54564543
#define TV_VERSION 1
#define TV_META_BLOCK 0
#define TV_MAX_KEY 2000
#define TV_MAX_DIM 16000
#define TV_MAX_BITS 4
#define TV_CENTROID_BITS 4
#define TV_MAX_QUERY_BITS 7
#define TV_DEFAULT_BITS 1
#define TV_DEFAULT_LIST_ROWS 512

/* Tests make these small, to reach what takes millions of rows otherwise. */
#ifndef TV_MAX_DEPTH
#define TV_MAX_DEPTH 10
#endif
#ifndef TV_MAX_ENTRIES /* on a page */
#define TV_MAX_ENTRIES BLCKSZ
#endif

/* Where `tenantvec.probes` says nothing: so many, or one list in so many of a large tenant. */
#define TV_FEW_PROBES 48
#define TV_PROBED_SHARE 3

/* A flat tenant gets a reference point when it has this many rows, and a better one when it has grown eightfold. */
#define TV_FIRST_REF_ROWS 64
#define TV_REF_GROWTH 8

typedef enum TvMetric { TV_L2, TV_IP, TV_COSINE } TvMetric;

/* What support function 2 of a vector class returns. */
typedef struct TvVectorType {
    TvMetric metric;
    bool half;
} TvVectorType;

typedef enum TvPageKind { TV_META = 0x5401, TV_BUCKET, TV_TENANT, TV_DATA, TV_LISTS, TV_REF, TV_RETIRED } TvPageKind;

/* Special space of every page. Entries are an array of `count` times `size` bytes from offset `start`. */
typedef struct TvOpaque {
    uint64 id;   /* list of a DATA page, depth and prefix of a BUCKET; random, so that a page used again is noticed */
    uint64 xid;  /* next transaction id when the page was made, or retired */
    uint32 rows; /* first page of a list: rows in the whole list */
    BlockNumber next;
    uint16 kind;
    uint16 count;
    uint16 start;
    uint16 size;
} TvOpaque;

typedef struct TvMeta {
    uint32 magic;
    uint32 version;
    uint32 depth;
    BlockNumber buckets[1 << TV_MAX_DEPTH];
} TvMeta;

/* Where a block was in memory when it was looked up last. It may be elsewhere by now. */
typedef struct TvFound {
    BlockNumber block;
    Buffer buf;
} TvFound;

/* What a backend keeps of the index in rd_amcache. */
typedef struct TvCache {
    TvMeta meta;
    uint32 mask;
    TvFound found[FLEXIBLE_ARRAY_MEMBER]; /* block & mask is its place */
} TvCache;

typedef struct TvSlot {
    uint32 hash;
    BlockNumber tenant;
} TvSlot;

/* Contents of a TENANT page before its entries. */
typedef struct TvTenant {
    uint32 hash;
    uint32 version; /* changes whenever the table of lists does */
    uint16 dim;
    uint16 bits;
    uint32 ref_rows;   /* rows that the reference point was made from */
    BlockNumber ref;   /* REF page, or invalid: rows are measured from zero */
    BlockNumber lists; /* first LISTS page, or invalid while the tenant is one flat list */
    uint64 ref_id;     /* id of the REF page */
    uint64 lists_id;   /* id of the LISTS pages */
    uint32 nlists;
    uint32 keylen;
    char key[FLEXIBLE_ARRAY_MEMBER];
} TvTenant;

/*
 * A coded vector. With r = the rotated vector minus the reference point, u the code's values (…, -0.5, 0.5, …), and x
 * the query treated the same way: <x, r> is estimated by scale * <x, u>, with a standard error of err * |x|.
 */
typedef struct TvEntry {
    ItemPointerData tid; /* row; in a table of lists: first page of the list */
    uint16 flags;
    float bias;   /* |r|^2; for inner product -<reference, r> */
    float scale;  /* |r|^2 / <u, r> */
    float offset; /* scale * sum(u) */
    float err;
    uint64 code[FLEXIBLE_ARRAY_MEMBER]; /* bit planes, lowest first */
} TvEntry;

/* The factors are not finite (overflow, zero vector under cosine): only the exact distance can rank the row. */
#define TV_UNRANKED 0x0001
/* Coded again from its own code, because its row was not there to be read. */
#define TV_RECODED 0x0002

#define TvPadded(dim) (((dim) + 63) / 64 * 64)
#define TvWords(dim) (((dim) + 63) / 64)
#define TvEntrySize(dim, bits) (offsetof(TvEntry, code) + sizeof(uint64) * TvWords(dim) * (bits))

/* An entry of a LISTS page is followed by the id of its list. */
#define TvListSize(dim) (TvEntrySize(dim, TV_CENTROID_BITS) + sizeof(uint64))
#define TvListId(entry, dim) ((uint64 *)((char *)(entry) + TvEntrySize(dim, TV_CENTROID_BITS)))

/* Functions: what they are given may be a call that registers the page. */
static inline TvOpaque *TvPageOpaque(Page page)
{
    return (TvOpaque *)PageGetSpecialPointer(page);
}

static inline TvTenant *TvPageTenant(Page page)
{
    return (TvTenant *)PageGetContents(page);
}

static inline TvEntry *TvPageEntry(Page page, int i)
{
    return (TvEntry *)((char *)page + TvPageOpaque(page)->start + (size_t)i * TvPageOpaque(page)->size);
}

#define TvPageHolds(space, size) ((int)Min((space) / (size), TV_MAX_ENTRIES))
#define TvPageSpace (BLCKSZ - MAXALIGN(SizeOfPageHeaderData) - MAXALIGN(sizeof(TvOpaque)))

#define TvPageOurs(page) (!PageIsNew(page) && ((PageHeader)(page))->pd_special == BLCKSZ - MAXALIGN(sizeof(TvOpaque)))

/* A query or a vector to be placed, quantized to bit planes against one reference point. */
typedef struct TvQuery {
    int words;
    int bits;
    int64 sum;     /* of the quantized values */
    float delta;   /* their step */
    float norm2;   /* |x|^2 */
    float error;   /* |x|, enlarged by what the quantization lost */
    float ip_bias; /* <x or zero, reference>: what inner product adds to every estimate */
    bool unranked;
    uint64 *planes;
} TvQuery;

/* An open index: built once per scan, statement or vacuum, in a context of its owner. */
typedef struct TvIndex {
    Relation rel;
    MemoryContext ctx;
    const TvVectorType *type;
    FmgrInfo *hash;
    FmgrInfo *distance;
    FmgrInfo equal;
    Oid key_type;
    int16 key_typlen;
    bool key_typbyval;
    Datum vector; /* at hand; must live as long */
    bool rotated; /* `work` holds it */
    bool ranked;  /* it has a direction that can be coded */
    /* buffers for the dimension at hand */
    int dim;
    float *work;
    float *ref;
    uint64 ref_id; /* REF page decoded in `ref`; 0 none */
    float ref_norm2;
} TvIndex;

/* A tenant's key as stored. */
typedef struct TvKey {
    uint32 hash;
    uint32 len;
    Datum value;
    const char *bytes; /* NULL if the datum itself is the key */
} TvKey;

typedef struct TvOptions {
    int32 vl_len_;
    int bits;
    int list_rows;
} TvOptions;

/* handler.c */
extern int tv_probes;
extern int tv_rerank;
extern double tv_confidence;

/* How many of a tenant's lists are read in vain, one after another, before a scan returns its first row. */
static inline double tv_probes_of(double lists)
{
    return tv_probes > 0 ? tv_probes : Max(TV_FEW_PROBES, lists / TV_PROBED_SHARE);
}

extern int tv_option_bits(Relation index);
extern int tv_option_list_rows(Relation index);

/* vectors.c */
extern TvIndex *tv_open(Relation index, MemoryContext ctx);
extern int tv_vector_dim(const TvIndex *ix, Datum vector);
extern bool tv_vector_load(TvIndex *ix, Datum vector, float *out);
extern void tv_set_dim(TvIndex *ix, int dim);
extern void tv_vector_set(TvIndex *ix, Datum vector);
extern bool tv_vector_rotated(TvIndex *ix);

/* quantize.c */
extern double tv_norm2(const float *x, int padded);
extern void tv_rotate(float *x, int padded, float scale);
extern void tv_encode(TvMetric metric, const float *x, const float *ref, int dim, int bits, TvEntry *entry);
extern bool tv_entry_sound(const TvEntry *entry, int dim, int bits);
extern void tv_decode(const TvEntry *entry, int dim, int bits, float *out);
extern void tv_add(float *sum, const float *x, int padded);
extern void tv_query_init(TvQuery *query, int dim, MemoryContext ctx);
extern void tv_query_set(TvQuery *query, const float *x, const float *ref, int dim, int bits);

/* Estimate |x - o|^2 (for inner product: -<x, o>) and its standard error from the dot product of the bits. */
static inline float tv_query_estimate(const TvQuery *query, TvMetric metric, const TvEntry *entry, int bits, uint32 dot,
                                      float *err)
{
    int64 centered = 2 * (int64)dot - ((1 << bits) - 1) * query->sum; /* twice sum((level - center) * query level) */
    float half = ((1 << query->bits) - 1) / 2.0f;
    float ip = query->delta * (0.5f * (float)centered * entry->scale - half * entry->offset);

    if (metric == TV_IP) {
        *err = query->error * entry->err;
        return query->ip_bias + entry->bias - ip;
    }
    *err = 2 * query->error * entry->err;
    return query->norm2 + entry->bias - 2 * ip;
}

/* kernel.c: the dot products of `n` codes, `stride` bytes apart, with a query */
typedef void (*TvKernel)(const uint64 *codes, int n, size_t stride, int words, int bits, const uint64 *planes,
                         int query_bits, uint32 *dots);
extern TvKernel tv_kernel;
extern void (*tv_pack)(const uint8 *levels, int words, int bits, uint64 *planes);
extern void tv_unpack(const uint64 *planes, int stride, int bits, uint8 *levels);
extern const char *tv_kernel_name;
extern void tv_kernel_init(void);
extern bool tv_kernel_offered(const char *name);
extern bool tv_kernel_choose(const char *name);

/* pages.c */
extern uint64 tv_random_id(void);
extern void tv_page_init(Page page, TvPageKind kind, uint64 id, size_t header, size_t entry_size);
extern void tv_page_append(Page page, const void *entries, int n);
extern int tv_page_capacity(Page page);
extern Page tv_page_check(Relation index, Buffer buf, TvPageKind kind);
extern void tv_page_check_id(Relation index, Buffer buf, uint64 id);
extern void tv_page_check_entries(Relation index, Buffer buf, size_t entry_size);
extern Buffer tv_pin(Relation index, BlockNumber block);
extern Buffer tv_read(Relation index, BlockNumber block, TvPageKind kind, int lock);
extern const char *tv_expected_at(Relation index, BlockNumber block);
extern Buffer tv_new_buffer(Relation index);
extern void tv_retire(Relation index, BlockNumber block);
extern bool tv_page_reusable(Page page);
extern void tv_follow(Relation index, BlockNumber block, BlockNumber *steps);
_Noreturn extern void tv_bad_page(Relation index, BlockNumber block, const char *what);

/* directory.c */
extern void tv_meta_init(Relation index, ForkNumber fork);
extern void tv_key_make(TvIndex *ix, Datum value, Oid subtype, TvKey *key, bool *possible);
extern bool tv_same_key(TvIndex *ix, const TvKey *a, const TvKey *b);
extern int tv_fitting_bits(Relation index, int dim);
extern BlockNumber tv_tenant_find(TvIndex *ix, const TvKey *key);
extern BlockNumber tv_tenant_create(TvIndex *ix, const TvKey *key, int dim);
extern bool tv_tenant_remove(TvIndex *ix, BlockNumber head);
extern bool tv_key_sound(TvIndex *ix, Page page);
extern bool tv_tenant_is(TvIndex *ix, Page page, const TvKey *key);
extern Datum tv_tenant_key(TvIndex *ix, TvTenant *tenant);

/* fetch.c: indexed vectors of rows in the heap */
typedef struct TvFetch {
    IndexFetchTableData *fetch;
    TupleTableSlot *slot;
    AttrNumber column; /* 0: an expression, for which there are */
    IndexInfo *info;
    EState *estate;
} TvFetch;

extern TvFetch *tv_fetch_open(Relation heap, Relation index);
extern bool tv_fetch_vector(TvFetch *fetch, ItemPointer tid, Snapshot snapshot, Datum *vector);
extern void tv_fetch_close(TvFetch *fetch);

/* tenants.c: a tenant's lists as readers see them */
typedef struct TvList {
    BlockNumber first;
    float distance; /* of its centroid, if asked for */
    uint64 id;
} TvList;

typedef struct TvView {
    char *head; /* copy of the TENANT page */
    BlockNumber block;
    bool flat;     /* the only list begins on the TENANT page */
    TvList *lists; /* in the order of the table */
    int nlists;
    int allocated;
    TvQuery query; /* what centroids are compared with */
} TvView;

typedef void (*TvPageCallback)(Page page, void *arg);
extern void tv_check_dim(TvIndex *ix, int expected, int dim);
extern void tv_tenant_ref(TvIndex *ix, const TvTenant *tenant);
extern bool tv_view_load(TvIndex *ix, BlockNumber head, const TvKey *key, bool ordered, TvView *view);
extern void tv_list_walk(TvIndex *ix, const TvView *view, const TvList *list, TvPageCallback callback, void *arg);

/* insert.c */
extern void tv_insert_row(TvIndex *ix, Relation heap, const TvKey *key, Datum vector, ItemPointer tid, TvView *view);

/* cluster.c */
typedef struct TvRows {
    char *entries;
    size_t size;
    int n;
    int allocated;
} TvRows;

/* Everything a change to one tenant works with. */
typedef struct TvChange {
    TvIndex *ix;
    TvView view;
    int dim;
    int bits;
    TvRows rows;
} TvChange;

/* A place in the table of lists. */
typedef struct TvPlace {
    BlockNumber block;
    int i;
} TvPlace;

extern void tv_rows_add(Page page, void *arg);
extern TvPlace tv_find_place(TvChange *change, BlockNumber list, BlockNumber *last);
extern void tv_retire_pages(Relation index, BlockNumber block, TvPageKind kind);
extern void tv_restructure(TvIndex *ix, Relation heap, BlockNumber head, BlockNumber list);
extern BlockNumber tv_ref_write(TvIndex *ix, const float *vectors, int n, int dim, uint64 id, float *ref);
extern bool tv_restructure_due(Relation index, const TvTenant *tenant, uint32 rows);
extern BlockNumber tv_list_write(Relation index, TvPageKind kind, const char *entries, int n, size_t size, uint64 id);
extern void tv_list_make(Relation index, const char *rows, int n, size_t size, int dim, int bits, TvEntry *entry);
extern void tv_bisect(const char *entries, int n, size_t stride, int dim, int bits, bool *side);
extern void tv_centroid(const char *entries, int n, size_t stride, int dim, int bits, TvEntry *centroid);

/* merge.c */
extern bool tv_merge_next(TvIndex *ix, BlockNumber head, int *next);

/* What pg_stat_progress_create_index shows; 1 is initializing. */
enum { TV_PHASE_LOAD = 2, TV_PHASE_SORT, TV_PHASE_WRITE };

/* access method callbacks */
extern IndexBuildResult *tv_build(Relation heap, Relation index, IndexInfo *info);
extern void tv_buildempty(Relation index);
extern bool tv_insert(Relation index, Datum *values, bool *isnull, ItemPointer tid, Relation heap,
                      IndexUniqueCheck check, TV_INSERT_UNCHANGED IndexInfo *info);
extern IndexBulkDeleteResult *tv_bulkdelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
                                            IndexBulkDeleteCallback callback, void *arg);
extern IndexBulkDeleteResult *tv_vacuumcleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats);
extern IndexScanDesc tv_beginscan(Relation index, int nkeys, int norderbys);
extern void tv_rescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys, int norderbys);
extern bool tv_gettuple(IndexScanDesc scan, ScanDirection direction);
extern void tv_endscan(IndexScanDesc scan);
extern bool tv_validate(Oid opclass);

#endif
