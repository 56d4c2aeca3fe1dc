/* The conversations that a log has begun: what their turns are numbered by. Guarded by the lock of the log's spool. */
#ifndef VDB_CALLS_CONVERSATIONS_H
#define VDB_CALLS_CONVERSATIONS_H

#include "base/error.h"
#include "base/uuid.h"

#include <stddef.h>

enum { CONVERSATION_BUCKETS = 1 << 14 };

typedef struct talk {
    struct talk *next;
    uuid id, domain, call;
    uint32_t turn;  /* the current one; 0: nothing was said */
    unsigned roles; /* who has spoken in it, by role_bit() */
    bool ended;
    int64_t last_at; /* microseconds since 1970 */
} talk;

typedef struct conversations {
    talk **buckets;
    size_t forgetting; /* the bucket that is looked at next */
} conversations;

bool conversations_init(conversations *all); /* false: memory ran out */
void conversations_free(conversations *all);

/* NULL: there is none with this UUID in this domain. */
talk *conversations_find(const conversations *all, const uuid *domain, const uuid *id);
/* NULL: memory ran out. */
talk *conversations_add(conversations *all, const uuid *domain, const uuid *id, const uuid *call, int64_t now);
void conversations_remove(conversations *all, talk *c);

/* Looks at a part of them and forgets those of which nothing has been heard for hours. */
void conversations_forget_old(conversations *all, int64_t now);

/* 0: no role. */
unsigned role_bit(const char *role);

/*
 * The turn of the next message of a role, or `wanted`, if that is not 0. VDB_CONFLICT: the role has spoken in the
 * wanted turn, or the conversation is past it.
 */
vdb_status conversation_turn(const talk *c, const char *role, uint32_t wanted, uint32_t *turn, vdb_error *error);
void conversation_said(talk *c, const char *role, uint32_t turn, int64_t now);

#endif
