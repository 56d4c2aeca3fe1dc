-- Asked by: `secretary remove`.
DELETE FROM v_voice_secretaries
WHERE domain_uuid = :'domain_uuid'::uuid AND voice_secretary_uuid = :'voice_secretary_uuid'::uuid
RETURNING voice_secretary_uuid;
