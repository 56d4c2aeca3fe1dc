-- A message in a turn of a conversation that is going on. Nothing inserted: no such conversation, or it has ended. RETURNING would make
-- row-level security look at the row again. Asked by: every call, 10 to 40 times.
INSERT INTO v_voice_messages
    (domain_uuid, conversation_uuid, role, content, audio_duration_ms, audio_file_path,
     stt_provider, stt_latency_ms, rag_latency_ms, llm_provider, llm_latency_ms, tts_provider, tts_latency_ms, tokens_used,
     rag_chunk_uuids, rag_similarities, detected_intent, intent_confidence, turn_number)
SELECT v.domain_uuid, :'conversation_uuid'::uuid, :'role', :'content', :'audio_duration_ms'::integer, :'audio_file_path',
       :'stt_provider', :'stt_latency_ms'::integer, :'rag_latency_ms'::integer, :'llm_provider', :'llm_latency_ms'::integer,
       :'tts_provider', :'tts_latency_ms'::integer, :'tokens_used'::integer,
       :'rag_chunk_uuids'::uuid[], :'rag_similarities'::real[], :'detected_intent', :'intent_confidence'::real,
       :'turn_number'::integer
FROM v_voice_conversations v
WHERE v.domain_uuid = :'domain_uuid'::uuid AND v.conversation_uuid = :'conversation_uuid'::uuid
  AND v.ended_at IS NULL;
