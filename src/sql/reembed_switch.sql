-- Gives every chunk its embedding of the new model. Asked by: a change of model, last.
UPDATE v_voice_document_chunks c
SET embedding = e.embedding, embedding_model = e.embedding_model, embedding_dimensions = e.embedding_dimensions
FROM v_voice_embeddings e
WHERE c.domain_uuid = :'domain_uuid'::uuid
  AND e.domain_uuid = :'domain_uuid'::uuid AND e.embedding_model = :'embedding_model'
  AND e.content_sha256 = sha256(convert_to(c.content, 'UTF8'))
  AND (c.embedding_model IS DISTINCT FROM :'embedding_model' OR c.embedding IS NULL);
