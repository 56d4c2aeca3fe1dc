/* The field tables of the public structs, in the order of their members and of their queries' columns. */
#ifndef VDB_STORE_RECORDS_H
#define VDB_STORE_RECORDS_H

#include "pg/record.h"

extern const record tenant_record;
extern const record provider_record;
extern const record provider_test_record;
extern const record secretary_record;
extern const record document_record;
extern const record chunk_record;
extern const record search_hit_record;
extern const record transfer_rule_record;
extern const record conversation_record;
extern const record message_record;

#endif
