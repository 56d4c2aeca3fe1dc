/* The field tables of the public structs, in the order of their members and of their queries' columns. */
#ifndef VDB_STORE_RECORDS_H
#define VDB_STORE_RECORDS_H

#include "pg/record.h"

/* Rows with the tenant's data key ("UUID SEALED", NULL: none), which opens their configs. */
typedef struct provider_row {
    vdb_provider provider;
    const char *data_key;
} provider_row;

typedef struct secretary_row {
    vdb_secretary secretary;
    const char *data_key;
} secretary_row;

/* A transfer rule with the version of all rules that were asked for. */
typedef struct rule_row {
    vdb_transfer_rule rule;
    const char *version;
} rule_row;

extern const record provider_row_record;
extern const record secretary_row_record;
extern const record rule_row_record;

extern const record tenant_record;
extern const record provider_record;
extern const record provider_test_record;
extern const record provider_usage_record;
extern const record secretary_record;
extern const record document_record;
extern const record document_queue_record;
extern const record claimed_document_record;
extern const record chunk_record;
extern const record search_hit_record;
extern const record nearest_record;
extern const record worded_record;
extern const record transfer_rule_record;
extern const record conversation_record;
extern const record message_record;
extern const record trace_event_record;
extern const record personal_data_record;
extern const record personal_copy_record;
extern const record erased_record;
extern const record retention_record;
extern const record webhook_delivery_record;

#endif
