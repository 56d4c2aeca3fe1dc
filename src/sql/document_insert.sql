-- Asked by: storing a document under a new name.
INSERT INTO v_voice_documents
    (domain_uuid, voice_secretary_uuid, document_name, document_type, file_path, mime_type, file_size, content,
     content_sha256, chunk_target_tokens, chunk_overlap_tokens, processing_status)
VALUES
    (:'domain_uuid'::uuid, :'voice_secretary_uuid'::uuid, :'document_name', :'document_type', :'file_path',
     :'mime_type', :'file_size'::bigint, :'content', decode(:'content_sha256', 'hex'),
     coalesce(:'chunk_target_tokens'::integer, 200), coalesce(:'chunk_overlap_tokens'::integer, 0), 'processing')
RETURNING document_uuid;
