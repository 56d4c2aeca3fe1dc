-- All that a call begins with, in one answer: the secretary, by its UUID or the extension that was dialled; its providers and the
-- tenant's defaults; its enabled transfer rules in the order in which they are tried. The first column says what a row is; its values
-- stand behind it in the order of the record, as texts. With the version that call_version.sql tells, and whether it is another one after
-- every change: not where a chunk without a trigger decides on the model. Asked by: a call whose beginning is not kept; `secretary show`.
WITH s AS MATERIALIZED (
    SELECT a.*
    FROM v_voice_secretaries a
    WHERE a.domain_uuid = :'domain_uuid'::uuid
      AND a.voice_secretary_uuid = coalesce(:'voice_secretary_uuid'::uuid,
                                            (SELECT e.voice_secretary_uuid
                                             FROM v_voice_secretaries e
                                             WHERE e.domain_uuid = :'domain_uuid'::uuid AND e.extension = :'extension'))
), d AS MATERIALIZED (
    SELECT a.document_uuid
    FROM s
    JOIN v_voice_documents a
      ON a.domain_uuid = :'domain_uuid'::uuid AND a.enabled AND a.processing_status = 'ready' AND a.chunk_count > 0
     AND (a.voice_secretary_uuid IS NULL OR a.voice_secretary_uuid = s.voice_secretary_uuid)
    ORDER BY a.processed_at DESC NULLS LAST
    LIMIT 1
), c AS MATERIALIZED (
    SELECT a.chunk_index, a.embedding_model
    FROM d
    JOIN v_voice_document_chunks a ON a.domain_uuid = :'domain_uuid'::uuid AND a.document_uuid = d.document_uuid
    ORDER BY a.chunk_index
    LIMIT 1
)
SELECT 'secretary' AS kind, s.voice_secretary_uuid::text, s.name::text, s.description, s.extension::text, s.enabled::text,
       s.stt_provider_uuid::text, NULL AS stt_provider, NULL AS stt_config,
       s.tts_provider_uuid::text, NULL AS tts_provider, NULL AS tts_config,
       s.llm_provider_uuid::text, NULL AS llm_provider, NULL AS llm_config,
       s.embeddings_provider_uuid::text, NULL AS embeddings_provider, NULL AS embeddings_config,
       s.system_prompt, s.greeting_message, s.goodbye_message, s.voice_name::text, s.language::text,
       s.rag_enabled::text, s.rag_similarity_threshold::text, s.max_conversation_turns::text,
       s.webhook_url::text, s.webhook_enabled::text, s.created_at::text, s.updated_at::text,
       (SELECT concat_ws(' ', k.data_key_uuid, k.sealed_key ->> '$sealed')
        FROM v_voice_data_keys k
        WHERE k.domain_uuid = :'domain_uuid'::uuid) AS data_key,
       ARRAY(SELECT v.version_uuid
             FROM voicedb_call_versions v
             WHERE v.domain_uuid = :'domain_uuid'::uuid)::text AS version,
       ((SELECT count(*) FROM d) = (SELECT count(*) FROM c WHERE c.chunk_index <= 0))::text AS version_tells_all,
       (SELECT c.embedding_model FROM c)::text AS embedding_model
FROM s
UNION ALL
SELECT 'provider', p.provider_uuid::text, p.provider_type, p.provider_name, p.display_name, p.config::text,
       p.is_default::text, p.enabled::text, p.created_at::text, p.updated_at::text,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM s
JOIN v_voice_ai_providers p
  ON p.domain_uuid = :'domain_uuid'::uuid
 AND (p.is_default OR p.provider_uuid IN (s.stt_provider_uuid, s.tts_provider_uuid, s.llm_provider_uuid,
                                          s.embeddings_provider_uuid))
UNION ALL
(SELECT 'rule', r.transfer_rule_uuid::text, r.voice_secretary_uuid::text, r.department_name,
        to_jsonb(r.intent_keywords)::text, to_jsonb(r.intent_patterns)::text, r.destination_type, r.transfer_extension,
        r.transfer_message, r.working_hours::text, r.fallback_action, r.fallback_extension, r.priority::text, r.enabled::text,
        r.created_at::text, r.updated_at::text,
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
 FROM s
 JOIN v_voice_transfer_rules r
   ON r.domain_uuid = :'domain_uuid'::uuid AND r.enabled
  AND (r.voice_secretary_uuid IS NULL OR r.voice_secretary_uuid = s.voice_secretary_uuid)
 ORDER BY r.priority, r.voice_secretary_uuid IS NULL, r.created_at, r.transfer_rule_uuid);
