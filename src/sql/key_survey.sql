-- Data keys and configurations, of one tenant or tenant by tenant. Asked by: key status, key seal, doctor, of an operator whose role sees
-- all rows.
-- scope: none
SELECT d.domain_uuid, k.data_key_uuid, k.sealed_key ->> '$sealed' AS sealed_key, p.provider_uuid, p.config
FROM v_domains d
LEFT JOIN v_voice_data_keys k ON k.domain_uuid = d.domain_uuid
LEFT JOIN v_voice_ai_providers p ON p.domain_uuid = d.domain_uuid AND p.config <> '{}'
WHERE (:'only'::uuid IS NULL OR d.domain_uuid = :'only'::uuid)
  AND (k.domain_uuid IS NOT NULL OR p.domain_uuid IS NOT NULL)
ORDER BY d.domain_uuid, p.provider_uuid;
