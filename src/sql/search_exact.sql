-- The nearest chunks by exact distance over all of the tenant's. Also the query for pgvector's own indexes.
-- Asked by: every search where two-stage search is not in use.
SELECT c.chunk_uuid, c.document_uuid, d.document_name, c.chunk_index, c.content,
       1 - (c.embedding <=> :'embedding'::vector) AS similarity
FROM v_voice_document_chunks c
JOIN v_voice_documents d
  ON d.domain_uuid = :'domain_uuid'::uuid AND d.document_uuid = c.document_uuid
WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.embedding_model = :'embedding_model'
  AND d.enabled AND d.processing_status = 'ready'
  AND (:'voice_secretary_uuid'::uuid IS NULL OR d.voice_secretary_uuid IS NULL
       OR d.voice_secretary_uuid = :'voice_secretary_uuid'::uuid)
ORDER BY c.embedding <=> :'embedding'::vector, c.chunk_uuid
LIMIT :'top'::integer;
