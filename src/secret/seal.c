#include "secret/seal.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    ALPHABET = sodium_base64_VARIANT_URLSAFE_NO_PADDING
};

_Static_assert((int)SEAL_KEY_BYTES == (int)crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "the cipher's key");

static const char version[] = "v1:";

char *seal_text(arena *a, const char *key_name, const unsigned char key[SEAL_KEY_BYTES], const char *bound,
                const void *plain, size_t length)
{
    unsigned char *box = arena_alloc(a, NONCE + length + TAG);
    size_t room = sizeof version + strlen(key_name) + 1 + sodium_base64_encoded_len(NONCE + length + TAG, ALPHABET);
    char *text = box == NULL ? NULL : arena_alloc(a, room);
    if (text == NULL)
        return NULL;
    randombytes_buf(box, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(box + NONCE, NULL, plain, length, (const unsigned char *)bound,
                                               strlen(bound), NULL, box, key);
    int head = snprintf(text, room, "%s%s:", version, key_name);
    sodium_bin2base64(text + head, room - (size_t)head, box, NONCE + length + TAG, ALPHABET);
    return text;
}

/* Behind "v1:KEY:"; NULL: it does not begin so. */
static const char *base64_of(const char *sealed)
{
    if (strncmp(sealed, version, sizeof version - 1) != 0)
        return NULL;
    const char *colon = strchr(sealed + sizeof version - 1, ':');
    return colon == NULL ? NULL : colon + 1;
}

bool seal_key_name(const char *sealed, char name[SEAL_KEY_NAME_ROOM])
{
    const char *base64 = base64_of(sealed);
    if (base64 == NULL)
        return false;
    const char *start = sealed + sizeof version - 1;
    size_t length = (size_t)(base64 - 1 - start);
    if (length == 0 || length >= SEAL_KEY_NAME_ROOM)
        return false;
    memcpy(name, start, length);
    name[length] = '\0';
    return true;
}

size_t seal_room(const char *sealed)
{
    return strlen(sealed) / 4 * 3 + 3;
}

bool seal_open(const char *sealed, const unsigned char key[SEAL_KEY_BYTES], const char *bound, void *plain,
               size_t *length)
{
    const char *base64 = base64_of(sealed);
    size_t room = seal_room(sealed), size = 0;
    unsigned char *box = base64 == NULL ? NULL : malloc(room);
    unsigned long long opened = 0;
    bool good = box != NULL && sodium_base642bin(box, room, base64, strlen(base64), NULL, &size, NULL, ALPHABET) == 0 &&
                size >= NONCE + TAG &&
                crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &opened, NULL, box + NONCE, size - NONCE,
                                                           (const unsigned char *)bound, strlen(bound), box, key) == 0;
    free(box);
    *length = good ? (size_t)opened : 0;
    return good;
}
