-- Asked by: `document list`.
SELECT d.document_uuid, d.voice_secretary_uuid, d.document_name, d.document_type, d.file_path, d.mime_type, d.file_size,
       encode(d.content_sha256, 'hex') AS content_sha256, d.chunk_target_tokens,
       d.chunk_overlap_tokens, d.chunk_count,
       (SELECT c.embedding_model
        FROM v_voice_document_chunks c
        WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.document_uuid = d.document_uuid
        ORDER BY c.chunk_index
        LIMIT 1) AS embedding_model,
       d.processing_status, d.processing_error, d.processed_at, d.enabled, d.created_at, d.updated_at
FROM v_voice_documents d
WHERE d.domain_uuid = :'domain_uuid'::uuid
ORDER BY d.document_name, d.document_uuid;
