#include "base/uuid.h"

#include "base/text.h"

#include <sodium.h>
#include <stddef.h>
#include <string.h>

static uint8_t digit(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

bool uuid_parse(const char *text, uuid *id)
{
    if (text == NULL || !text_is_uuid(text))
        return false;
    for (size_t i = 0; i < sizeof id->bytes; i++) {
        text += *text == '-';
        id->bytes[i] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
        text += 2;
    }
    return true;
}

void uuid_format(const uuid *id, char text[37])
{
    static const char digits[] = "0123456789abcdef";
    char *end = text;
    for (size_t i = 0; i < sizeof id->bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *end++ = '-';
        *end++ = digits[id->bytes[i] >> 4];
        *end++ = digits[id->bytes[i] & 15];
    }
    *end = '\0';
}

bool uuid_equal(const uuid *a, const uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool uuid_is_nil(const uuid *id)
{
    static const uuid nil;
    return uuid_equal(id, &nil);
}

static uuid versioned(uuid id, uint8_t version)
{
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0F) | version << 4);
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3F) | 0x80);
    return id;
}

uuid uuid_random(void)
{
    uuid id;
    randombytes_buf(id.bytes, sizeof id.bytes);
    return versioned(id, 4);
}

uuid uuid_from_hash(const uint8_t hash[16])
{
    uuid id;
    memcpy(id.bytes, hash, sizeof id.bytes);
    return versioned(id, 8);
}
