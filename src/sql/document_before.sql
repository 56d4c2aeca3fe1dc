-- What is there already under a document's name, and the model of its chunks: of all of them, or there is none, as where one lacks its
-- vector. Asked by: storing a document.
SELECT d.document_uuid, encode(d.content_sha256, 'hex') AS content_sha256, d.processing_status, d.chunk_count,
       d.chunk_target_tokens, d.chunk_overlap_tokens,
       (SELECT CASE WHEN bool_and(c.embedding IS NOT NULL AND c.embedding_model IS NOT NULL)
                     AND min(c.embedding_model) = max(c.embedding_model) THEN min(c.embedding_model) END
        FROM v_voice_document_chunks c
        WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.document_uuid = d.document_uuid) AS embedding_model
FROM v_voice_documents d
WHERE d.domain_uuid = :'domain_uuid'::uuid AND d.document_name = :'document_name'
  AND d.voice_secretary_uuid IS NOT DISTINCT FROM :'voice_secretary_uuid'::uuid
ORDER BY d.created_at, d.document_uuid
LIMIT 1;
