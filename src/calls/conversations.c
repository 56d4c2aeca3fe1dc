#include "calls/conversations.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FORGET_AT_ONCE = 256 };

static const int64_t hour = INT64_C(3600) * 1000000;

bool conversations_init(conversations *all)
{
    *all = (conversations){ .buckets = calloc(CONVERSATION_BUCKETS, sizeof(talk *)) };
    return all->buckets != NULL;
}

void conversations_free(conversations *all)
{
    for (size_t i = 0; all->buckets != NULL && i < CONVERSATION_BUCKETS; i++) {
        while (all->buckets[i] != NULL)
            conversations_remove(all, all->buckets[i]);
    }
    free(all->buckets);
    all->buckets = NULL;
}

/* UUIDs are random, or hashes, but for their version. */
static talk **bucket_of(const conversations *all, const uuid *id)
{
    uint32_t part;
    memcpy(&part, id->bytes, sizeof part);
    return &all->buckets[part % CONVERSATION_BUCKETS];
}

talk *conversations_find(const conversations *all, const uuid *domain, const uuid *id)
{
    talk *c = *bucket_of(all, id);
    while (c != NULL && !(uuid_equal(&c->id, id) && uuid_equal(&c->domain, domain)))
        c = c->next;
    return c;
}

talk *conversations_add(conversations *all, const uuid *domain, const uuid *id, const uuid *call, int64_t now)
{
    talk *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    talk **bucket = bucket_of(all, id);
    *c = (talk){ .next = *bucket, .id = *id, .domain = *domain, .call = *call, .last_at = now };
    *bucket = c;
    return c;
}

void conversations_remove(conversations *all, talk *c)
{
    talk **link = bucket_of(all, &c->id);
    while (*link != c)
        link = &(*link)->next;
    *link = c->next;
    free(c);
}

void conversations_forget_old(conversations *all, int64_t now)
{
    for (size_t i = 0; i < FORGET_AT_ONCE; i++) {
        talk *next, *c = all->buckets[all->forgetting];
        for (; c != NULL; c = next) {
            next = c->next;
            if (now - c->last_at > (c->ended ? 1 : 24) * hour)
                conversations_remove(all, c);
        }
        all->forgetting = (all->forgetting + 1) % CONVERSATION_BUCKETS;
    }
}

unsigned role_bit(const char *role)
{
    static const char *const roles[] = { "user", "assistant", "system", "tool" };
    for (unsigned i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (strcmp(role, roles[i]) == 0)
            return 1u << i;
    }
    return 0;
}

vdb_status conversation_turn(const talk *c, const char *role, uint32_t wanted, uint32_t *turn, vdb_error *error)
{
    static const char hint[] = "Leave out the turn number, or give the next one.";
    bool spoken = (c->roles & role_bit(role)) != 0;
    if (wanted != 0 && wanted < c->turn)
        return error_set(error, VDB_CONFLICT, hint, "turn %" PRIu32 " is over: the conversation is in turn %" PRIu32,
                         wanted, c->turn);
    if (wanted != 0 && wanted == c->turn && spoken)
        return error_set(error, VDB_CONFLICT, hint, "the %s has spoken in turn %" PRIu32 " of this conversation", role,
                         wanted);
    *turn = wanted != 0 ? wanted : c->turn == 0 ? 1 : c->turn + spoken;
    return VDB_OK;
}

void conversation_said(talk *c, const char *role, uint32_t turn, int64_t now)
{
    c->roles = (turn == c->turn ? c->roles : 0) | role_bit(role);
    c->turn = turn;
    c->last_at = now;
}
