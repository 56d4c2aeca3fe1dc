-- Asked by: replacing a document's chunks, and making its terms anew.
DELETE FROM v_voice_document_terms
WHERE domain_uuid = :'domain_uuid'::uuid AND document_uuid = :'document_uuid'::uuid;
