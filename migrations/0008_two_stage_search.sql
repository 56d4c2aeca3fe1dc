-- The default vector search: one bit per dimension of every embedding in an index that holds a tenant's codes side by side. The
-- nearest by Hamming distance are found there, then ranked by their exact distance. Needs binary_quantize(), pgvector 0.7; on an older
-- one search stays exact, and `voicedb index use two-stage` does this after an upgrade of pgvector.
DO $$
BEGIN
    IF to_regprocedure('binary_quantize(vector)') IS NOT NULL THEN
        ALTER TABLE v_voice_document_chunks ADD COLUMN IF NOT EXISTS
            embedding_bits bit(1536) GENERATED ALWAYS AS (binary_quantize(embedding)::bit(1536)) STORED;
        CREATE INDEX IF NOT EXISTS idx_chunks_embedding_bits ON v_voice_document_chunks (domain_uuid, embedding_model)
            INCLUDE (document_uuid, chunk_uuid, embedding_bits);
    END IF;
END $$;

-- Vectors stay in the row, about one to a page, where PostgreSQL would move them out into pieces of 2 kB: a row is then read in one
-- page instead of five, every exact distance takes a third of the time, and the table is no larger. Text moves out when it is long.
ALTER TABLE v_voice_document_chunks ALTER COLUMN embedding SET STORAGE PLAIN;
ALTER TABLE v_voice_document_chunks SET (toast_tuple_target = 8160);

-- The index answers alone only for pages that a vacuum has seen since they were written; until then every code costs a look at its
-- row. So vacuum comes after some documents, not after a fifth of the table.
ALTER TABLE v_voice_document_chunks SET (autovacuum_vacuum_insert_threshold = 1000, autovacuum_vacuum_insert_scale_factor = 0);
