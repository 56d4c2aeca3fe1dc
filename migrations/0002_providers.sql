CREATE TABLE IF NOT EXISTS v_voice_ai_providers (
    provider_uuid UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    domain_uuid UUID NOT NULL REFERENCES v_domains(domain_uuid) ON DELETE CASCADE,
    provider_type VARCHAR(50) NOT NULL CHECK (provider_type IN ('stt', 'tts', 'llm', 'embeddings')),
    provider_name VARCHAR(100) NOT NULL,
    display_name VARCHAR(255),
    config JSONB NOT NULL DEFAULT '{}',
    is_default BOOLEAN DEFAULT false,
    enabled BOOLEAN DEFAULT true,
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (domain_uuid, provider_type, provider_name),
    UNIQUE (domain_uuid, provider_uuid)
);

CREATE UNIQUE INDEX IF NOT EXISTS idx_voice_ai_providers_default
    ON v_voice_ai_providers (domain_uuid, provider_type) WHERE is_default;

-- A provider keeps its type for life: what refers to it relies on that.
CREATE OR REPLACE FUNCTION voicedb_provider_type_is_fixed() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'provider "%" is of type %, which cannot change', OLD.provider_name, OLD.provider_type
        USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, COLUMN = 'provider_type',
              HINT = 'Add another provider of the type you want.';
END $$;

DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_trigger
                   WHERE tgrelid = 'v_voice_ai_providers'::regclass AND tgname = 'voicedb_provider_type_is_fixed') THEN
        CREATE TRIGGER voicedb_provider_type_is_fixed
            BEFORE UPDATE OF provider_type ON v_voice_ai_providers
            FOR EACH ROW WHEN (OLD.provider_type IS DISTINCT FROM NEW.provider_type)
            EXECUTE FUNCTION voicedb_provider_type_is_fixed();
    END IF;
END $$;
