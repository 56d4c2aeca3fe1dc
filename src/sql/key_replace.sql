-- Whatever refers to it follows by the foreign key. Asked by: key rotate.
UPDATE v_voice_data_keys
SET data_key_uuid = :'data_key_uuid'::uuid, sealed_key = jsonb_build_object('$sealed', :'sealed'::text)
WHERE domain_uuid = :'domain_uuid'::uuid
RETURNING data_key_uuid;
