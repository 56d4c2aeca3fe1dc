-- Asked by: `webhook secret`, of what it replaces.
SELECT webhook_config
FROM v_voice_tenant_settings
WHERE domain_uuid = :'domain_uuid'::uuid;
