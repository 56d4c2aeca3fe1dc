-- The row of today, and no wait for the disk: what a crash loses of it is a moment. Asked by: every request to an embedding service.
INSERT INTO v_voice_embedding_usage (domain_uuid, provider_name, embedding_model)
SELECT :'domain_uuid'::uuid, :'provider_name', :'embedding_model'
WHERE set_config('synchronous_commit', 'off', true) IS NOT NULL
ON CONFLICT DO NOTHING;
