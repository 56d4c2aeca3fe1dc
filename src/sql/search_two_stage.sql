-- The nearest chunks, in two stages: the nearest by Hamming distance of one-bit codes, from an index that holds the tenant's codes
-- side by side, then ordered by exact distance. Asked by: every search, 5 to 20 times a call.
--
-- The question is quantized once: with a generic plan binary_quantize($2) would run for every row. Documents that may not answer are
-- a hashed set, which costs nothing while it is empty, as it mostly is; a set of those that may answer costs a fifth of the search.
-- OFFSET 0 keeps the second stage a look-up of each candidate, whatever the planner thinks of a tenant it does not know. A chunk without
-- a vector, or with one of zeros, is not an answer.
WITH question AS MATERIALIZED (
    SELECT :'embedding'::vector AS embedding, binary_quantize(:'embedding'::vector)::bit(1536) AS bits
), excluded AS MATERIALIZED (
    SELECT d.document_uuid
    FROM v_voice_documents d
    WHERE d.domain_uuid = :'domain_uuid'::uuid
      AND (NOT d.enabled OR d.processing_status <> 'ready' OR d.voice_secretary_uuid <> :'voice_secretary_uuid'::uuid
           OR (d.document_uuid::text = ANY (:'documents'::text[]) OR d.document_name = ANY (:'documents'::text[])) IS FALSE
           OR (d.document_type = ANY (:'document_types'::text[])) IS FALSE
           OR (:'document_types'::text[] IS NOT NULL AND d.document_type IS NULL))
), candidates AS MATERIALIZED (
    SELECT c.chunk_uuid
    FROM v_voice_document_chunks c
    WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.embedding_model = :'embedding_model'
      AND (c.document_uuid IN (SELECT document_uuid FROM excluded)) IS NOT TRUE
    ORDER BY c.embedding_bits <~> (SELECT bits FROM question), c.chunk_uuid
    LIMIT :'candidates'::integer
), nearest AS (
    SELECT c.chunk_uuid, c.document_uuid, c.chunk_index, c.content, c.metadata,
           c.embedding <=> (SELECT embedding FROM question) AS distance
    FROM candidates
    CROSS JOIN LATERAL (SELECT k.chunk_uuid, k.document_uuid, k.chunk_index, k.content, k.metadata, k.embedding
                        FROM v_voice_document_chunks k
                        WHERE k.domain_uuid = :'domain_uuid'::uuid AND k.chunk_uuid = candidates.chunk_uuid
                        OFFSET 0) c
    ORDER BY distance, c.chunk_uuid
    LIMIT :'depth'::integer
)
SELECT n.chunk_uuid, n.document_uuid, d.document_name, n.chunk_index, n.content, n.metadata, 1 - n.distance AS similarity
FROM nearest n
JOIN v_voice_documents d ON d.domain_uuid = :'domain_uuid'::uuid AND d.document_uuid = n.document_uuid
WHERE n.distance <> 'NaN'
ORDER BY n.distance, n.chunk_uuid;
