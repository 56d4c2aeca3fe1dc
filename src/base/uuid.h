/* UUIDs as 16 bytes. */
#ifndef VDB_BASE_UUID_H
#define VDB_BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>

typedef struct uuid {
    uint8_t bytes[16];
} uuid;

/* False: `text` is NULL or no UUID as PostgreSQL writes one. */
bool uuid_parse(const char *text, uuid *id);
void uuid_format(const uuid *id, char text[37]);
bool uuid_equal(const uuid *a, const uuid *b);
bool uuid_is_nil(const uuid *id);

uuid uuid_random(void);
/* One that the bytes it was made of determine (RFC 9562, version 8). */
uuid uuid_from_hash(const uint8_t hash[16]);

#endif
