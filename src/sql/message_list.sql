-- In the order they were said. Asked by: `conversation show`.
SELECT message_uuid, turn_number, role, content, audio_duration_ms, audio_file_path, stt_provider, stt_latency_ms,
       rag_latency_ms, llm_provider, llm_latency_ms, tts_provider, tts_latency_ms, tokens_used,
       to_jsonb(array_remove(rag_chunk_uuids, NULL)) AS rag_chunk_uuids, detected_intent, intent_confidence, created_at
FROM v_voice_messages
WHERE domain_uuid = :'domain_uuid'::uuid AND conversation_uuid = :'conversation_uuid'::uuid
ORDER BY turn_number, created_at, message_uuid;
