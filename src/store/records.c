#include "store/records.h"

#include "store/documents.h"
#include "store/search.h"

/* A field of the struct that is being described: TYPE names the struct. */
#define F(kind, member)                                                                                                \
    {                                                                                                                  \
#member, FIELD_##kind, offsetof(TYPE, member)                                                                  \
    }
#define RECORD(fields)                                                                                                 \
    {                                                                                                                  \
        sizeof(TYPE), sizeof fields / sizeof fields[0], fields                                                         \
    }
/* The same without the last field, which the struct itself does not have. */
#define RECORD_BUT_LAST(fields)                                                                                        \
    {                                                                                                                  \
        sizeof(TYPE), sizeof fields / sizeof fields[0] - 1, fields                                                     \
    }

#define TYPE vdb_tenant_row
static const field tenant_fields[] = {
    F(TEXT, domain_uuid),  F(TEXT, domain_name), F(BOOLEAN, domain_enabled), F(INTEGER, secretaries),
    F(INTEGER, documents), F(INTEGER, chunks),   F(INTEGER, conversations),
};
const record tenant_record = RECORD(tenant_fields);
#undef TYPE

#define TYPE vdb_provider
static const field provider_fields[] = {
    F(TEXT, provider_uuid), F(TEXT, provider_type),
    F(TEXT, provider_name), F(TEXT, display_name),
    F(JSON, config),        F(BOOLEAN, is_default),
    F(BOOLEAN, enabled),    F(INSTANT, created_at),
    F(INSTANT, updated_at), { "data_key", FIELD_TEXT, offsetof(provider_row, data_key) },
};
const record provider_record = RECORD_BUT_LAST(provider_fields);
#undef TYPE
#define TYPE provider_row
const record provider_row_record = RECORD(provider_fields);
#undef TYPE

#define TYPE vdb_provider_test
static const field provider_test_fields[] = {
    F(TEXT, provider_uuid), F(TEXT, provider_name),   F(TEXT, protocol),
    F(TEXT, address),       F(TEXT, embedding_model), F(INTEGER, embedding_dimensions),
    F(INTEGER, tokens),     F(REAL, took_ms),         F(JSON, first_numbers),
};
const record provider_test_record = RECORD(provider_test_fields);
#undef TYPE

#define TYPE vdb_provider_usage
static const field provider_usage_fields[] = {
    F(TEXT, usage_date), F(TEXT, provider_name), F(TEXT, embedding_model), F(INTEGER, requests), F(INTEGER, texts),
    F(INTEGER, tokens),  F(REAL, cost),
};
const record provider_usage_record = RECORD(provider_usage_fields);
#undef TYPE

#define TYPE vdb_secretary
static const field secretary_fields[] = {
    F(TEXT, voice_secretary_uuid),
    F(TEXT, name),
    F(TEXT, description),
    F(TEXT, extension),
    F(BOOLEAN, enabled),
    F(TEXT, stt_provider_uuid),
    F(TEXT, stt_provider),
    F(JSON, stt_config),
    F(TEXT, tts_provider_uuid),
    F(TEXT, tts_provider),
    F(JSON, tts_config),
    F(TEXT, llm_provider_uuid),
    F(TEXT, llm_provider),
    F(JSON, llm_config),
    F(TEXT, embeddings_provider_uuid),
    F(TEXT, embeddings_provider),
    F(JSON, embeddings_config),
    F(TEXT, system_prompt),
    F(TEXT, greeting_message),
    F(TEXT, goodbye_message),
    F(TEXT, voice_name),
    F(TEXT, language),
    F(BOOLEAN, rag_enabled),
    F(REAL, rag_similarity_threshold),
    F(INTEGER, max_conversation_turns),
    F(TEXT, webhook_url),
    F(BOOLEAN, webhook_enabled),
    F(INSTANT, created_at),
    F(INSTANT, updated_at),
    { "data_key", FIELD_TEXT, offsetof(secretary_row, data_key) },
};
const record secretary_record = RECORD_BUT_LAST(secretary_fields);
#undef TYPE
#define TYPE secretary_row
const record secretary_row_record = RECORD(secretary_fields);
#undef TYPE

#define TYPE vdb_document
static const field document_fields[] = {
    F(TEXT, document_uuid),
    F(TEXT, voice_secretary_uuid),
    F(TEXT, document_name),
    F(TEXT, document_type),
    F(TEXT, file_path),
    F(TEXT, mime_type),
    F(INTEGER, file_size),
    F(TEXT, content_sha256),
    F(INTEGER, chunk_target_tokens),
    F(INTEGER, chunk_overlap_tokens),
    F(INTEGER, chunk_count),
    F(TEXT, embedding_model),
    F(TEXT, processing_status),
    F(TEXT, processing_error),
    F(INSTANT, processed_at),
    F(BOOLEAN, enabled),
    F(INSTANT, created_at),
    F(INSTANT, updated_at),
};
const record document_record = RECORD(document_fields);
#undef TYPE

#define TYPE vdb_document_queue
static const field document_queue_fields[] = {
    F(TEXT, domain_uuid),
    F(TEXT, domain_name),
    F(INTEGER, documents),
};
const record document_queue_record = RECORD(document_queue_fields);
#undef TYPE

#define TYPE claimed_document
static const field claimed_document_fields[] = {
    F(TEXT, document_uuid),
    F(TEXT, voice_secretary_uuid),
    F(TEXT, document_name),
    F(TEXT, document_type),
    F(TEXT, file_path),
    F(TEXT, mime_type),
    F(TEXT, content),
    F(INTEGER, chunk_target_tokens),
    F(INTEGER, chunk_overlap_tokens),
    F(INTEGER, processing_attempts),
};
const record claimed_document_record = RECORD(claimed_document_fields);
#undef TYPE

#define TYPE vdb_chunk
static const field chunk_fields[] = {
    F(TEXT, chunk_uuid),     F(TEXT, document_uuid),   F(INTEGER, chunk_index),
    F(TEXT, content),        F(TEXT, embedding_model), F(INTEGER, embedding_dimensions),
    F(INTEGER, token_count), F(JSON, metadata),        F(INSTANT, created_at),
};
const record chunk_record = RECORD(chunk_fields);
#undef TYPE

#define TYPE vdb_search_hit
static const field search_hit_fields[] = {
    F(TEXT, chunk_uuid), F(TEXT, document_uuid), F(TEXT, document_name), F(INTEGER, chunk_index), F(TEXT, content),
    F(JSON, metadata),   F(REAL, similarity),    F(REAL, word_share),    F(REAL, score),
};
const record search_hit_record = RECORD(search_hit_fields);
#undef TYPE

/* The columns of a search by words begin with those of a search by vector. */
#define TYPE found_chunk
static const field found_chunk_fields[] = {
    F(TEXT, chunk_uuid), F(TEXT, document_uuid), F(TEXT, document_name), F(INTEGER, chunk_index), F(TEXT, content),
    F(JSON, metadata),   F(REAL, similarity),    F(REAL, word_score),    F(REAL, word_share),
};
const record nearest_record = { sizeof(TYPE), 7, found_chunk_fields };
const record worded_record = RECORD(found_chunk_fields);
#undef TYPE

#define TYPE vdb_transfer_rule
static const field transfer_rule_fields[] = {
    F(TEXT, transfer_rule_uuid), F(TEXT, voice_secretary_uuid),
    F(TEXT, department_name),    F(STRINGS, intent_keywords),
    F(STRINGS, intent_patterns), F(TEXT, destination_type),
    F(TEXT, transfer_extension), F(TEXT, transfer_message),
    F(JSON, working_hours),      F(TEXT, fallback_action),
    F(TEXT, fallback_extension), F(INTEGER, priority),
    F(BOOLEAN, enabled),         F(INSTANT, created_at),
    F(INSTANT, updated_at),      { "version", FIELD_TEXT, offsetof(rule_row, version) },
};
const record transfer_rule_record = RECORD_BUT_LAST(transfer_rule_fields);
#undef TYPE
#define TYPE rule_row
const record rule_row_record = RECORD(transfer_rule_fields);
#undef TYPE

#define TYPE vdb_conversation
static const field conversation_fields[] = {
    F(TEXT, conversation_uuid), F(TEXT, voice_secretary_uuid),
    F(TEXT, secretary_name),    F(TEXT, call_uuid),
    F(TEXT, caller_id),         F(TEXT, caller_name),
    F(INSTANT, started_at),     F(INSTANT, ended_at),
    F(TEXT, final_action),      F(TEXT, transfer_rule_uuid),
    F(TEXT, transfer_target),   F(TEXT, summary),
    F(TEXT, ticket_id),         F(JSON, metadata),
    F(INTEGER, messages),       F(INTEGER, turns),
    F(INTEGER, duration_ms),    F(INSTANT, created_at),
    F(INSTANT, updated_at),
};
const record conversation_record = RECORD(conversation_fields);
#undef TYPE

#define TYPE vdb_message
static const field message_fields[] = {
    F(TEXT, message_uuid),      F(INTEGER, turn_number),       F(TEXT, role),
    F(TEXT, content),           F(INTEGER, audio_duration_ms), F(TEXT, audio_file_path),
    F(TEXT, stt_provider),      F(INTEGER, stt_latency_ms),    F(INTEGER, rag_latency_ms),
    F(TEXT, llm_provider),      F(INTEGER, llm_latency_ms),    F(TEXT, tts_provider),
    F(INTEGER, tts_latency_ms), F(INTEGER, tokens_used),       F(STRINGS, rag_chunk_uuids),
    F(TEXT, detected_intent),   F(REAL, intent_confidence),    F(INSTANT, created_at),
};
const record message_record = RECORD(message_fields);
#undef TYPE

#define TYPE vdb_trace_event
static const field trace_event_fields[] = {
    F(TEXT, event), F(INSTANT, at), F(INTEGER, elapsed_ms), F(INTEGER, turn_number), F(TEXT, content), F(JSON, details),
};
const record trace_event_record = RECORD(trace_event_fields);
#undef TYPE

#define TYPE vdb_personal_data
static const field personal_data_fields[] = {
    F(TEXT, caller_id), F(INTEGER, conversations), F(INTEGER, summaries), F(INTEGER, messages), F(INTEGER, recordings),
    F(INTEGER, traces), F(INTEGER, notices),       F(INSTANT, first_at),  F(INSTANT, last_at),
};
const record personal_data_record = RECORD(personal_data_fields);
#undef TYPE

#define TYPE vdb_personal_copy
static const field personal_copy_fields[] = { F(TEXT, conversation_uuid), F(JSON, document) };
const record personal_copy_record = RECORD(personal_copy_fields);
#undef TYPE

#define TYPE vdb_erased
static const field erased_fields[] = {
    F(INTEGER, conversations),
    F(INTEGER, messages),
    F(INTEGER, notices),
    F(STRINGS, recordings),
};
const record erased_record = RECORD(erased_fields);
#undef TYPE

#define TYPE vdb_retention
static const field retention_fields[] = {
    F(INTEGER, messages_days),
    F(INTEGER, recordings_days),
    F(INTEGER, traces_days),
    F(INTEGER, conversations_days),
};
const record retention_record = RECORD(retention_fields);
#undef TYPE

#define TYPE vdb_webhook_delivery
static const field webhook_delivery_fields[] = {
    F(TEXT, delivery_uuid),
    F(TEXT, conversation_uuid),
    F(TEXT, event),
    F(TEXT, state),
    F(INTEGER, attempts),
    F(INSTANT, created_at),
    F(INSTANT, next_attempt_at),
    F(INSTANT, last_attempt_at),
    F(INTEGER, last_status),
    F(TEXT, last_error),
    F(INTEGER, last_took_ms),
    F(INSTANT, delivered_at),
    F(TEXT, url),
    F(INSTANT, paused_until),
};
const record webhook_delivery_record = RECORD(webhook_delivery_fields);
#undef TYPE
