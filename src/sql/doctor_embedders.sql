-- What embeds questions: every embeddings provider, to be asked for its model. Asked by: doctor.
-- scope: none
SELECT provider_uuid, provider_name, config, enabled
FROM v_voice_ai_providers
WHERE provider_type = 'embeddings' AND (:'only'::uuid IS NULL OR domain_uuid = :'only'::uuid);
