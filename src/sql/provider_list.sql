-- Asked by: `provider list`.
SELECT provider_uuid, provider_type, provider_name, display_name, config, is_default, enabled, created_at, updated_at
FROM v_voice_ai_providers
WHERE domain_uuid = :'domain_uuid'::uuid AND (:'provider_type'::text IS NULL OR provider_type = :'provider_type')
ORDER BY provider_type, provider_name;
