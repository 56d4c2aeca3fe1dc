-- Asked by: `secretary add`.
INSERT INTO v_voice_secretaries
    (domain_uuid, name, description, extension, enabled,
     stt_provider_uuid, tts_provider_uuid, llm_provider_uuid, embeddings_provider_uuid,
     system_prompt, greeting_message, goodbye_message, voice_name, language,
     rag_enabled, rag_similarity_threshold, max_conversation_turns, webhook_url, webhook_enabled)
VALUES
    (:'domain_uuid'::uuid, :'name', nullif(:'description', ''), nullif(:'extension', ''),
     coalesce(:'enabled'::boolean, true),
     nullif(:'stt_provider_uuid', '')::uuid, nullif(:'tts_provider_uuid', '')::uuid,
     nullif(:'llm_provider_uuid', '')::uuid, nullif(:'embeddings_provider_uuid', '')::uuid,
     nullif(:'system_prompt', ''), nullif(:'greeting_message', ''), nullif(:'goodbye_message', ''),
     nullif(:'voice_name', ''), coalesce(:'language', 'pt-BR'),
     coalesce(:'rag_enabled'::boolean, true), coalesce(:'rag_similarity_threshold'::numeric, 0.5),
     coalesce(:'max_conversation_turns'::integer, 10), nullif(:'webhook_url', ''),
     coalesce(:'webhook_enabled'::boolean, false))
RETURNING voice_secretary_uuid;
