-- How a document is split, kept with it, so that whoever splits it again makes the same chunks.
ALTER TABLE v_voice_documents
    ADD COLUMN IF NOT EXISTS chunk_target_tokens INTEGER NOT NULL DEFAULT 200
        CONSTRAINT v_voice_documents_chunk_target_tokens_check CHECK (chunk_target_tokens BETWEEN 32 AND 4000),
    ADD COLUMN IF NOT EXISTS chunk_overlap_tokens INTEGER NOT NULL DEFAULT 0
        CONSTRAINT v_voice_documents_chunk_overlap_tokens_check
            CHECK (chunk_overlap_tokens BETWEEN 0 AND chunk_target_tokens / 2);
