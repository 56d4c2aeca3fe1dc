-- No row: somebody else added the tenant's key at the same moment. Asked by: sealing a tenant's first secret.
INSERT INTO v_voice_data_keys (data_key_uuid, domain_uuid, sealed_key)
VALUES (:'made_uuid'::uuid, :'domain_uuid'::uuid, jsonb_build_object('$sealed', :'sealed'::text))
ON CONFLICT (domain_uuid) DO NOTHING
RETURNING data_key_uuid, sealed_key ->> '$sealed' AS sealed;
