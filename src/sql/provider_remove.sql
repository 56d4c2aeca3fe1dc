-- Asked by: `provider remove`.
DELETE FROM v_voice_ai_providers
WHERE domain_uuid = :'domain_uuid'::uuid AND provider_uuid = :'provider_uuid'::uuid
RETURNING provider_uuid;
