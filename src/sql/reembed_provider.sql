-- The provider that a tenant changes to becomes its default. Asked by: a change of model, last.
UPDATE v_voice_ai_providers
SET is_default = true, enabled = true
WHERE domain_uuid = :'domain_uuid'::uuid AND provider_uuid = :'provider_uuid'::uuid;
