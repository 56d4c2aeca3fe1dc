-- Asked by: `index use two-stage`.
-- scope: none
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_chunks_embedding_bits ON v_voice_document_chunks (domain_uuid, embedding_model)
    INCLUDE (document_uuid, chunk_uuid, embedding_bits);
