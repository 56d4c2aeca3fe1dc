-- The document keeps its UUID and whether it is enabled. Asked by: storing a document whose name is there.
UPDATE v_voice_documents
SET document_type = :'document_type',
    file_path = :'file_path',
    mime_type = :'mime_type',
    file_size = :'file_size'::bigint,
    content = :'content',
    content_sha256 = decode(:'content_sha256', 'hex'),
    chunk_target_tokens = coalesce(:'chunk_target_tokens'::integer, 200),
    chunk_overlap_tokens = coalesce(:'chunk_overlap_tokens'::integer, 0),
    processing_status = 'processing',
    processing_error = NULL,
    terms_version = NULL
WHERE domain_uuid = :'domain_uuid'::uuid AND document_uuid = :'document_uuid'::uuid
RETURNING document_uuid;
