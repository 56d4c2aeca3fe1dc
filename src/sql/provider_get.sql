-- Providers with this UUID or name, of one type or any. Asked by: every command that names a provider.
SELECT provider_uuid, provider_type, provider_name, display_name, config, is_default, enabled, created_at, updated_at
FROM v_voice_ai_providers
WHERE domain_uuid = :'domain_uuid'::uuid AND (:'provider_type'::text IS NULL OR provider_type = :'provider_type')
  AND (provider_uuid::text = lower(:'provider') OR provider_name = :'provider')
ORDER BY provider_type;
