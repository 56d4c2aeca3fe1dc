-- Asked by: `provider add`.
INSERT INTO v_voice_ai_providers
    (domain_uuid, provider_type, provider_name, display_name, config, is_default, enabled)
VALUES
    (:'domain_uuid'::uuid, :'provider_type', :'provider_name', nullif(:'display_name', ''),
     coalesce(:'config'::jsonb, '{}'), coalesce(:'is_default'::boolean, false), coalesce(:'enabled'::boolean, true))
RETURNING provider_uuid;
