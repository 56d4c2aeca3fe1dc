-- Asked by: `index use tenantvec`.
-- scope: none
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_chunks_embedding_tenantvec ON v_voice_document_chunks
    USING tenantvec (domain_uuid, embedding vector_cosine_ops);
