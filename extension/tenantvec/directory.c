/*
 * directory.c: from a tenant's key to its TENANT page, by extendible hashing.
 *
 * The META page holds up to 2^10 buckets, a bucket a thousand tenants, so a look-up reads one bucket and one TENANT
 * page whatever the number of tenants; only past a million do buckets chain. Backends keep a copy of the META page's
 * table: a bucket says which hashes it holds, so a stale copy is noticed.
 */
#include "tenantvec.h"

#include "access/xloginsert.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"

/* A backend remembers where so many blocks are in memory: powers of two. */
#define TV_FEWEST_FOUND 1024
#define TV_MOST_FOUND 32768

#define TvBucketId(depth, prefix) (((uint64)(depth) << 32) | (prefix))
#define TvBucketDepth(id) ((uint32)((id) >> 32))
#define TvHashPrefix(hash, depth) ((hash) & ((1u << (depth)) - 1))

static TvMeta *tv_page_meta(Relation index, Buffer buf)
{
    TvMeta *meta = (TvMeta *)PageGetContents(BufferGetPage(buf));

    if (meta->magic != TV_MAGIC || meta->depth > TV_MAX_DEPTH)
        tv_bad_page(index, TV_META_BLOCK, "no tenantvec index");
    if (meta->version != TV_VERSION)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("index \"%s\" has format %u, this extension reads format %d",
                               RelationGetRelationName(index), meta->version, TV_VERSION),
                        errhint("Run REINDEX INDEX %s.", RelationGetRelationName(index))));
    return meta;
}

/* META page and one empty bucket. */
void tv_meta_init(Relation index, ForkNumber fork)
{
    Buffer bufs[2];

    for (int i = 0; i < 2; i++) {
        bufs[i] = ReadBufferExtended(index, fork, P_NEW, RBM_NORMAL, NULL);
        LockBuffer(bufs[i], BUFFER_LOCK_EXCLUSIVE);
    }
    START_CRIT_SECTION();
    for (int i = 0; i < 2; i++) {
        Page page = BufferGetPage(bufs[i]);

        if (i == 0) {
            TvMeta *meta;

            tv_page_init(page, TV_META, 0, sizeof(TvMeta), 0);
            meta = (TvMeta *)PageGetContents(page);
            memset(meta, 0, sizeof(*meta));
            meta->magic = TV_MAGIC;
            meta->version = TV_VERSION;
            meta->buckets[0] = 1;
        } else
            tv_page_init(page, TV_BUCKET, TvBucketId(0, 0), 0, sizeof(TvSlot));
        MarkBufferDirty(bufs[i]);
        if (RelationNeedsWAL(index) || fork == INIT_FORKNUM)
            log_newpage_buffer(bufs[i], true);
    }
    END_CRIT_SECTION();
    for (int i = 0; i < 2; i++)
        UnlockReleaseBuffer(bufs[i]);
}

/* Bring a value of a type of the same family to the index's own; not possible: it is out of range and equals no key. */
static Datum tv_key_cast(TvIndex *ix, Datum value, Oid subtype, bool *possible)
{
    int64 number;

    *possible = true;
    if (!OidIsValid(subtype) || subtype == ix->key_type || (ix->key_type != INT8OID && ix->key_type != INT4OID))
        return value;
    if (subtype == INT2OID)
        number = DatumGetInt16(value);
    else if (subtype == INT4OID)
        number = DatumGetInt32(value);
    else
        number = DatumGetInt64(value);
    if (ix->key_type == INT8OID)
        return Int64GetDatum(number);
    *possible = number >= PG_INT32_MIN && number <= PG_INT32_MAX;
    return *possible ? Int32GetDatum((int32)number) : (Datum)0;
}

/* `value` must outlive the key. */
void tv_key_make(TvIndex *ix, Datum value, Oid subtype, TvKey *key, bool *possible)
{
    Oid collation = ix->rel->rd_indcollation[0];

    value = tv_key_cast(ix, value, subtype, possible);
    if (!*possible)
        return;
    if (ix->key_typlen == -1)
        value = PointerGetDatum(PG_DETOAST_DATUM(value));
    key->value = value;
    key->hash = (uint32)DatumGetUInt64(FunctionCall2Coll(ix->hash, collation, value, Int64GetDatum(0)));
    key->len = ix->key_typbyval ? sizeof(Datum) : datumGetSize(value, false, ix->key_typlen);
    key->bytes = ix->key_typbyval ? NULL : DatumGetPointer(value);
}

/* Whether the key fits where it is said to be. */
bool tv_key_sound(TvIndex *ix, Page page)
{
    TvTenant *tenant = TvPageTenant(page);
    size_t len = tenant->keylen;

    if (len > TV_MAX_KEY || MAXALIGN(SizeOfPageHeaderData) + offsetof(TvTenant, key) + len > TvPageOpaque(page)->start)
        return false;
    if (ix->key_typlen == -1)
        return len >= VARHDRSZ && VARATT_IS_4B_U(tenant->key) && VARSIZE(tenant->key) == len;
    return len == (ix->key_typbyval ? sizeof(Datum) : (size_t)ix->key_typlen);
}

/* The key stored on a copied TENANT page; points into it. */
Datum tv_tenant_key(TvIndex *ix, TvTenant *tenant)
{
    Datum value;

    if (!ix->key_typbyval)
        return PointerGetDatum(tenant->key);
    memcpy(&value, tenant->key, sizeof(Datum));
    return value;
}

/* Whether a TENANT page is that of `key`. */
bool tv_tenant_is(TvIndex *ix, Page page, const TvKey *key)
{
    TvTenant *tenant = TvPageTenant(page);

    if (tenant->hash != key->hash)
        return false;
    return DatumGetBool(
        FunctionCall2Coll(&ix->equal, ix->rel->rd_indcollation[0], tv_tenant_key(ix, tenant), key->value));
}

/* Empty, with room for all blocks of the index if it is not too large. One piece of memory, as rd_amcache must be. */
static TvCache *tv_cache_make(Relation index)
{
    uint32 blocks = RelationGetNumberOfBlocks(index);
    uint32 places = TV_FEWEST_FOUND;
    TvCache *cache;

    while (places < blocks && places < TV_MOST_FOUND)
        places *= 2;
    cache = MemoryContextAllocZero(index->rd_indexcxt, offsetof(TvCache, found) + sizeof(TvFound) * places);
    cache->mask = places - 1;
    return cache;
}

/* The backend's copy of the META page. */
static TvMeta *tv_meta_cached(Relation index, bool again)
{
    if (index->rd_amcache == NULL || again) {
        Buffer buf = tv_read(index, TV_META_BLOCK, TV_META, BUFFER_LOCK_SHARE);
        TvMeta *meta = tv_page_meta(index, buf);

        if (index->rd_amcache == NULL)
            index->rd_amcache = tv_cache_make(index);
        memcpy(&((TvCache *)index->rd_amcache)->meta, meta, sizeof(TvMeta));
        UnlockReleaseBuffer(buf);
    }
    return &((TvCache *)index->rd_amcache)->meta;
}

/* The locked bucket of a hash. */
static Buffer tv_bucket_lock(Relation index, uint32 hash, int lock)
{
    for (int attempt = 0;; attempt++) {
        TvMeta *meta = tv_meta_cached(index, attempt > 0);
        BlockNumber block = meta->buckets[TvHashPrefix(hash, meta->depth)];
        Buffer buf;
        uint64 id;

        CHECK_FOR_INTERRUPTS();
        buf = tv_read(index, block, TV_BUCKET, lock);
        tv_page_check_entries(index, buf, sizeof(TvSlot));
        id = TvPageOpaque(BufferGetPage(buf))->id;
        if (TvBucketDepth(id) <= TV_MAX_DEPTH && (uint32)id == TvHashPrefix(hash, TvBucketDepth(id)))
            return buf;
        UnlockReleaseBuffer(buf);
        if (attempt > 1000)
            tv_bad_page(index, block, "bucket does not hold its hashes");
    }
}

/* Look through a bucket's page for the tenant; its buffer stays locked. */
static BlockNumber tv_bucket_search(TvIndex *ix, Page page, const TvKey *key)
{
    for (int i = 0; i < TvPageOpaque(page)->count; i++) {
        TvSlot *slot = (TvSlot *)TvPageEntry(page, i);
        Buffer buf;
        bool found;

        if (slot->hash != key->hash)
            continue;
        buf = tv_read(ix->rel, slot->tenant, TV_TENANT, BUFFER_LOCK_SHARE);
        if (!tv_key_sound(ix, BufferGetPage(buf)))
            tv_bad_page(ix->rel, slot->tenant, "impossible tenant key");
        found = tv_tenant_is(ix, BufferGetPage(buf), key);
        UnlockReleaseBuffer(buf);
        if (found)
            return slot->tenant;
    }
    return InvalidBlockNumber;
}

/*
 * Search a bucket and its overflow pages, hand over hand. Returns with the last page locked if `last` is given, and
 * with nothing locked if not.
 */
static BlockNumber tv_bucket_walk(TvIndex *ix, Buffer buf, const TvKey *key, int lock, Buffer *last)
{
    BlockNumber steps = 0;

    for (;;) {
        BlockNumber found = tv_bucket_search(ix, BufferGetPage(buf), key);
        BlockNumber next = TvPageOpaque(BufferGetPage(buf))->next;
        Buffer nextbuf;

        if (found != InvalidBlockNumber || next == InvalidBlockNumber) {
            if (last)
                *last = buf;
            else
                UnlockReleaseBuffer(buf);
            return found;
        }
        tv_follow(ix->rel, next, &steps);
        nextbuf = tv_read(ix->rel, next, TV_BUCKET, lock);
        UnlockReleaseBuffer(buf);
        buf = nextbuf;
    }
}

/* Block of the TENANT page, or invalid. */
BlockNumber tv_tenant_find(TvIndex *ix, const TvKey *key)
{
    Buffer buf = tv_bucket_lock(ix->rel, key->hash, BUFFER_LOCK_SHARE);

    return tv_bucket_walk(ix, buf, key, BUFFER_LOCK_SHARE, NULL);
}

/* Give half of a full bucket's hashes to a new one, unless somebody else has. */
static void tv_bucket_split(Relation index, uint32 hash)
{
    Buffer metabuf = tv_read(index, TV_META_BLOCK, TV_META, BUFFER_LOCK_EXCLUSIVE);
    TvMeta *meta = tv_page_meta(index, metabuf);
    Buffer buf = tv_read(index, meta->buckets[TvHashPrefix(hash, meta->depth)], TV_BUCKET, BUFFER_LOCK_EXCLUSIVE);
    TvOpaque *opaque = TvPageOpaque(BufferGetPage(buf));
    uint32 depth = TvBucketDepth(opaque->id);
    uint32 prefix = (uint32)opaque->id;
    uint32 twin = prefix | (1u << depth);
    bool full = opaque->count >= tv_page_capacity(BufferGetPage(buf));
    GenericXLogState *state;
    Buffer newbuf;
    Page page, newpage;
    TvSlot *slots;
    int count;

    if (!full || depth >= TV_MAX_DEPTH) {
        UnlockReleaseBuffer(buf);
        UnlockReleaseBuffer(metabuf);
        return;
    }
    count = opaque->count;
    slots = palloc(count * sizeof(TvSlot));
    memcpy(slots, TvPageEntry(BufferGetPage(buf), 0), count * sizeof(TvSlot));
    newbuf = tv_new_buffer(index);

    state = GenericXLogStart(index);
    meta = (TvMeta *)PageGetContents(GenericXLogRegisterBuffer(state, metabuf, 0));
    page = GenericXLogRegisterBuffer(state, buf, 0);
    newpage = GenericXLogRegisterBuffer(state, newbuf, GENERIC_XLOG_FULL_IMAGE);
    tv_page_init(page, TV_BUCKET, TvBucketId(depth + 1, prefix), 0, sizeof(TvSlot));
    tv_page_init(newpage, TV_BUCKET, TvBucketId(depth + 1, twin), 0, sizeof(TvSlot));
    for (int i = 0; i < count; i++)
        tv_page_append(TvHashPrefix(slots[i].hash, depth + 1) == twin ? newpage : page, &slots[i], 1);
    if (meta->depth == depth) {
        memcpy(meta->buckets + (1u << depth), meta->buckets, sizeof(BlockNumber) << depth);
        meta->depth++;
    }
    for (uint32 i = twin; i < (1u << meta->depth); i += 1u << (depth + 1))
        meta->buckets[i] = BufferGetBlockNumber(newbuf);
    GenericXLogFinish(state);

    pfree(slots);
    UnlockReleaseBuffer(newbuf);
    UnlockReleaseBuffer(buf);
    UnlockReleaseBuffer(metabuf);
}

bool tv_same_key(TvIndex *ix, const TvKey *a, const TvKey *b)
{
    return a->hash == b->hash &&
           DatumGetBool(FunctionCall2Coll(&ix->equal, ix->rel->rd_indcollation[0], a->value, b->value));
}

/* The index option, or as many bits as let an entry of such a dimension fit on a page. */
int tv_fitting_bits(Relation index, int dim)
{
    int bits = tv_option_bits(index);

    while (bits > 1 && TvEntrySize(dim, bits) > TvPageSpace)
        bits--;
    return bits;
}

static void tv_tenant_page_init(Page page, TvIndex *ix, const TvKey *key, int dim, int bits)
{
    TvTenant *tenant;

    tv_page_init(page, TV_TENANT, tv_random_id(), offsetof(TvTenant, key) + key->len, TvEntrySize(dim, bits));
    tenant = TvPageTenant(page);
    memset(tenant, 0, offsetof(TvTenant, key));
    tenant->hash = key->hash;
    tenant->dim = dim;
    tenant->bits = bits;
    tenant->ref = InvalidBlockNumber;
    tenant->lists = InvalidBlockNumber;
    tenant->keylen = key->len;
    if (ix->key_typbyval)
        memcpy(tenant->key, &key->value, sizeof(Datum));
    else
        memcpy(tenant->key, key->bytes, key->len);
}

static void tv_key_check(TvIndex *ix, const TvKey *key)
{
    if (key->len > TV_MAX_KEY)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("tenant key of %u bytes is too long for index \"%s\"", key->len,
                               RelationGetRelationName(ix->rel)),
                        errdetail("The longest is %d bytes.", TV_MAX_KEY)));
}

/* Add the tenant to the locked bucket page, or to a page chained to it. Releases the bucket. */
static BlockNumber tv_tenant_add(TvIndex *ix, Buffer buf, const TvKey *key, int dim)
{
    Relation index = ix->rel;
    Buffer headbuf = tv_new_buffer(index);
    Buffer morebuf = InvalidBuffer;
    BlockNumber head = BufferGetBlockNumber(headbuf);
    TvSlot slot = { key->hash, head };
    GenericXLogState *state;
    Page page;

    if (TvPageOpaque(BufferGetPage(buf))->count >= tv_page_capacity(BufferGetPage(buf)))
        morebuf = tv_new_buffer(index);
    state = GenericXLogStart(index);
    page = GenericXLogRegisterBuffer(state, buf, 0);
    if (BufferIsValid(morebuf)) {
        Page more = GenericXLogRegisterBuffer(state, morebuf, GENERIC_XLOG_FULL_IMAGE);

        tv_page_init(more, TV_BUCKET, TvPageOpaque(page)->id, 0, sizeof(TvSlot));
        TvPageOpaque(page)->next = BufferGetBlockNumber(morebuf);
        page = more;
    }
    tv_page_append(page, &slot, 1);
    tv_tenant_page_init(GenericXLogRegisterBuffer(state, headbuf, GENERIC_XLOG_FULL_IMAGE), ix, key, dim,
                        tv_fitting_bits(index, dim));
    GenericXLogFinish(state);
    if (BufferIsValid(morebuf))
        UnlockReleaseBuffer(morebuf);
    UnlockReleaseBuffer(headbuf);
    UnlockReleaseBuffer(buf);
    return head;
}

/* Find the tenant, or create it with the dimension of its first row. */
BlockNumber tv_tenant_create(TvIndex *ix, const TvKey *key, int dim)
{
    tv_key_check(ix, key);
    for (;;) {
        Buffer last;
        Buffer buf = tv_bucket_lock(ix->rel, key->hash, BUFFER_LOCK_EXCLUSIVE);
        BlockNumber found = tv_bucket_walk(ix, buf, key, BUFFER_LOCK_EXCLUSIVE, &last);
        Page page = BufferGetPage(last);

        if (found != InvalidBlockNumber) {
            UnlockReleaseBuffer(last);
            return found;
        }
        if (TvPageOpaque(page)->count < tv_page_capacity(page) || TvBucketDepth(TvPageOpaque(page)->id) >= TV_MAX_DEPTH)
            return tv_tenant_add(ix, last, key, dim);
        UnlockReleaseBuffer(last);
        tv_bucket_split(ix->rel, key->hash);
    }
}

/* Place of the tenant's slot on a bucket's page; -1 if it is not there. */
static int tv_slot_place(Page page, BlockNumber head)
{
    for (int i = 0; i < TvPageOpaque(page)->count; i++)
        if (((TvSlot *)TvPageEntry(page, i))->tenant == head)
            return i;
    return -1;
}

/* Take slot `i` out of the locked bucket page and retire the TENANT page, in one step. */
static void tv_slot_remove(Relation index, Buffer buf, int i, BlockNumber head)
{
    Buffer headbuf = tv_read(index, head, TV_TENANT, BUFFER_LOCK_EXCLUSIVE);
    GenericXLogState *state = GenericXLogStart(index);
    Page page = GenericXLogRegisterBuffer(state, buf, 0);
    TvOpaque *opaque = TvPageOpaque(page);
    TvOpaque *retired = TvPageOpaque(GenericXLogRegisterBuffer(state, headbuf, 0));

    opaque->count--;
    memmove(TvPageEntry(page, i), TvPageEntry(page, opaque->count), sizeof(TvSlot));
    ((PageHeader)page)->pd_lower -= sizeof(TvSlot);
    retired->kind = TV_RETIRED;
    retired->xid = U64FromFullTransactionId(ReadNextFullTransactionId());
    GenericXLogFinish(state);
    UnlockReleaseBuffer(headbuf);
}

/* Take an empty tenant out of the directory; the caller holds the tenant's page lock exclusively. */
bool tv_tenant_remove(TvIndex *ix, BlockNumber head)
{
    Relation index = ix->rel;
    Buffer headbuf = tv_read(index, head, TV_TENANT, BUFFER_LOCK_SHARE);
    uint32 hash = TvPageTenant(BufferGetPage(headbuf))->hash;
    BlockNumber steps = 0;
    Buffer buf;

    UnlockReleaseBuffer(headbuf);
    buf = tv_bucket_lock(index, hash, BUFFER_LOCK_EXCLUSIVE);
    for (;;) {
        Page page = BufferGetPage(buf);
        int place = tv_slot_place(page, head);
        BlockNumber next = TvPageOpaque(page)->next;
        Buffer nextbuf;

        if (place >= 0)
            tv_slot_remove(index, buf, place, head);
        if (place >= 0 || next == InvalidBlockNumber) {
            UnlockReleaseBuffer(buf);
            return place >= 0;
        }
        tv_follow(index, next, &steps);
        nextbuf = tv_read(index, next, TV_BUCKET, BUFFER_LOCK_EXCLUSIVE);
        UnlockReleaseBuffer(buf);
        buf = nextbuf;
    }
}
