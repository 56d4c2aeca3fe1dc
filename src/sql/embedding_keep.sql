-- Embeddings that were paid for are kept until the document they are for is stored. Another process may keep the same ones:
-- in order, lest the two wait for each other.
-- Asked by: storing a document of several batches, for each; a change of model.
INSERT INTO v_voice_embeddings (domain_uuid, embedding_model, content_sha256, embedding_dimensions, embedding)
SELECT :'domain_uuid'::uuid, :'embedding_model', new.hash, :'embedding_dimensions'::integer, new.embedding
FROM (SELECT given.hash, given.embedding
      FROM unnest(:'hashes'::bytea[], :'embeddings'::vector[]) AS given (hash, embedding)
      ORDER BY given.hash) AS new
ON CONFLICT DO NOTHING;
