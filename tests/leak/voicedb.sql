-- What the fuzzer looks at as the tables' owner: who has which key and which name, and the version of every row.
CREATE SCHEMA leak;

-- `thing` as in leak.h; the newest first is `born` descending, then `place` ascending.
CREATE VIEW leak.things AS
SELECT domain_uuid, t.thing, t.value, born, place
FROM (
    SELECT p.domain_uuid, p.created_at AS born, 0 AS place,
           ARRAY['PROVIDER', 'PROVIDER_NAME'] AS things, ARRAY[p.provider_uuid::text, p.provider_name] AS vals
    FROM v_voice_ai_providers p
    UNION ALL
    SELECT s.domain_uuid, s.created_at, 0, ARRAY['SECRETARY', 'SECRETARY_NAME', 'EXTENSION'],
           ARRAY[s.voice_secretary_uuid::text, s.name, s.extension]
    FROM v_voice_secretaries s
    UNION ALL
    SELECT d.domain_uuid, d.created_at, 0, ARRAY['DOCUMENT', 'DOCUMENT_NAME'], ARRAY[d.document_uuid::text, d.document_name]
    FROM v_voice_documents d
    UNION ALL
    SELECT c.domain_uuid, c.created_at, c.chunk_index, ARRAY['CHUNK', 'MODEL'], ARRAY[c.chunk_uuid::text, c.embedding_model]
    FROM v_voice_document_chunks c
    UNION ALL
    SELECT r.domain_uuid, r.created_at, 0, ARRAY['RULE', 'DEPARTMENT'], ARRAY[r.transfer_rule_uuid::text, r.department_name]
    FROM v_voice_transfer_rules r
    UNION ALL
    SELECT v.domain_uuid, v.created_at, 0, ARRAY['CONVERSATION', 'CALL', 'CALLER'],
           ARRAY[v.conversation_uuid::text, v.call_uuid::text, v.caller_id]
    FROM v_voice_conversations v
    UNION ALL
    SELECT m.domain_uuid, m.created_at, m.turn_number, ARRAY['MESSAGE'], ARRAY[m.message_uuid::text]
    FROM v_voice_messages m
    UNION ALL
    SELECT n.domain_uuid, n.created_at, n.event_number, ARRAY['NOTICE'], ARRAY[n.delivery_uuid::text]
    FROM v_voice_webhook_deliveries n
    UNION ALL
    SELECT e.domain_uuid, e.created_at, 0, ARRAY['ENDPOINT'], ARRAY[e.endpoint_uuid::text]
    FROM v_voice_webhook_endpoints e
    UNION ALL
    SELECT k.domain_uuid, k.created_at, 0, ARRAY['DATA_KEY'], ARRAY[k.data_key_uuid::text]
    FROM v_voice_data_keys k
    UNION ALL
    SELECT v.domain_uuid, '2000-01-01', 0, ARRAY['VERSION'], ARRAY[v.version_uuid::text]
    FROM voicedb_call_versions v
    UNION ALL
    SELECT d.domain_uuid, '2000-01-01', 0, ARRAY['DOMAIN', 'DOMAIN_NAME'], ARRAY[d.domain_uuid::text, d.domain_name]
    FROM v_domains d
) r
CROSS JOIN LATERAL unnest(things, vals) AS t (thing, value)
WHERE t.value <> '';

-- A row that was written again is another version of it, whatever was written.
CREATE VIEW leak.versions AS
SELECT domain_uuid, 'p' || provider_uuid || xmin || ctid AS version FROM v_voice_ai_providers
UNION ALL
SELECT domain_uuid, 's' || voice_secretary_uuid || xmin || ctid FROM v_voice_secretaries
UNION ALL
SELECT domain_uuid, 'd' || document_uuid || xmin || ctid FROM v_voice_documents
UNION ALL
SELECT domain_uuid, 'c' || chunk_uuid || xmin || ctid FROM v_voice_document_chunks
UNION ALL
SELECT domain_uuid, 'w' || document_uuid || first_chunk || xmin || ctid FROM v_voice_document_terms
UNION ALL
SELECT domain_uuid, 't' || transfer_rule_uuid || xmin || ctid FROM v_voice_transfer_rules
UNION ALL
SELECT domain_uuid, 'v' || conversation_uuid || xmin || ctid FROM v_voice_conversations
UNION ALL
SELECT domain_uuid, 'm' || message_uuid || xmin || ctid FROM v_voice_messages
UNION ALL
SELECT domain_uuid, 'n' || delivery_uuid || xmin || ctid FROM v_voice_webhook_deliveries
UNION ALL
SELECT domain_uuid, 'e' || endpoint_uuid || xmin || ctid FROM v_voice_webhook_endpoints
UNION ALL
SELECT domain_uuid, 'settings' || xmin || ctid FROM v_voice_tenant_settings
UNION ALL
SELECT domain_uuid, 'erasure' || erasure_uuid || xmin || ctid FROM voicedb_erasures
UNION ALL
SELECT domain_uuid, 'call' || topic || version_uuid || xmin || ctid FROM voicedb_call_versions
UNION ALL
SELECT domain_uuid, 'k' || data_key_uuid || xmin || ctid FROM v_voice_data_keys
UNION ALL
SELECT domain_uuid, 'embedding' || embedding_model || encode(content_sha256, 'hex') || xmin || ctid FROM v_voice_embeddings
UNION ALL
SELECT domain_uuid, 'usage' || usage_date || provider_name || embedding_model || xmin || ctid FROM v_voice_embedding_usage
UNION ALL
SELECT domain_uuid, 'domain' || xmin || ctid FROM v_domains;
