-- Asked by: `index use ivfflat`.
-- scope: none
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_chunks_embedding_ivfflat ON v_voice_document_chunks
    USING ivfflat (embedding vector_cosine_ops) WITH (lists = 100);
