-- Its UUID is known before it is there: the secrets in its configuration are bound to it. Asked by: `provider add`.
INSERT INTO v_voice_ai_providers
    (provider_uuid, domain_uuid, provider_type, provider_name, display_name, config, is_default, enabled, data_key_uuid)
VALUES
    (:'made_uuid'::uuid, :'domain_uuid'::uuid, :'provider_type', :'provider_name', nullif(:'display_name', ''),
     coalesce(:'config'::jsonb, '{}'), coalesce(:'is_default'::boolean, false), coalesce(:'enabled'::boolean, true),
     :'data_key_uuid'::uuid)
RETURNING provider_uuid;
