-- Asked by: `document enable` and `document disable`.
UPDATE v_voice_documents
SET enabled = :'enabled'::boolean
WHERE domain_uuid = :'domain_uuid'::uuid AND document_uuid = :'document_uuid'::uuid
RETURNING document_uuid;
