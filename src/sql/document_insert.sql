-- Asked by: storing a document under a new name.
INSERT INTO v_voice_documents
    (domain_uuid, voice_secretary_uuid, document_name, document_type, file_path, mime_type, file_size, content,
     content_sha256, processing_status)
VALUES
    (:'domain_uuid'::uuid, :'voice_secretary_uuid'::uuid, :'document_name', :'document_type', :'file_path',
     :'mime_type', :'file_size'::bigint, :'content', decode(:'content_sha256', 'hex'), 'processing')
RETURNING document_uuid;
