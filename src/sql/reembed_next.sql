-- The next chunks that a change to this model still has to embed, behind a place. Asked by: `document reembed`, for every few hundred chunks.
SELECT c.document_uuid, c.chunk_index, c.content
FROM v_voice_document_chunks c
WHERE c.domain_uuid = :'domain_uuid'::uuid
  AND (c.document_uuid, c.chunk_index) > (:'after_document_uuid'::uuid, :'chunk_index'::integer)
  AND (c.embedding_model IS DISTINCT FROM :'embedding_model' OR c.embedding IS NULL)
  AND NOT EXISTS (SELECT FROM v_voice_embeddings e
                  WHERE e.domain_uuid = :'domain_uuid'::uuid AND e.embedding_model = :'embedding_model'
                    AND e.content_sha256 = sha256(convert_to(c.content, 'UTF8')))
ORDER BY c.document_uuid, c.chunk_index
LIMIT :'count'::integer;
