-- A tenant's configurations, none of which changes until the transaction ends. Asked by: key rotate, key seal.
SELECT provider_uuid, config
FROM v_voice_ai_providers
WHERE domain_uuid = :'domain_uuid'::uuid
ORDER BY provider_uuid
FOR UPDATE;
