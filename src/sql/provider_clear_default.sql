-- Takes the default from whichever provider of the type has it. Asked by: adding or updating a provider as default. The type is given,
-- or that of the provider given.
UPDATE v_voice_ai_providers
SET is_default = false
WHERE domain_uuid = :'domain_uuid'::uuid AND is_default AND provider_uuid IS DISTINCT FROM :'provider_uuid'::uuid
  AND provider_type = coalesce(:'provider_type', (SELECT p.provider_type
                                                  FROM v_voice_ai_providers p
                                                  WHERE p.domain_uuid = :'domain_uuid'::uuid
                                                    AND p.provider_uuid = :'provider_uuid'::uuid));
