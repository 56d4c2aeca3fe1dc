-- Data keys and configurations, of one tenant or tenant by tenant. Asked by: key status, key seal, doctor, of an operator whose role sees
-- all rows.
-- scope: none
SELECT d.domain_uuid, k.data_key_uuid, k.sealed_key ->> '$sealed' AS sealed_key, c.table_name, c.row_uuid, c.config
FROM v_domains d
LEFT JOIN v_voice_data_keys k ON k.domain_uuid = d.domain_uuid
LEFT JOIN (SELECT p.domain_uuid, 'v_voice_ai_providers' AS table_name, p.provider_uuid AS row_uuid, p.config
           FROM v_voice_ai_providers p
           WHERE p.config <> '{}'
           UNION ALL
           SELECT s.domain_uuid, 'v_voice_tenant_settings', s.domain_uuid, s.webhook_config
           FROM v_voice_tenant_settings s
           WHERE s.webhook_config <> '{}') c ON c.domain_uuid = d.domain_uuid
WHERE (:'only'::uuid IS NULL OR d.domain_uuid = :'only'::uuid)
  AND (k.domain_uuid IS NOT NULL OR c.domain_uuid IS NOT NULL)
ORDER BY d.domain_uuid, c.table_name, c.row_uuid;
