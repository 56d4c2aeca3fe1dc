-- The three tables that the specification defines, as it does: what voicedb's own are held against, column by column, and an example
-- of what references without the tenant let through. The tables that it only names are reduced to their keys.
CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE v_voice_ai_providers (
    provider_uuid UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    domain_uuid UUID NOT NULL REFERENCES v_domains(domain_uuid) ON DELETE CASCADE,
    provider_type VARCHAR(50) NOT NULL CHECK (provider_type IN ('stt', 'tts', 'llm', 'embeddings')),
    provider_name VARCHAR(100) NOT NULL,
    display_name VARCHAR(255),
    config JSONB NOT NULL DEFAULT '{}',  -- API keys, endpoints, etc
    is_default BOOLEAN DEFAULT false,
    enabled BOOLEAN DEFAULT true,
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    UNIQUE(domain_uuid, provider_type, provider_name)
);

CREATE TABLE v_voice_secretaries (
    voice_secretary_uuid UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    domain_uuid UUID NOT NULL REFERENCES v_domains(domain_uuid) ON DELETE CASCADE,
    name VARCHAR(255) NOT NULL,
    description TEXT,
    enabled BOOLEAN DEFAULT true,

    -- Providers (FK)
    stt_provider_uuid UUID REFERENCES v_voice_ai_providers(provider_uuid),
    tts_provider_uuid UUID REFERENCES v_voice_ai_providers(provider_uuid),
    llm_provider_uuid UUID REFERENCES v_voice_ai_providers(provider_uuid),
    embeddings_provider_uuid UUID REFERENCES v_voice_ai_providers(provider_uuid),

    -- Configurações
    system_prompt TEXT,
    greeting_message TEXT,
    goodbye_message TEXT,
    voice_name VARCHAR(100),
    language VARCHAR(10) DEFAULT 'pt-BR',
    rag_enabled BOOLEAN DEFAULT true,
    rag_similarity_threshold DECIMAL(3,2) DEFAULT 0.5,
    max_conversation_turns INTEGER DEFAULT 10,

    -- Webhook (OmniPlay)
    webhook_url VARCHAR(500),
    webhook_enabled BOOLEAN DEFAULT false,

    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE v_voice_documents (
    document_uuid UUID PRIMARY KEY
);

CREATE TABLE v_voice_document_chunks (
    chunk_uuid UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    domain_uuid UUID NOT NULL REFERENCES v_domains(domain_uuid) ON DELETE CASCADE,
    document_uuid UUID NOT NULL REFERENCES v_voice_documents(document_uuid) ON DELETE CASCADE,
    chunk_index INTEGER NOT NULL,
    content TEXT NOT NULL,
    embedding vector(1536),  -- OpenAI ada-002 dimension
    token_count INTEGER,
    metadata JSONB DEFAULT '{}',
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE v_voice_conversations (
    domain_uuid UUID NOT NULL,
    caller_id VARCHAR(50)
);

CREATE INDEX idx_voice_secretaries_domain
ON v_voice_secretaries(domain_uuid);

CREATE INDEX idx_voice_conversations_domain_caller
ON v_voice_conversations(domain_uuid, caller_id);

CREATE INDEX idx_chunks_embedding_ivfflat
ON v_voice_document_chunks
USING ivfflat (embedding vector_cosine_ops)
WITH (lists = 100);
