-- The nearest chunks, from an index that hands rows out by their distance. Asked by: every search where tenantvec or an index of
-- pgvector's own is in use.
--
-- Before PostgreSQL 17 such an index serves an order by the distance alone: of chunks as near as the last one all are taken, and cut by
-- UUID at the end. pgvector's iterative scan of an ivfflat index gives rows out of order; with + 0 the planner does not take that order
-- for done. Documents that may not answer are a set, as in two-stage search: before 14 the rows of a join would be guessed so few that
-- the index is not used; and a filter on the metadata that may be none is a CASE, for of an OR the plan for any question expects one row in
-- two hundred, and so few that the index is not worth it. A chunk with a vector of zeros comes last, and one without a vector not at all.
WITH excluded AS MATERIALIZED (
    SELECT d.document_uuid
    FROM v_voice_documents d
    WHERE d.domain_uuid = :'domain_uuid'::uuid
      AND (NOT d.enabled OR d.processing_status <> 'ready' OR d.voice_secretary_uuid <> :'voice_secretary_uuid'::uuid
           OR (d.document_uuid::text = ANY (:'documents'::text[]) OR d.document_name = ANY (:'documents'::text[])) IS FALSE
           OR (d.document_type = ANY (:'document_types'::text[])) IS FALSE
           OR (:'document_types'::text[] IS NOT NULL AND d.document_type IS NULL))
), nearest AS MATERIALIZED (
    SELECT c.chunk_uuid, c.document_uuid, c.chunk_index, c.content, c.metadata, c.embedding <=> :'embedding'::vector AS distance
    FROM v_voice_document_chunks c
    WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.embedding_model = :'embedding_model'
      AND (c.document_uuid IN (SELECT document_uuid FROM excluded)) IS NOT TRUE
      AND CASE WHEN :'metadata'::jsonb IS NULL THEN true ELSE c.metadata @> :'metadata'::jsonb END
      AND c.embedding IS NOT NULL
    ORDER BY c.embedding <=> :'embedding'::vector
    FETCH FIRST (:'depth'::integer) ROWS WITH TIES
)
SELECT n.chunk_uuid, n.document_uuid, d.document_name, n.chunk_index, n.content, n.metadata, 1 - n.distance AS similarity
FROM nearest n
JOIN v_voice_documents d ON d.domain_uuid = :'domain_uuid'::uuid AND d.document_uuid = n.document_uuid
WHERE n.distance <> 'NaN'
ORDER BY n.distance + 0, n.chunk_uuid
LIMIT :'depth'::integer;
