-- Asked by: `document index`, last for each document.
UPDATE v_voice_documents
SET terms_version = :'terms_version'::integer
WHERE domain_uuid = :'domain_uuid'::uuid AND document_uuid = :'document_uuid'::uuid;
