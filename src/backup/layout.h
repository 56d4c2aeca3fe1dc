/* The bytes of the container's format. */
#ifndef VDB_BACKUP_LAYOUT_H
#define VDB_BACKUP_LAYOUT_H

#include <sodium.h>
#include <stdint.h>

enum {
    FRAME_HEAD = 8, /* of a skippable frame: magic and length, little-endian */
    TITLE_BYTES = 17,
    HASH_BYTES = 32,
    TAIL_BYTES = FRAME_HEAD + HASH_BYTES,
    PIECE_BYTES = 64 * 1024,
    SEAL_BYTES = crypto_secretstream_xchacha20poly1305_ABYTES,
    SEAL_HEAD = crypto_secretstream_xchacha20poly1305_HEADERBYTES,
    LARGEST_MANIFEST = 64 << 20
};

#define MANIFEST_MAGIC UINT32_C(0x184D2A50)
#define HASH_MAGIC UINT32_C(0x184D2A51)
#define PLAIN_TITLE "voicedb backup 1\n"
#define SEALED_TITLE "voicedb sealed 1\n"

static inline void put_le32(unsigned char *bytes, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(number >> (8 * i));
}

static inline uint32_t get_le32(const unsigned char *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

#endif
