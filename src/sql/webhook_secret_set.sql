-- Asked by: `webhook secret`, behind settings_begin.
UPDATE v_voice_tenant_settings
SET webhook_config = :'webhook_config'::jsonb
WHERE domain_uuid = :'domain_uuid'::uuid;
