-- What was kept for a document that is stored now, and what a document that was never stored left behind. Asked by: storing a document by a
-- provider that is asked over HTTP, last.
DELETE FROM v_voice_embeddings e
WHERE e.domain_uuid = :'domain_uuid'::uuid AND e.embedding_model = :'embedding_model'
  AND (e.created_at < CURRENT_TIMESTAMP - interval '7 days'
       OR e.content_sha256 IN (SELECT sha256(convert_to(c.content, 'UTF8'))
                               FROM v_voice_document_chunks c
                               WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.document_uuid = :'document_uuid'::uuid));
