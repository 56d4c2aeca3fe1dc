-- The nearest chunks by exact distance over all of the tenant's. Asked by: every search where no vector index is in use, and those of
-- two stages that look at the chunks' metadata.
--
-- A chunk without a vector, or with one of zeros, comes last in the first order and is not an answer.
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
    ORDER BY c.embedding <=> :'embedding'::vector, c.chunk_uuid
    LIMIT :'depth'::integer
)
SELECT chunk_uuid, document_uuid, document_name, chunk_index, content, metadata, 1 - distance AS similarity
FROM nearest
WHERE distance <> 'NaN'
ORDER BY distance, chunk_uuid;
