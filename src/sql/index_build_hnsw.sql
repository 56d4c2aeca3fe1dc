-- Asked by: `index use hnsw`.
-- scope: none
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_chunks_embedding_hnsw ON v_voice_document_chunks
    USING hnsw (embedding vector_cosine_ops);
