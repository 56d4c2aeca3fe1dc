-- A call by its UUID or its conversation's, an event a row, in their order: its start, what was said with the time each stage took, under
-- an answer the chunks it used, where it was transferred to, its end, the notices about it. No row: no such conversation. A chunk that is not there any more has
-- no content. Asked by: `conversation show --trace`.
WITH v AS MATERIALIZED (
    SELECT c.*
    FROM v_voice_conversations c
    WHERE c.domain_uuid = :'domain_uuid'::uuid
      AND (c.conversation_uuid = :'conversation'::uuid OR c.call_uuid = :'conversation'::uuid)
    ORDER BY c.conversation_uuid = :'conversation'::uuid DESC
    LIMIT 1
), said AS MATERIALIZED (
    SELECT m.*, row_number() OVER (ORDER BY m.turn_number, m.created_at, m.message_uuid) AS place
    FROM v
    JOIN v_voice_messages m ON m.domain_uuid = :'domain_uuid'::uuid AND m.conversation_uuid = v.conversation_uuid
), event (phase, place, part, event, at, turn_number, content, details) AS (
    SELECT 1, 0, 0, 'start', v.started_at, NULL::integer, NULL::text,
           json_build_object('conversation_uuid', v.conversation_uuid, 'call_uuid', v.call_uuid, 'caller_id', v.caller_id,
                             'caller_name', v.caller_name, 'secretary', s.name)
    FROM v
    LEFT JOIN v_voice_secretaries s
           ON s.domain_uuid = :'domain_uuid'::uuid AND s.voice_secretary_uuid = v.voice_secretary_uuid
    UNION ALL
    SELECT 2, m.place, 0, m.role, m.created_at, m.turn_number, m.content,
           json_build_object('stt_ms', m.stt_latency_ms, 'rag_ms', m.rag_latency_ms, 'llm_ms', m.llm_latency_ms,
                             'tts_ms', m.tts_latency_ms, 'stt', m.stt_provider, 'llm', m.llm_provider, 'tts', m.tts_provider,
                             'tokens', m.tokens_used, 'audio_ms', m.audio_duration_ms, 'intent', m.detected_intent,
                             'confidence', m.intent_confidence)
    FROM said m
    UNION ALL
    SELECT 2, m.place, u.part, 'chunk', NULL, m.turn_number, k.content,
           json_build_object('similarity', u.similarity, 'document', d.document_name, 'passage', k.chunk_index + 1,
                             'chunk_uuid', u.chunk_uuid)
    FROM said m
    CROSS JOIN LATERAL unnest(m.rag_chunk_uuids, m.rag_similarities) WITH ORDINALITY AS u (chunk_uuid, similarity, part)
    LEFT JOIN v_voice_document_chunks k ON k.domain_uuid = :'domain_uuid'::uuid AND k.chunk_uuid = u.chunk_uuid
    LEFT JOIN v_voice_documents d ON d.domain_uuid = :'domain_uuid'::uuid AND d.document_uuid = k.document_uuid
    UNION ALL
    SELECT 3, 0, 0, 'transfer', v.ended_at, NULL, NULL,
           json_build_object('target', v.transfer_target, 'department', r.department_name, 'type', r.destination_type,
                             'transfer_rule_uuid', v.transfer_rule_uuid)
    FROM v
    LEFT JOIN v_voice_transfer_rules r
           ON r.domain_uuid = :'domain_uuid'::uuid AND r.transfer_rule_uuid = v.transfer_rule_uuid
    WHERE coalesce(v.transfer_target, v.transfer_rule_uuid::text) IS NOT NULL
    UNION ALL
    SELECT 4, 0, 0, 'end', v.ended_at, NULL, v.summary,
           json_build_object('action', v.final_action, 'ticket', v.ticket_id,
                             'turns', (SELECT count(DISTINCT m.turn_number) FROM said m), 'messages', (SELECT count(*) FROM said))
    FROM v
    WHERE v.ended_at IS NOT NULL
    UNION ALL
    SELECT 5, d.event_number, 0, 'webhook', coalesce(d.delivered_at, d.last_attempt_at, d.created_at), NULL, NULL,
           json_build_object('state', d.state, 'attempts', d.attempts, 'status', d.last_status, 'error', d.last_error,
                             'took_ms', d.last_took_ms, 'delivery_uuid', d.delivery_uuid)
    FROM v
    JOIN v_voice_webhook_deliveries d
      ON d.domain_uuid = :'domain_uuid'::uuid AND d.conversation_uuid = v.conversation_uuid
)
SELECT e.event, e.at, (extract(epoch FROM e.at - v.started_at) * 1000)::bigint AS elapsed_ms, e.turn_number, e.content,
       json_strip_nulls(e.details) AS details
FROM event e
CROSS JOIN v
ORDER BY e.phase, e.place, e.part;
