#include "webhook/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IPV4_AT = 12, IPV4_BITS = 96 };

static const unsigned char mapped[IPV4_AT] = { [10] = 0xFF, [11] = 0xFF };

typedef struct range {
    unsigned char bytes[16];
    int bits;
    const char *what;
} range;

#define V4(a, b, c, bits_, what_)                                                                                      \
    {                                                                                                                  \
        { [10] = 0xFF, [11] = 0xFF, a, b, c }, IPV4_BITS + (bits_), what_                                              \
    }
#define V6(a, b, bits_, what_)                                                                                         \
    {                                                                                                                  \
        { (a) >> 8, (a)&0xFF, (b) >> 8, (b)&0xFF }, bits_, what_                                                       \
    }

/* IANA's registries of special-purpose addresses, and what carries another address within itself. */
static const range refused[] = {
    V4(0, 0, 0, 8, "unspecified"),
    V4(10, 0, 0, 8, "private"),
    V4(100, 64, 0, 10, "shared (carrier-grade NAT)"),
    V4(127, 0, 0, 8, "loopback"),
    V4(169, 254, 0, 16, "link-local"),
    V4(172, 16, 0, 12, "private"),
    V4(192, 0, 0, 24, "reserved"),
    V4(192, 0, 2, 24, "documentation"),
    V4(192, 88, 99, 24, "6to4"),
    V4(192, 168, 0, 16, "private"),
    V4(198, 18, 0, 15, "benchmarking"),
    V4(198, 51, 100, 24, "documentation"),
    V4(203, 0, 113, 24, "documentation"),
    V4(224, 0, 0, 4, "multicast"),
    V4(240, 0, 0, 4, "reserved"),
    V6(0xFC00, 0, 7, "private"),
    V6(0xFE80, 0, 10, "link-local"),
    V6(0xFF00, 0, 8, "multicast"),
    V6(0x2001, 0, 23, "reserved (Teredo and the like)"),
    V6(0x2001, 0x0DB8, 32, "documentation"),
    V6(0x2002, 0, 16, "6to4"),
    V6(0x3FFF, 0, 20, "documentation"),
};
static const network global_ipv6 = { { 0x20 }, 3 };
static const network nat64 = { { 0x00, 0x64, 0xFF, 0x9B }, 96 };

static bool within(const unsigned char bytes[16], const unsigned char first[16], int bits)
{
    int whole = bits / 8, rest = bits % 8;
    if (memcmp(bytes, first, (size_t)whole) != 0)
        return false;
    return rest == 0 || ((bytes[whole] ^ first[whole]) >> (8 - rest)) == 0;
}

static bool is_ipv4(const unsigned char bytes[16])
{
    return memcmp(bytes, mapped, sizeof mapped) == 0;
}

/* ---- what is allowed --------------------------------------------------------------------------------------------- */

static bool parse_address(const char *text, unsigned char bytes[16], int *most_bits)
{
    memcpy(bytes, mapped, sizeof mapped);
    *most_bits = 32;
    if (inet_pton(AF_INET, text, bytes + IPV4_AT) == 1)
        return true;
    *most_bits = 128;
    return inet_pton(AF_INET6, text, bytes) == 1;
}

vdb_status allowance_add(allowance *allowed, const char *text, vdb_error *error)
{
    static const char hint[] = "Write a network as 10.1.2.0/24 or fd12:3456::/32, or a single address.";
    char address[INET6_ADDRSTRLEN] = "", *end = NULL;
    size_t length = strcspn(text, "/");
    network n;
    int most;
    memcpy(address, text, length < sizeof address ? length : sizeof address - 1);
    bool good = length < sizeof address && parse_address(address, n.bytes, &most);
    long bits = good ? most : 0;
    if (good && text[length] == '/') {
        bits = strtol(text + length + 1, &end, 10);
        good = text[length + 1] >= '0' && text[length + 1] <= '9' && *end == '\0' && bits <= most;
    }
    if (!good)
        return error_set(error, VDB_USAGE, hint, "\"%s\" is no network", text);
    if (allowed->count == MOST_NETWORKS)
        return error_set(error, VDB_USAGE, "Write larger networks instead.", "more than %d networks are allowed",
                         MOST_NETWORKS);
    n.bits = (int)bits + 128 - most;
    allowed->networks[allowed->count++] = n;
    return VDB_OK;
}

/* ---- judging ----------------------------------------------------------------------------------------------------- */

/* The bytes of an IPv4 address that an IPv6 address of NAT64 stands for; others stay. */
static void unwrap(unsigned char bytes[16])
{
    if (within(bytes, nat64.bytes, nat64.bits))
        memcpy(bytes, mapped, sizeof mapped);
}

static const char *objection(const allowance *allowed, unsigned char bytes[16])
{
    unwrap(bytes);
    for (size_t i = 0; i < allowed->count; i++) {
        if (within(bytes, allowed->networks[i].bytes, allowed->networks[i].bits))
            return NULL;
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (within(bytes, refused[i].bytes, refused[i].bits))
            return refused[i].what;
    }
    if (memcmp(bytes, &in6addr_loopback, 16) == 0)
        return "loopback";
    return is_ipv4(bytes) || within(bytes, global_ipv6.bytes, global_ipv6.bits) ? NULL : "reserved";
}

const char *address_objection(const allowance *allowed, const struct sockaddr *address)
{
    unsigned char bytes[16];
    if (address->sa_family == AF_INET) {
        memcpy(bytes, mapped, sizeof mapped);
        memcpy(bytes + IPV4_AT, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, sizeof bytes);
    } else {
        return "no internet";
    }
    return objection(allowed, bytes);
}

const char *address_text_objection(const allowance *allowed, const char *text)
{
    unsigned char bytes[16];
    int bits;
    return parse_address(text, bytes, &bits) ? objection(allowed, bytes) : "unknown";
}

void address_text(const struct sockaddr *address, char *text, size_t room)
{
    const void *bytes = address->sa_family == AF_INET6
                            ? (const void *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr
                            : (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;
    if (inet_ntop(address->sa_family, bytes, text, (socklen_t)room) == NULL)
        snprintf(text, room, "?");
}
