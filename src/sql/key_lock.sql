-- A tenant's data key, so that nobody seals by it any more until the transaction ends. Asked by: key rotate, key seal.
SELECT data_key_uuid, sealed_key ->> '$sealed' AS sealed
FROM v_voice_data_keys
WHERE domain_uuid = :'domain_uuid'::uuid
FOR UPDATE;
