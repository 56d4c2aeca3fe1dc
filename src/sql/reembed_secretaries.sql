-- Secretaries with a provider of their own find by the new one. Asked by: a change of model, last.
UPDATE v_voice_secretaries
SET embeddings_provider_uuid = :'provider_uuid'::uuid
WHERE domain_uuid = :'domain_uuid'::uuid AND embeddings_provider_uuid <> :'provider_uuid'::uuid;
