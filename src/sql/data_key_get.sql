-- Asked by: sealing a secret.
SELECT data_key_uuid, sealed_key ->> '$sealed' AS sealed
FROM v_voice_data_keys
WHERE domain_uuid = :'domain_uuid'::uuid;
