-- The outbox of notices about calls: written in the transaction that ends a conversation, sent by `voicedb webhook run`. The text of a
-- notice is made from the conversation when it is sent, so that nothing of it is stored twice.

-- Where a tenant's notices go: one row for each address, with what is known of its health.
CREATE TABLE IF NOT EXISTS v_voice_webhook_endpoints (
    endpoint_uuid UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    domain_uuid UUID NOT NULL REFERENCES v_domains(domain_uuid) ON DELETE CASCADE,
    url VARCHAR(500) NOT NULL CHECK (url <> ''),
    failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0), -- one after the other
    paused_until TIMESTAMPTZ,
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (domain_uuid, endpoint_uuid),
    UNIQUE (domain_uuid, url)
);

CREATE TABLE IF NOT EXISTS v_voice_webhook_deliveries (
    delivery_uuid UUID PRIMARY KEY DEFAULT gen_random_uuid(), -- the receiver's idempotency key
    domain_uuid UUID NOT NULL REFERENCES v_domains(domain_uuid) ON DELETE CASCADE,
    conversation_uuid UUID NOT NULL,
    event_number INTEGER NOT NULL DEFAULT 1 CHECK (event_number >= 1), -- of the conversation; sent in this order
    endpoint_uuid UUID NOT NULL,
    event VARCHAR(50) NOT NULL DEFAULT 'voice_ai_conversation',
    state VARCHAR(20) NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'delivered', 'dead')),
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_attempt_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP, -- while sending: when whoever sends it counts as gone
    expires_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP + INTERVAL '1 day', -- of the last attempt
    last_attempt_at TIMESTAMPTZ,
    last_status INTEGER, -- of HTTP; NULL: no answer
    last_error TEXT,
    last_took_ms INTEGER CHECK (last_took_ms >= 0),
    delivered_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (domain_uuid, conversation_uuid, event_number),
    FOREIGN KEY (domain_uuid, conversation_uuid)
        REFERENCES v_voice_conversations (domain_uuid, conversation_uuid) ON DELETE CASCADE,
    FOREIGN KEY (domain_uuid, endpoint_uuid) REFERENCES v_voice_webhook_endpoints (domain_uuid, endpoint_uuid) ON DELETE CASCADE
);

-- Whoever sends walks from one address with open notices to the next and takes the due ones of each.
CREATE INDEX IF NOT EXISTS idx_voice_webhook_deliveries_open ON v_voice_webhook_deliveries (endpoint_uuid, next_attempt_at)
    WHERE state = 'pending' OR state = 'sending';
CREATE INDEX IF NOT EXISTS idx_voice_webhook_deliveries_sending ON v_voice_webhook_deliveries (domain_uuid)
    WHERE state = 'sending';
CREATE INDEX IF NOT EXISTS idx_voice_webhook_deliveries_domain_created ON v_voice_webhook_deliveries (domain_uuid, created_at);

-- How a tenant wants things; one row, or none. `webhook_config` holds the secrets that notices are signed by, sealed by the tenant's data
-- key.
CREATE TABLE IF NOT EXISTS v_voice_tenant_settings (
    domain_uuid UUID NOT NULL PRIMARY KEY REFERENCES v_domains(domain_uuid) ON DELETE CASCADE,
    webhook_config JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(webhook_config) = 'object'),
    data_key_uuid UUID,
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (domain_uuid, data_key_uuid) REFERENCES v_voice_data_keys (domain_uuid, data_key_uuid) ON UPDATE CASCADE
);

DO $$
DECLARE
    voice_table regclass;
BEGIN
    FOREACH voice_table IN ARRAY ARRAY['v_voice_webhook_endpoints', 'v_voice_webhook_deliveries',
        'v_voice_tenant_settings']::regclass[]
    LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO voicedb_app', voice_table);
        IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = voice_table) THEN
            EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', voice_table);
        END IF;
        IF NOT EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = voice_table AND polname = 'voicedb_tenant') THEN
            EXECUTE format('CREATE POLICY voicedb_tenant ON %s TO voicedb_app
                USING (domain_uuid = (SELECT voicedb_domain_uuid()))
                WITH CHECK (domain_uuid = (SELECT voicedb_domain_uuid()))', voice_table);
        END IF;
        IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = voice_table AND tgname = 'voicedb_touch') THEN
            EXECUTE format('CREATE TRIGGER voicedb_touch BEFORE UPDATE ON %s
                                FOR EACH ROW EXECUTE FUNCTION voicedb_touch()', voice_table);
        END IF;
    END LOOP;
END $$;

-- Whatever ends a conversation, it is in the same transaction. A conversation that is inserted with its end is a call that was saved at
-- hang-up, or history that a restore or an import brings: history has its notices with it, or is older than a day.
CREATE OR REPLACE FUNCTION voicedb_conversation_ended() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    target text;
BEGIN
    SELECT s.webhook_url INTO target
    FROM public.v_voice_secretaries s
    WHERE s.domain_uuid = NEW.domain_uuid AND s.voice_secretary_uuid = NEW.voice_secretary_uuid
      AND s.webhook_enabled AND s.webhook_url <> '';
    IF NOT FOUND OR TG_OP = 'INSERT' AND EXISTS (
        SELECT 1 FROM public.v_voice_webhook_deliveries d
        WHERE d.domain_uuid = NEW.domain_uuid AND d.conversation_uuid = NEW.conversation_uuid) THEN
        RETURN NULL;
    END IF;
    INSERT INTO public.v_voice_webhook_endpoints (domain_uuid, url) VALUES (NEW.domain_uuid, target)
    ON CONFLICT (domain_uuid, url) DO NOTHING;
    INSERT INTO public.v_voice_webhook_deliveries (domain_uuid, conversation_uuid, endpoint_uuid, event_number)
    SELECT NEW.domain_uuid, NEW.conversation_uuid, e.endpoint_uuid,
           1 + coalesce((SELECT max(d.event_number) FROM public.v_voice_webhook_deliveries d
                         WHERE d.domain_uuid = NEW.domain_uuid AND d.conversation_uuid = NEW.conversation_uuid), 0)
    FROM public.v_voice_webhook_endpoints e
    WHERE e.domain_uuid = NEW.domain_uuid AND e.url = target;
    PERFORM pg_catalog.pg_notify('voicedb_webhook', '');
    RETURN NULL;
END $$;

DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_trigger
                   WHERE tgrelid = 'v_voice_conversations'::regclass AND tgname = 'voicedb_conversation_ended') THEN
        CREATE TRIGGER voicedb_conversation_ended
            AFTER UPDATE OF ended_at ON v_voice_conversations
            FOR EACH ROW
            WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL AND NEW.voice_secretary_uuid IS NOT NULL)
            EXECUTE FUNCTION voicedb_conversation_ended();
    END IF;
    -- At the end of the transaction, when the rows that come with the conversation are there too.
    IF NOT EXISTS (SELECT 1 FROM pg_trigger
                   WHERE tgrelid = 'v_voice_conversations'::regclass AND tgname = 'voicedb_conversation_saved') THEN
        CREATE CONSTRAINT TRIGGER voicedb_conversation_saved
            AFTER INSERT ON v_voice_conversations
            DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW
            WHEN (NEW.ended_at > CURRENT_TIMESTAMP - INTERVAL '1 day' AND NEW.voice_secretary_uuid IS NOT NULL)
            EXECUTE FUNCTION voicedb_conversation_ended();
    END IF;
END $$;
