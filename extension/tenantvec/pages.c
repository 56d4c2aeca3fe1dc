/*
 * pages.c: the common shape of pages, checks on what is read, new pages and retired ones.
 */
#include "tenantvec.h"

#include "storage/freespace.h"
#include "storage/indexfsm.h"
#include "utils/memutils.h"

/*
 * On a primary a page that is not what its pointer says is damage. A standby replays the reuse of a page without
 * waiting for its readers, so there the query only has to be repeated.
 */
void tv_bad_page(Relation index, BlockNumber block, const char *what)
{
    const char *name = RelationGetRelationName(index);

    if (RecoveryInProgress())
        ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                        errmsg("index \"%s\" was reorganized during the scan", name),
                        errdetail("Block %u: %s.", block, what), errhint("Run the query again.")));
    ereport(ERROR,
            (errcode(ERRCODE_INDEX_CORRUPTED), errmsg("index \"%s\" is damaged at block %u: %s", name, block, what),
             errhint("Run REINDEX INDEX \"%s\".", name)));
}

/* Never zero. */
uint64 tv_random_id(void)
{
    uint64 id;

    if (!pg_strong_random(&id, sizeof(id)))
        ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("no random numbers")));
    return id | 1;
}

/* `header` bytes of contents come before the array of entries. */
void tv_page_init(Page page, TvPageKind kind, uint64 id, size_t header, size_t entry_size)
{
    TvOpaque *opaque;

    PageInit(page, BLCKSZ, sizeof(TvOpaque));
    opaque = TvPageOpaque(page);
    opaque->id = id;
    opaque->xid = U64FromFullTransactionId(ReadNextFullTransactionId());
    opaque->next = InvalidBlockNumber;
    opaque->kind = kind;
    opaque->start = MAXALIGN(SizeOfPageHeaderData) + MAXALIGN(header);
    opaque->size = entry_size;
    ((PageHeader)page)->pd_lower = opaque->start;
}

int tv_page_capacity(Page page)
{
    TvOpaque *opaque = TvPageOpaque(page);

    return opaque->size == 0 ? 0 : TvPageHolds(((PageHeader)page)->pd_special - opaque->start, opaque->size);
}

void tv_page_append(Page page, const void *entries, int n)
{
    TvOpaque *opaque = TvPageOpaque(page);

    Assert(opaque->count + n <= tv_page_capacity(page));
    memcpy(TvPageEntry(page, opaque->count), entries, (size_t)n * opaque->size);
    opaque->count += n;
    ((PageHeader)page)->pd_lower = opaque->start + opaque->count * opaque->size;
}

/* Refuse a page of another kind, or one whose array does not fit in it. A retired page passes as DATA, LISTS, REF. */
Page tv_page_check(Relation index, Buffer buf, TvPageKind kind)
{
    Page page = BufferGetPage(buf);
    BlockNumber block = BufferGetBlockNumber(buf);
    TvOpaque *opaque;

    if (!TvPageOurs(page))
        tv_bad_page(index, block, "not a page of this access method");
    opaque = TvPageOpaque(page);
    if (opaque->kind != kind && !(opaque->kind == TV_RETIRED && kind >= TV_DATA))
        tv_bad_page(index, block, "page of another kind");
    if (opaque->start < MAXALIGN(SizeOfPageHeaderData) || opaque->start > ((PageHeader)page)->pd_special ||
        opaque->start != MAXALIGN(opaque->start) || opaque->size != MAXALIGN(opaque->size) ||
        opaque->count > tv_page_capacity(page))
        tv_bad_page(index, block, "entries do not fit");
    return page;
}

void tv_page_check_id(Relation index, Buffer buf, uint64 id)
{
    if (TvPageOpaque(BufferGetPage(buf))->id != id)
        tv_bad_page(index, BufferGetBlockNumber(buf), "page belongs to another list");
}

void tv_page_check_entries(Relation index, Buffer buf, size_t entry_size)
{
    if (TvPageOpaque(BufferGetPage(buf))->size != entry_size)
        tv_bad_page(index, BufferGetBlockNumber(buf), "entries of another size");
}

/* Count a step along a chain of pages to `block`; more steps than the index has blocks mean that it bites its tail. */
void tv_follow(Relation index, BlockNumber block, BlockNumber *steps)
{
    if (++*steps % 1024 == 0 && *steps > RelationGetNumberOfBlocks(index))
        tv_bad_page(index, block, "pages linked in a circle");
}

/* Where the backend notes the block's buffer; NULL while it has no cache. */
static inline TvFound *tv_found(Relation index, BlockNumber block)
{
    TvCache *cache = index->rd_amcache;

    return cache ? &cache->found[block & cache->mask] : NULL;
}

/* The shared buffer that held the block last; invalid if that is not known. */
static inline Buffer tv_last_buffer(Relation index, BlockNumber block)
{
    TvFound *found = tv_found(index, block);

    return found && found->block == block && found->buf > 0 ? found->buf : InvalidBuffer;
}

/*
 * Pin a page. The server's table of buffers is far larger than the processor's caches: to look a page up in it takes
 * longer than to compare the page's codes. So the buffer that held the page last is tried first, unless its usage count
 * can still rise, for this way does not raise it.
 */
Buffer tv_pin(Relation index, BlockNumber block)
{
    Buffer buf = tv_last_buffer(index, block);
    TvFound *found;

    if (BufferIsValid(buf) && tv_buffer_most_used(buf) && tv_pin_recent(index, block, buf))
        return buf;
    buf = ReadBuffer(index, block);
    found = tv_found(index, block);
    if (found)
        *found = (TvFound){ block, buf };
    return buf;
}

/* Where the page probably is in memory, to be prefetched and not read, for it is not pinned; NULL if not known. */
const char *tv_expected_at(Relation index, BlockNumber block)
{
    Buffer buf = tv_last_buffer(index, block);

    if (!BufferIsValid(buf))
        return NULL;
    __builtin_prefetch(GetBufferDescriptor(buf - 1), 1);
    return BufferGetBlock(buf);
}

/* Pin, lock and check; the caller lets go with UnlockReleaseBuffer. */
Buffer tv_read(Relation index, BlockNumber block, TvPageKind kind, int lock)
{
    Buffer buf = tv_pin(index, block);

    LockBuffer(buf, lock);
    tv_page_check(index, buf, kind);
    return buf;
}

/* Whether nobody can hold a pointer to the page any more. */
bool tv_page_reusable(Page page)
{
    if (PageIsNew(page))
        return true;
    if (!TvPageOurs(page) || TvPageOpaque(page)->kind != TV_RETIRED)
        return false;
    return tv_horizon_passed(TvPageOpaque(page)->xid);
}

/* A free or added page, locked; the caller initializes it whole. */
Buffer tv_new_buffer(Relation index)
{
    for (;;) {
        BlockNumber block = GetFreeIndexPage(index);
        Buffer buf;

        if (block == InvalidBlockNumber)
            return tv_extend(index);
        buf = ReadBuffer(index, block);
        if (ConditionalLockBuffer(buf)) {
            if (tv_page_reusable(BufferGetPage(buf)))
                return buf;
            LockBuffer(buf, BUFFER_LOCK_UNLOCK);
        }
        ReleaseBuffer(buf);
    }
}

/* Mark a page that is no longer linked. */
void tv_retire(Relation index, BlockNumber block)
{
    Buffer buf = ReadBuffer(index, block);
    GenericXLogState *state;
    TvOpaque *opaque;

    LockBuffer(buf, BUFFER_LOCK_EXCLUSIVE);
    state = GenericXLogStart(index);
    opaque = TvPageOpaque(GenericXLogRegisterBuffer(state, buf, 0));
    opaque->kind = TV_RETIRED;
    opaque->xid = U64FromFullTransactionId(ReadNextFullTransactionId());
    GenericXLogFinish(state);
    UnlockReleaseBuffer(buf);
}
