-- Its chunks go with it. Asked by: `document remove`.
DELETE FROM v_voice_documents
WHERE domain_uuid = :'domain_uuid'::uuid AND document_uuid = :'document_uuid'::uuid
RETURNING document_uuid;
