/*
 * compat.h: every difference between PostgreSQL 13 and 18 that this extension meets.
 */
#ifndef TV_COMPAT_H
#define TV_COMPAT_H

#include "postgres.h"

#include "access/genam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "commands/vacuum.h"
#include "pgstat.h"
#include "storage/buf_internals.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "storage/procarray.h"
#include "utils/snapmgr.h"
#include "utils/tuplesort.h"

#if PG_VERSION_NUM < 130000
#error "tenantvec needs PostgreSQL 13 or newer"
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 14 asks whether an update left the key alone. */
#if PG_VERSION_NUM >= 140000
#define TV_INSERT_UNCHANGED bool unchanged,
#else
#define TV_INSERT_UNCHANGED
#endif

/* 15 turned the sort's boolean into flags. */
#if PG_VERSION_NUM >= 150000
#define TV_SORT_ONCE TUPLESORT_NONE
#else
#define TV_SORT_ONCE false
#endif

/* 18 tells the delay point whether it is called by ANALYZE. */
#if PG_VERSION_NUM >= 180000
#define tv_vacuum_delay_point() vacuum_delay_point(false)
#else
#define tv_vacuum_delay_point() vacuum_delay_point()
#endif

/* 18 counts searches for EXPLAIN. */
#if PG_VERSION_NUM >= 180000
#define tv_count_search(scan)                                                                                          \
    do {                                                                                                               \
        if ((scan)->instrument)                                                                                        \
            (scan)->instrument->nsearches++;                                                                           \
    } while (0)
#else
#define tv_count_search(scan) ((void)0)
#endif

/* The transaction id before which every transaction has ended, and is seen as ended by every snapshot. */
static inline uint64 tv_oldest_xid(void)
{
    uint64 next = U64FromFullTransactionId(ReadNextFullTransactionId());
#if PG_VERSION_NUM >= 140000
    TransactionId oldest = GetOldestNonRemovableTransactionId(NULL);
#else
    TransactionId oldest = GetOldestXmin(NULL, PROCARRAY_FLAGS_VACUUM);
#endif

    return next - (uint32)((uint32)next - oldest);
}

/* Whether no snapshot, running or to come, can still look at what was retired at this transaction id. */
static inline bool tv_horizon_passed(uint64 fxid)
{
#if PG_VERSION_NUM >= 140000
    return GlobalVisCheckRemovableFullXid(NULL, FullTransactionIdFromU64(fxid));
#else
    return fxid < tv_oldest_xid();
#endif
}

/* Whether the usage count of the buffer, which may be any page's, is as high as it gets. */
static inline bool tv_buffer_most_used(Buffer buf)
{
    return BUF_STATE_GET_USAGECOUNT(pg_atomic_read_u32(&GetBufferDescriptor(buf - 1)->state)) >= BM_MAX_USAGE_COUNT;
}

/* 14 can be asked to pin a block only if it is in this buffer; 16 renamed what a relation's files are. */
#if PG_VERSION_NUM >= 160000
#define tv_read_recent(index, block, buf) ReadRecentBuffer((index)->rd_locator, MAIN_FORKNUM, block, buf)
#elif PG_VERSION_NUM >= 140000
#define tv_read_recent(index, block, buf) ReadRecentBuffer((index)->rd_node, MAIN_FORKNUM, block, buf)
#else
#define tv_read_recent(index, block, buf) false
#endif

/* The same with the counts that ReadBuffer keeps. */
static inline bool tv_pin_recent(Relation index, BlockNumber block, Buffer buf)
{
    if (!tv_read_recent(index, block, buf))
        return false;
    pgstat_count_buffer_read(index);
    pgstat_count_buffer_hit(index);
    return true;
}

/* A page added to the index, locked. */
static inline Buffer tv_extend(Relation index)
{
#if PG_VERSION_NUM >= 160000
    return ExtendBufferedRel(BMR_REL(index), MAIN_FORKNUM, NULL, EB_LOCK_FIRST);
#else
    Buffer buf;

    LockRelationForExtension(index, ExclusiveLock);
    buf = ReadBuffer(index, P_NEW);
    LockBuffer(buf, BUFFER_LOCK_EXCLUSIVE);
    UnlockRelationForExtension(index, ExclusiveLock);
    return buf;
#endif
}

#endif
