-- A secretary with its four providers and their configurations. Asked by: every call, once; `secretary show`.
SELECT s.voice_secretary_uuid, s.name, s.description, s.extension, s.enabled,
       s.stt_provider_uuid, stt.provider_name AS stt_provider, stt.config AS stt_config,
       s.tts_provider_uuid, tts.provider_name AS tts_provider, tts.config AS tts_config,
       s.llm_provider_uuid, llm.provider_name AS llm_provider, llm.config AS llm_config,
       s.embeddings_provider_uuid, emb.provider_name AS embeddings_provider, emb.config AS embeddings_config,
       s.system_prompt, s.greeting_message, s.goodbye_message, s.voice_name, s.language,
       s.rag_enabled, s.rag_similarity_threshold, s.max_conversation_turns,
       s.webhook_url, s.webhook_enabled, s.created_at, s.updated_at,
       (SELECT concat_ws(' ', k.data_key_uuid, k.sealed_key ->> '$sealed')
        FROM v_voice_data_keys k
        WHERE k.domain_uuid = :'domain_uuid'::uuid) AS data_key
FROM v_voice_secretaries s
LEFT JOIN v_voice_ai_providers stt
       ON stt.domain_uuid = :'domain_uuid'::uuid AND stt.provider_uuid = s.stt_provider_uuid
LEFT JOIN v_voice_ai_providers tts
       ON tts.domain_uuid = :'domain_uuid'::uuid AND tts.provider_uuid = s.tts_provider_uuid
LEFT JOIN v_voice_ai_providers llm
       ON llm.domain_uuid = :'domain_uuid'::uuid AND llm.provider_uuid = s.llm_provider_uuid
LEFT JOIN v_voice_ai_providers emb
       ON emb.domain_uuid = :'domain_uuid'::uuid AND emb.provider_uuid = s.embeddings_provider_uuid
WHERE s.domain_uuid = :'domain_uuid'::uuid AND s.voice_secretary_uuid = :'voice_secretary_uuid'::uuid;
