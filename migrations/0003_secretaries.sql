CREATE TABLE IF NOT EXISTS v_voice_secretaries (
    voice_secretary_uuid UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    domain_uuid UUID NOT NULL REFERENCES v_domains(domain_uuid) ON DELETE CASCADE,
    name VARCHAR(255) NOT NULL,
    description TEXT,
    extension VARCHAR(20),
    enabled BOOLEAN DEFAULT true,

    stt_provider_uuid UUID,
    tts_provider_uuid UUID,
    llm_provider_uuid UUID,
    embeddings_provider_uuid UUID,

    system_prompt TEXT,
    greeting_message TEXT,
    goodbye_message TEXT,
    voice_name VARCHAR(100),
    language VARCHAR(10) DEFAULT 'pt-BR',
    rag_enabled BOOLEAN DEFAULT true,
    rag_similarity_threshold DECIMAL(3,2) DEFAULT 0.5,
    max_conversation_turns INTEGER DEFAULT 10,

    webhook_url VARCHAR(500),
    webhook_enabled BOOLEAN DEFAULT false,

    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,

    UNIQUE (domain_uuid, voice_secretary_uuid),
    UNIQUE (domain_uuid, extension),
    -- With the tenant in the key, a secretary cannot point at another tenant's provider and its keys.
    FOREIGN KEY (domain_uuid, stt_provider_uuid) REFERENCES v_voice_ai_providers (domain_uuid, provider_uuid),
    FOREIGN KEY (domain_uuid, tts_provider_uuid) REFERENCES v_voice_ai_providers (domain_uuid, provider_uuid),
    FOREIGN KEY (domain_uuid, llm_provider_uuid) REFERENCES v_voice_ai_providers (domain_uuid, provider_uuid),
    FOREIGN KEY (domain_uuid, embeddings_provider_uuid) REFERENCES v_voice_ai_providers (domain_uuid, provider_uuid)
);

CREATE INDEX IF NOT EXISTS idx_voice_secretaries_domain ON v_voice_secretaries (domain_uuid);

-- A speech recognizer in the place of a language model would only be noticed during a call. A provider that does not exist in
-- the tenant is the foreign keys' business.
CREATE OR REPLACE FUNCTION voicedb_secretary_provider_types() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    wrong record;
BEGIN
    SELECT p.provider_name, p.provider_type, wanted.provider_type AS place INTO wrong
    FROM (VALUES ('stt', NEW.stt_provider_uuid), ('tts', NEW.tts_provider_uuid), ('llm', NEW.llm_provider_uuid),
                 ('embeddings', NEW.embeddings_provider_uuid)) AS wanted (provider_type, provider_uuid)
    JOIN public.v_voice_ai_providers p
      ON p.domain_uuid = NEW.domain_uuid AND p.provider_uuid = wanted.provider_uuid
    WHERE p.provider_type <> wanted.provider_type
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'provider "%" is of type %, not %', wrong.provider_name, wrong.provider_type, wrong.place
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, COLUMN = wrong.place || '_provider_uuid',
                  HINT = format('Choose a provider of type %s.', wrong.place);
    END IF;
    RETURN NEW;
END $$;

DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_trigger
                   WHERE tgrelid = 'v_voice_secretaries'::regclass AND tgname = 'voicedb_secretary_provider_types') THEN
        CREATE TRIGGER voicedb_secretary_provider_types
            BEFORE INSERT OR UPDATE OF stt_provider_uuid, tts_provider_uuid, llm_provider_uuid, embeddings_provider_uuid
            ON v_voice_secretaries
            FOR EACH ROW EXECUTE FUNCTION voicedb_secretary_provider_types();
    END IF;
END $$;
