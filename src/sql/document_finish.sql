-- Asked by: storing a document, last.
UPDATE v_voice_documents
SET chunk_count = :'chunk_count'::integer,
    processing_status = 'ready',
    processing_lease = NULL,
    processing_until = NULL,
    processing_attempts = 0,
    processed_at = CURRENT_TIMESTAMP,
    terms_version = :'terms_version'::integer
WHERE domain_uuid = :'domain_uuid'::uuid AND document_uuid = :'document_uuid'::uuid;
