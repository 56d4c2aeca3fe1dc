/* Sending one notice by libcurl. A transfer is used again and again, by one thread. */
#ifndef VDB_WEBHOOK_TRANSFER_H
#define VDB_WEBHOOK_TRANSFER_H

#include "webhook/address.h"
#include "webhook/verdict.h"

#include <curl/curl.h>

/* What a claim gives; the strings are read while the transfer begins. */
typedef struct notice {
    const char *delivery_uuid;
    const char *claimed_at;
    int64_t attempts;
    bool is_last;
    const char *domain_uuid;
    const char *url;
    const char *body;
    const char *const *secrets; /* to sign with, ends with NULL */
} notice;

typedef struct transfer_options {
    const allowance *allowed;
    int timeout_ms;
    const char *ca_file; /* NULL: the system's authorities */
} transfer_options;

typedef enum transfer_state { TRANSFER_FREE, TRANSFER_FLYING, TRANSFER_DONE } transfer_state;

typedef struct transfer {
    transfer_state state;
    const transfer_options *options;
    CURL *curl;
    struct curl_slist *headers;
    char *body;
    size_t received; /* bytes of the answer, its headers included */
    char reason[CURL_ERROR_SIZE];
    char refused[128];
    char delivery_uuid[37];
    char claimed_at[40];
    char domain_uuid[37];
    int64_t number;
    bool is_last;
    long http; /* what follows is filled when it is done; 0: no answer */
    int64_t took_ms;
    verdict verdict;
} transfer;

/* False: memory ran out. Release with transfer_end(). */
bool transfer_begin(transfer *t, const transfer_options *options);
void transfer_end(transfer *t);

/* Whose it is from here on, also when loading fails. */
void transfer_take(transfer *t, const notice *n);

/* Makes the handle ready to be added to a multi handle, and the transfer flying. */
vdb_status transfer_load(transfer *t, const notice *n, vdb_error *error);

/* It never went on its way: done, to be tried again. */
void transfer_give_back(transfer *t, const char *reason);

/* Its handle has left the multi handle with `code`: fills the verdict and lets go of the text. */
void transfer_finish(transfer *t, CURLcode code);

#endif
