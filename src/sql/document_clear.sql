-- Asked by: replacing a document's chunks.
DELETE FROM v_voice_document_chunks
WHERE domain_uuid = :'domain_uuid'::uuid AND document_uuid = :'document_uuid'::uuid;
