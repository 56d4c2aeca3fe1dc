CREATE TABLE IF NOT EXISTS v_voice_documents (
    document_uuid UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    domain_uuid UUID NOT NULL REFERENCES v_domains(domain_uuid) ON DELETE CASCADE,
    voice_secretary_uuid UUID, -- NULL: all secretaries of the domain
    document_name VARCHAR(255) NOT NULL,
    document_type VARCHAR(50),
    file_path VARCHAR(500),
    mime_type VARCHAR(100),
    file_size BIGINT CHECK (file_size >= 0),
    content TEXT,
    content_sha256 BYTEA CHECK (octet_length(content_sha256) = 32),
    chunk_count INTEGER NOT NULL DEFAULT 0 CHECK (chunk_count >= 0),
    processing_status VARCHAR(20) NOT NULL DEFAULT 'pending'
        CHECK (processing_status IN ('pending', 'processing', 'ready', 'failed')),
    processing_error TEXT,
    processed_at TIMESTAMPTZ,
    enabled BOOLEAN NOT NULL DEFAULT true,
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (domain_uuid, document_uuid),
    -- No ON DELETE SET NULL: a document of one secretary would then answer for all of them.
    FOREIGN KEY (domain_uuid, voice_secretary_uuid) REFERENCES v_voice_secretaries (domain_uuid, voice_secretary_uuid)
);

CREATE INDEX IF NOT EXISTS idx_voice_documents_domain_name ON v_voice_documents (domain_uuid, document_name);

CREATE TABLE IF NOT EXISTS v_voice_document_chunks (
    chunk_uuid UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    domain_uuid UUID NOT NULL REFERENCES v_domains(domain_uuid) ON DELETE CASCADE,
    document_uuid UUID NOT NULL,
    chunk_index INTEGER NOT NULL,
    content TEXT NOT NULL,
    embedding vector(1536), -- shorter ones are padded with zeros
    embedding_model VARCHAR(100),
    embedding_dimensions INTEGER CHECK (embedding_dimensions BETWEEN 1 AND 1536),
    token_count INTEGER,
    metadata JSONB DEFAULT '{}',
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (domain_uuid, document_uuid, chunk_index),
    FOREIGN KEY (domain_uuid, document_uuid)
        REFERENCES v_voice_documents (domain_uuid, document_uuid) ON DELETE CASCADE
);
