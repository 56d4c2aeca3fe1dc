-- Providers with this UUID or name, of one type or any. Asked by: every command that names a provider.
SELECT provider_uuid, provider_type, provider_name, display_name, config, is_default, enabled, created_at, updated_at,
       (SELECT concat_ws(' ', k.data_key_uuid, k.sealed_key ->> '$sealed')
        FROM v_voice_data_keys k
        WHERE k.domain_uuid = :'domain_uuid'::uuid) AS data_key
FROM v_voice_ai_providers
WHERE domain_uuid = :'domain_uuid'::uuid AND (:'provider_type'::text IS NULL OR provider_type = :'provider_type')
  AND (provider_uuid::text = lower(:'provider') OR provider_name = :'provider')
ORDER BY provider_type;
