-- Asked by: `webhook secret`, of what it replaces.
SELECT webhook_config,
       (SELECT concat_ws(' ', k.data_key_uuid, k.sealed_key ->> '$sealed')
        FROM v_voice_data_keys k
        WHERE k.domain_uuid = :'domain_uuid'::uuid) AS data_key
FROM v_voice_tenant_settings
WHERE domain_uuid = :'domain_uuid'::uuid;
