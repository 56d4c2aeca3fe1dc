-- A message of a conversation that is going on. Without a turn number it is in the current turn, or, when its role has spoken
-- there, in the next. No row: no such conversation, or it has ended. Asked by: every call, 10 to 40 times.
INSERT INTO v_voice_messages
    (domain_uuid, conversation_uuid, turn_number, role, content, audio_duration_ms, audio_file_path,
     stt_provider, stt_latency_ms, llm_provider, llm_latency_ms, tts_provider, tts_latency_ms, tokens_used,
     rag_chunk_uuids, detected_intent, intent_confidence)
SELECT v.domain_uuid, v.conversation_uuid,
       coalesce(:'turn_number'::integer,
                (SELECT m.turn_number + bool_or(m.role = :'role')::integer
                 FROM v_voice_messages m
                 WHERE m.domain_uuid = :'domain_uuid'::uuid AND m.conversation_uuid = :'conversation_uuid'::uuid
                 GROUP BY m.turn_number
                 ORDER BY m.turn_number DESC
                 LIMIT 1),
                1),
       :'role', :'content', :'audio_duration_ms'::integer, :'audio_file_path',
       :'stt_provider', :'stt_latency_ms'::integer, :'llm_provider', :'llm_latency_ms'::integer,
       :'tts_provider', :'tts_latency_ms'::integer, :'tokens_used'::integer,
       :'rag_chunk_uuids'::uuid[],
       :'detected_intent', :'intent_confidence'::real
FROM v_voice_conversations v
WHERE v.domain_uuid = :'domain_uuid'::uuid AND v.conversation_uuid = :'conversation_uuid'::uuid
  AND v.ended_at IS NULL
RETURNING turn_number;
