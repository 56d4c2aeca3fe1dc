/*
 * Signatures of notices, as Standard Webhooks 1.0 has them, so that receivers find a library that checks them:
 * HMAC-SHA256 of "ID.TIMESTAMP.BODY". A secret is "whsec_" and the base64 of 24 to 64 bytes.
 */
#ifndef VDB_WEBHOOK_SIGNATURE_H
#define VDB_WEBHOOK_SIGNATURE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { WEBHOOK_SECRET_ROOM = 96, WEBHOOK_SIGNATURE_ROOM = 64 };

/* Makes one of 32 random bytes. */
void signature_new_secret(char secret[WEBHOOK_SECRET_ROOM]);

/* VDB_BAD_INPUT: it is no secret. No error shows it. */
vdb_status signature_check_secret(const char *secret, vdb_error *error);

/* "v1,BASE64"; false: the secret is none. */
bool signature_make(const char *secret, const char *id, int64_t timestamp, const char *body, size_t length,
                    char signature[WEBHOOK_SIGNATURE_ROOM]);

#endif
