-- Embeddings beside those of the chunks, by the text they were made for: of documents that are being stored, so that what was paid for is
-- not lost when that is interrupted, and of a model that a tenant changes to or has changed from.
CREATE TABLE IF NOT EXISTS v_voice_embeddings (
    domain_uuid UUID NOT NULL REFERENCES v_domains(domain_uuid) ON DELETE CASCADE,
    embedding_model VARCHAR(100) NOT NULL,
    content_sha256 BYTEA NOT NULL CHECK (octet_length(content_sha256) = 32),
    embedding_dimensions INTEGER NOT NULL CHECK (embedding_dimensions BETWEEN 1 AND 1536),
    embedding vector(1536) NOT NULL, -- shorter ones are padded with zeros
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (domain_uuid, embedding_model, content_sha256)
);
ALTER TABLE v_voice_embeddings ALTER COLUMN embedding SET STORAGE PLAIN;

-- What a worker that processes a document has it by, and until when; another one takes the document after that. Of a document that is
-- pending, processing_until is when it is tried again.
ALTER TABLE v_voice_documents
    ADD COLUMN IF NOT EXISTS processing_lease UUID,
    ADD COLUMN IF NOT EXISTS processing_until TIMESTAMPTZ,
    ADD COLUMN IF NOT EXISTS processing_attempts INTEGER NOT NULL DEFAULT 0;
-- The cast is what the server would add: an index made from its printed definition prints the same.
CREATE INDEX IF NOT EXISTS idx_voice_documents_waiting ON v_voice_documents (domain_uuid, created_at)
    WHERE processing_status::text IN ('pending', 'processing');

DO $$
BEGIN
    GRANT SELECT, INSERT, UPDATE, DELETE ON v_voice_embeddings TO voicedb_app;
    IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = 'v_voice_embeddings'::regclass) THEN
        ALTER TABLE v_voice_embeddings ENABLE ROW LEVEL SECURITY;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = 'v_voice_embeddings'::regclass AND polname = 'voicedb_tenant') THEN
        CREATE POLICY voicedb_tenant ON v_voice_embeddings TO voicedb_app
            USING (domain_uuid = (SELECT voicedb_domain_uuid()))
            WITH CHECK (domain_uuid = (SELECT voicedb_domain_uuid()));
    END IF;
END $$;
