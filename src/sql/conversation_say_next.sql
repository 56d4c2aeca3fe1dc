-- A message without a turn number: it is in the current turn, or, when its role has spoken there, in the next. No row: no such
-- conversation, or it has ended. A query of its own, for a plan with this look-up takes longer to start even where the number is given.
-- Asked by: calls that do not count their turns.
INSERT INTO v_voice_messages
    (domain_uuid, conversation_uuid, role, content, audio_duration_ms, audio_file_path,
     stt_provider, stt_latency_ms, rag_latency_ms, llm_provider, llm_latency_ms, tts_provider, tts_latency_ms, tokens_used,
     rag_chunk_uuids, rag_similarities, detected_intent, intent_confidence, turn_number)
SELECT v.domain_uuid, :'conversation_uuid'::uuid, :'role'::text, :'content', :'audio_duration_ms'::integer, :'audio_file_path',
       :'stt_provider', :'stt_latency_ms'::integer, :'rag_latency_ms'::integer, :'llm_provider', :'llm_latency_ms'::integer,
       :'tts_provider', :'tts_latency_ms'::integer, :'tokens_used'::integer,
       :'rag_chunk_uuids'::uuid[], :'rag_similarities'::real[], :'detected_intent', :'intent_confidence'::real,
       coalesce((SELECT m.turn_number + bool_or(m.role = :'role')::integer
                 FROM v_voice_messages m
                 WHERE m.domain_uuid = :'domain_uuid'::uuid AND m.conversation_uuid = :'conversation_uuid'::uuid
                 GROUP BY m.turn_number
                 ORDER BY m.turn_number DESC
                 LIMIT 1),
                1)
FROM v_voice_conversations v
WHERE v.domain_uuid = :'domain_uuid'::uuid AND v.conversation_uuid = :'conversation_uuid'::uuid
  AND v.ended_at IS NULL
RETURNING turn_number;
