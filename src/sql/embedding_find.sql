-- Embeddings that were made for these texts before, by the SHA-256 of each. Asked by: storing a document by a provider that is asked over
-- HTTP, for each batch of chunks; a change of model.
SELECT wanted.position - 1 AS position, e.embedding_dimensions, vector_send(e.embedding) AS embedding
FROM unnest(:'hashes'::bytea[]) WITH ORDINALITY AS wanted (hash, position)
JOIN v_voice_embeddings e
  ON e.domain_uuid = :'domain_uuid'::uuid AND e.embedding_model = :'embedding_model' AND e.content_sha256 = wanted.hash;
