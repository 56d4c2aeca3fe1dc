-- What document_before finds, for a document that is known by its UUID. Asked by: storing a document that was pending.
SELECT d.document_uuid, encode(d.content_sha256, 'hex') AS content_sha256, d.processing_status, d.chunk_count,
       d.chunk_target_tokens, d.chunk_overlap_tokens, NULL AS embedding_model
FROM v_voice_documents d
WHERE d.domain_uuid = :'domain_uuid'::uuid AND d.document_uuid = :'document_uuid'::uuid;
