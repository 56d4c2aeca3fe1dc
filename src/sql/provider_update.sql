-- What is not given stays. Asked by: `provider update`.
UPDATE v_voice_ai_providers
SET provider_name = coalesce(:'provider_name', provider_name),
    display_name = nullif(coalesce(:'display_name', display_name), ''),
    config = coalesce(:'config'::jsonb, config),
    data_key_uuid = CASE WHEN :'config'::jsonb IS NULL THEN data_key_uuid ELSE :'data_key_uuid'::uuid END,
    is_default = coalesce(:'is_default'::boolean, is_default),
    enabled = coalesce(:'enabled'::boolean, enabled)
WHERE domain_uuid = :'domain_uuid'::uuid AND provider_uuid = :'provider_uuid'::uuid
RETURNING provider_uuid;
