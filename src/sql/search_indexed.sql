-- The nearest chunks, from an index that hands rows out by their distance. Asked by: every search where tenantvec or an index of
-- pgvector's own is in use.
--
-- Before PostgreSQL 17 such an index serves an order by the distance alone: of chunks as near as the last one all are taken, and cut by
-- UUID at the end. pgvector's iterative scan of an ivfflat index gives rows out of order; with + 0 the planner does not take that order
-- for done. A chunk with a vector of zeros comes last, and without one not at all.
WITH nearest AS MATERIALIZED (
    SELECT c.chunk_uuid, c.document_uuid, d.document_name, c.chunk_index, c.content, c.metadata,
           c.embedding <=> :'embedding'::vector AS distance
    FROM v_voice_document_chunks c
    JOIN v_voice_documents d
      ON d.domain_uuid = :'domain_uuid'::uuid AND d.document_uuid = c.document_uuid
    WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.embedding_model = :'embedding_model'
      AND d.enabled AND d.processing_status = 'ready'
      AND (:'voice_secretary_uuid'::uuid IS NULL OR d.voice_secretary_uuid IS NULL
           OR d.voice_secretary_uuid = :'voice_secretary_uuid'::uuid)
      AND (:'documents'::text[] IS NULL OR d.document_uuid::text = ANY (:'documents'::text[])
           OR d.document_name = ANY (:'documents'::text[]))
      AND (:'document_types'::text[] IS NULL OR d.document_type = ANY (:'document_types'::text[]))
      AND (:'metadata'::jsonb IS NULL OR c.metadata @> :'metadata'::jsonb)
      AND c.embedding IS NOT NULL
    ORDER BY c.embedding <=> :'embedding'::vector
    FETCH FIRST (:'depth'::integer) ROWS WITH TIES
)
SELECT chunk_uuid, document_uuid, document_name, chunk_index, content, metadata, 1 - distance AS similarity
FROM nearest
WHERE distance <> 'NaN'
ORDER BY distance + 0, chunk_uuid
LIMIT :'depth'::integer;
