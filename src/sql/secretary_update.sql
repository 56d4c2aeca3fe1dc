-- What is not given stays; an empty text becomes NULL. Asked by: `secretary update`.
UPDATE v_voice_secretaries
SET name = coalesce(:'name', name),
    description = nullif(coalesce(:'description', description), ''),
    extension = nullif(coalesce(:'extension', extension), ''),
    enabled = coalesce(:'enabled'::boolean, enabled),
    stt_provider_uuid = nullif(coalesce(:'stt_provider_uuid', stt_provider_uuid::text), '')::uuid,
    tts_provider_uuid = nullif(coalesce(:'tts_provider_uuid', tts_provider_uuid::text), '')::uuid,
    llm_provider_uuid = nullif(coalesce(:'llm_provider_uuid', llm_provider_uuid::text), '')::uuid,
    embeddings_provider_uuid = nullif(coalesce(:'embeddings_provider_uuid', embeddings_provider_uuid::text), '')::uuid,
    system_prompt = nullif(coalesce(:'system_prompt', system_prompt), ''),
    greeting_message = nullif(coalesce(:'greeting_message', greeting_message), ''),
    goodbye_message = nullif(coalesce(:'goodbye_message', goodbye_message), ''),
    voice_name = nullif(coalesce(:'voice_name', voice_name), ''),
    language = coalesce(:'language', language),
    rag_enabled = coalesce(:'rag_enabled'::boolean, rag_enabled),
    rag_similarity_threshold = coalesce(:'rag_similarity_threshold'::numeric, rag_similarity_threshold),
    max_conversation_turns = coalesce(:'max_conversation_turns'::integer, max_conversation_turns),
    webhook_url = nullif(coalesce(:'webhook_url', webhook_url), ''),
    webhook_enabled = coalesce(:'webhook_enabled'::boolean, webhook_enabled)
WHERE domain_uuid = :'domain_uuid'::uuid AND voice_secretary_uuid = :'voice_secretary_uuid'::uuid
RETURNING voice_secretary_uuid;
