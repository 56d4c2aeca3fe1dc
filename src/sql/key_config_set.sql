-- Asked by: key rotate, key seal.
UPDATE v_voice_ai_providers
SET config = :'config'::jsonb, data_key_uuid = :'data_key_uuid'::uuid
WHERE domain_uuid = :'domain_uuid'::uuid AND provider_uuid = :'provider_uuid'::uuid
RETURNING provider_uuid;
