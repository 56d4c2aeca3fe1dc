/*
 * Which addresses a notice may be sent to. Everybody who can write a webhook_url could otherwise make this server talk
 * to itself and to its neighbours: to a database, to a cloud's metadata service.
 */
#ifndef VDB_WEBHOOK_ADDRESS_H
#define VDB_WEBHOOK_ADDRESS_H

#include "base/error.h"

#include <stddef.h>
#include <sys/socket.h>

typedef struct network {
    unsigned char bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
    int bits;                /* of all 128 */
} network;

enum { MOST_NETWORKS = 64 };

/* What the operator allows beside the public addresses. */
typedef struct allowance {
    network networks[MOST_NETWORKS];
    size_t count;
} allowance;

/* Adds "10.1.2.0/24", "fd00::/8" or a single address. VDB_USAGE: it is none, or there are too many. */
vdb_status allowance_add(allowance *allowed, const char *text, vdb_error *error);

/* NULL when it may be connected to; else what it is: "loopback", "private", … `address` is of IPv4 or IPv6. */
const char *address_objection(const allowance *allowed, const struct sockaddr *address);
/* The same of a text, as inet_ntop() writes it. */
const char *address_text_objection(const allowance *allowed, const char *text);

/* "192.0.2.1" or "2001:db8::1"; `room` of at least 46 bytes. */
void address_text(const struct sockaddr *address, char *text, size_t room);

#endif
