#include "webhook/signature.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { LEAST_BYTES = 24, MOST_BYTES = 64, NEW_BYTES = 32 };

static const char prefix[] = "whsec_";

void signature_new_secret(char secret[WEBHOOK_SECRET_ROOM])
{
    unsigned char bytes[NEW_BYTES];
    randombytes_buf(bytes, sizeof bytes);
    memcpy(secret, prefix, sizeof prefix);
    sodium_bin2base64(secret + sizeof prefix - 1, WEBHOOK_SECRET_ROOM - sizeof prefix + 1, bytes, sizeof bytes,
                      sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(bytes, sizeof bytes);
}

static bool decode(const char *secret, unsigned char bytes[MOST_BYTES], size_t *length)
{
    const char *end;
    if (strncmp(secret, prefix, sizeof prefix - 1) != 0)
        return false;
    secret += sizeof prefix - 1;
    return sodium_base642bin(bytes, MOST_BYTES, secret, strlen(secret), NULL, length, &end,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           *end == '\0' && *length >= LEAST_BYTES;
}

vdb_status signature_check_secret(const char *secret, vdb_error *error)
{
    unsigned char bytes[MOST_BYTES];
    size_t length;
    bool good = decode(secret, bytes, &length);
    sodium_memzero(bytes, sizeof bytes);
    return good ? VDB_OK
                : error_set(error, VDB_BAD_INPUT, "Let `voicedb webhook secret FILE` make one, in a new FILE.",
                            "a webhook's secret is whsec_ and the base64 of %d to %d bytes", LEAST_BYTES, MOST_BYTES);
}

bool signature_make(const char *secret, const char *id, int64_t timestamp, const char *body, size_t length,
                    char signature[WEBHOOK_SIGNATURE_ROOM])
{
    unsigned char key[MOST_BYTES], hash[crypto_auth_hmacsha256_BYTES];
    size_t key_length;
    bool good = decode(secret, key, &key_length);
    if (good) {
        char head[96];
        int used = snprintf(head, sizeof head, "%s.%" PRId64 ".", id, timestamp);
        crypto_auth_hmacsha256_state state;
        crypto_auth_hmacsha256_init(&state, key, key_length);
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)head, (unsigned long long)used);
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)body, length);
        crypto_auth_hmacsha256_final(&state, hash);
        sodium_memzero(&state, sizeof state);
        memcpy(signature, "v1,", 3);
        sodium_bin2base64(signature + 3, WEBHOOK_SIGNATURE_ROOM - 3, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL);
    }
    sodium_memzero(key, sizeof key);
    return good;
}
