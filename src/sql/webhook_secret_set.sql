-- Asked by: `webhook secret`, behind settings_begin.
UPDATE v_voice_tenant_settings
SET webhook_config = :'webhook_config'::jsonb, data_key_uuid = :'data_key_uuid'::uuid
WHERE domain_uuid = :'domain_uuid'::uuid;
