-- Embeddings of models that no chunk of the tenant has. Asked by: `document reembed --discard`.
DELETE FROM v_voice_embeddings e
WHERE e.domain_uuid = :'domain_uuid'::uuid
  AND NOT EXISTS (SELECT FROM v_voice_document_chunks c
                  WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.embedding_model = e.embedding_model)
RETURNING e.embedding_model;
