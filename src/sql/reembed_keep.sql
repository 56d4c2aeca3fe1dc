-- What the chunks have now is kept, so that the change can be undone. Asked by: a change of model, last.
INSERT INTO v_voice_embeddings (domain_uuid, embedding_model, content_sha256, embedding_dimensions, embedding)
SELECT :'domain_uuid'::uuid, held.embedding_model, held.hash, held.embedding_dimensions, held.embedding
FROM (SELECT DISTINCT ON (c.embedding_model, sha256(convert_to(c.content, 'UTF8')))
             c.embedding_model, sha256(convert_to(c.content, 'UTF8')) AS hash, c.embedding_dimensions, c.embedding
      FROM v_voice_document_chunks c
      WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.embedding_model <> :'embedding_model' AND c.embedding IS NOT NULL
        AND c.embedding_dimensions IS NOT NULL
      ORDER BY c.embedding_model, sha256(convert_to(c.content, 'UTF8'))) AS held
ON CONFLICT DO NOTHING;
