-- Asked by: `index use two-stage`, where the migrations met a pgvector that could not do it.
-- scope: none
ALTER TABLE v_voice_document_chunks ADD COLUMN IF NOT EXISTS
    embedding_bits bit(1536) GENERATED ALWAYS AS (binary_quantize(embedding)::bit(1536)) STORED;
