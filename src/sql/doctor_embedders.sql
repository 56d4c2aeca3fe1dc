-- What embeds questions: every embeddings provider, to be asked for its model. Asked by: doctor.
-- scope: none
SELECT p.provider_uuid, p.provider_name, p.config, p.enabled
FROM v_voice_ai_providers p
JOIN v_domains d ON d.domain_uuid = p.domain_uuid
WHERE p.provider_type = 'embeddings' AND (:'only'::uuid IS NULL OR p.domain_uuid = :'only'::uuid);
