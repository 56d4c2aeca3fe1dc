CREATE TABLE IF NOT EXISTS v_voice_conversations (
    conversation_uuid UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    domain_uuid UUID NOT NULL REFERENCES v_domains(domain_uuid) ON DELETE CASCADE,
    voice_secretary_uuid UUID,
    call_uuid UUID, -- FreeSWITCH channel UUID = v_xml_cdr.xml_cdr_uuid; no foreign key: CDR rows come later and are purged
    caller_id VARCHAR(50),
    caller_name VARCHAR(255),
    started_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    ended_at TIMESTAMPTZ CHECK (ended_at >= started_at),
    final_action VARCHAR(50),
    transfer_rule_uuid UUID,
    transfer_target VARCHAR(100),
    summary TEXT,
    ticket_id VARCHAR(100),
    metadata JSONB NOT NULL DEFAULT '{}',
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (domain_uuid, conversation_uuid),
    UNIQUE (domain_uuid, call_uuid),
    FOREIGN KEY (domain_uuid, voice_secretary_uuid) REFERENCES v_voice_secretaries (domain_uuid, voice_secretary_uuid),
    FOREIGN KEY (domain_uuid, transfer_rule_uuid) REFERENCES v_voice_transfer_rules (domain_uuid, transfer_rule_uuid)
);

CREATE INDEX IF NOT EXISTS idx_voice_conversations_domain_caller ON v_voice_conversations (domain_uuid, caller_id);
CREATE INDEX IF NOT EXISTS idx_voice_conversations_domain_started ON v_voice_conversations (domain_uuid, started_at);

CREATE TABLE IF NOT EXISTS v_voice_messages (
    message_uuid UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    domain_uuid UUID NOT NULL REFERENCES v_domains(domain_uuid) ON DELETE CASCADE,
    conversation_uuid UUID NOT NULL,
    turn_number INTEGER NOT NULL CHECK (turn_number >= 1),
    role VARCHAR(20) NOT NULL CHECK (role IN ('user', 'assistant', 'system', 'tool')),
    content TEXT NOT NULL,
    audio_duration_ms INTEGER CHECK (audio_duration_ms >= 0),
    audio_file_path VARCHAR(500),
    stt_provider VARCHAR(100),
    stt_latency_ms INTEGER CHECK (stt_latency_ms >= 0),
    llm_provider VARCHAR(100),
    llm_latency_ms INTEGER CHECK (llm_latency_ms >= 0),
    tts_provider VARCHAR(100),
    tts_latency_ms INTEGER CHECK (tts_latency_ms >= 0),
    tokens_used INTEGER CHECK (tokens_used >= 0),
    rag_chunk_uuids UUID[], -- what the answer used; chunks come and go, so no reference
    detected_intent VARCHAR(100),
    intent_confidence REAL CHECK (intent_confidence BETWEEN 0 AND 1),
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (domain_uuid, conversation_uuid, turn_number, role),
    FOREIGN KEY (domain_uuid, conversation_uuid)
        REFERENCES v_voice_conversations (domain_uuid, conversation_uuid) ON DELETE CASCADE
);

-- A conversation outlives its secretary and its transfer rule. ON DELETE SET NULL (column) would say it, from PostgreSQL 15 on. The
-- trigger fires after the removal, so that with a domain its conversations are gone by then, and by its name before the foreign
-- keys' own triggers (RI_ConstraintTrigger…), which would refuse the removal.
CREATE OR REPLACE FUNCTION voicedb_conversations_forget() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF TG_TABLE_NAME = 'v_voice_secretaries' THEN
        UPDATE public.v_voice_conversations SET voice_secretary_uuid = NULL
        WHERE domain_uuid = OLD.domain_uuid AND voice_secretary_uuid = OLD.voice_secretary_uuid;
    ELSE
        UPDATE public.v_voice_conversations SET transfer_rule_uuid = NULL
        WHERE domain_uuid = OLD.domain_uuid AND transfer_rule_uuid = OLD.transfer_rule_uuid;
    END IF;
    RETURN NULL;
END $$;

DO $$
DECLARE
    referenced regclass;
BEGIN
    FOREACH referenced IN ARRAY ARRAY['v_voice_secretaries', 'v_voice_transfer_rules']::regclass[] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_trigger
                       WHERE tgrelid = referenced AND tgname = 'Conversations_forget') THEN
            EXECUTE format('CREATE TRIGGER "Conversations_forget" AFTER DELETE ON %s
                                FOR EACH ROW EXECUTE FUNCTION voicedb_conversations_forget()', referenced);
        END IF;
    END LOOP;
END $$;
