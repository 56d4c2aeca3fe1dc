-- Messages of a log, many at once, in the order they were said. What is there already is left out, so that a batch can be sent again.
-- The numbers that the log has counted hold unless another process has spoken in the conversation: then they are moved up together, to
-- begin in its current turn if none of the first turn's roles has spoken there, else in the next. No conversation, one that had ended before,
-- a turn that is taken: not inserted, which log_missing tells. Asked by: the log's senders, per tenant and batch.
WITH given AS MATERIALIZED (
    SELECT n.*, v.conversation_uuid AS conversation
    FROM unnest(:'conversation_uuid'::uuid[], :'call_uuid'::uuid[], :'made_message'::uuid[], :'at'::bigint[], :'counted'::boolean[],
                :'turn'::integer[], :'role'::text[], :'content'::text[], :'audio_duration_ms'::integer[], :'audio_file_path'::text[],
                :'stt_provider'::text[], :'stt_latency_ms'::integer[], :'rag_latency_ms'::integer[], :'llm_provider'::text[],
                :'llm_latency_ms'::integer[], :'tts_provider'::text[], :'tts_latency_ms'::integer[], :'tokens_used'::integer[],
                :'rag_chunk_lists'::text[], :'rag_similarity_lists'::text[], :'detected_intent'::text[], :'intent_confidence'::real[])
         AS n (conversation_uuid, call_uuid, message_uuid, at, counted, turn, role, content, audio_duration_ms, audio_file_path,
               stt_provider, stt_latency_ms, rag_latency_ms, llm_provider, llm_latency_ms, tts_provider, tts_latency_ms, tokens_used,
               rag_chunk_uuids, rag_similarities, detected_intent, intent_confidence)
    JOIN v_voice_conversations v
      ON v.domain_uuid = :'domain_uuid'::uuid
     AND v.conversation_uuid = coalesce((SELECT c.conversation_uuid FROM v_voice_conversations c
                                         WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.call_uuid = n.call_uuid), n.conversation_uuid)
     AND (v.ended_at IS NULL OR 'epoch'::timestamptz + n.at * interval '1 microsecond' <= v.ended_at)
    WHERE NOT EXISTS (SELECT 1 FROM v_voice_messages m
                      WHERE m.domain_uuid = :'domain_uuid'::uuid AND m.message_uuid = n.message_uuid)
), moved AS MATERIALIZED (
    SELECT f.conversation,
           greatest(0, l.turn_number - f.turn + (l.roles && f.roles)::integer) AS by
    FROM (SELECT DISTINCT ON (conversation) conversation, turn, array_agg(role) AS roles
          FROM given
          WHERE counted
          GROUP BY conversation, turn
          ORDER BY conversation, turn) f
    CROSS JOIN LATERAL (SELECT m.turn_number, array_agg(m.role::text) AS roles
                        FROM v_voice_messages m
                        WHERE m.domain_uuid = :'domain_uuid'::uuid AND m.conversation_uuid = f.conversation
                        GROUP BY m.turn_number
                        ORDER BY m.turn_number DESC
                        LIMIT 1) l
)
INSERT INTO v_voice_messages
    (domain_uuid, conversation_uuid, message_uuid, turn_number, role, content, audio_duration_ms, audio_file_path,
     stt_provider, stt_latency_ms, rag_latency_ms, llm_provider, llm_latency_ms, tts_provider, tts_latency_ms, tokens_used,
     rag_chunk_uuids, rag_similarities, detected_intent, intent_confidence, created_at)
SELECT :'domain_uuid'::uuid, g.conversation, g.message_uuid,
       g.turn + CASE WHEN g.counted THEN coalesce(m.by, 0) ELSE 0 END, g.role, g.content, g.audio_duration_ms,
       g.audio_file_path, g.stt_provider, g.stt_latency_ms, g.rag_latency_ms, g.llm_provider, g.llm_latency_ms,
       g.tts_provider, g.tts_latency_ms, g.tokens_used, g.rag_chunk_uuids::uuid[], g.rag_similarities::real[], g.detected_intent, g.intent_confidence,
       least('epoch'::timestamptz + g.at * interval '1 microsecond', CURRENT_TIMESTAMP)
FROM given g
LEFT JOIN moved m ON m.conversation = g.conversation
ON CONFLICT DO NOTHING;
