-- What a tenant's embedding services were asked for, by day. paced_until is when the next request may be sent, where the provider's config
-- limits the requests or tokens of a minute: of all processes together.
CREATE TABLE IF NOT EXISTS v_voice_embedding_usage (
    domain_uuid UUID NOT NULL REFERENCES v_domains(domain_uuid) ON DELETE CASCADE,
    usage_date DATE NOT NULL DEFAULT CURRENT_DATE,
    provider_name VARCHAR(100) NOT NULL,
    embedding_model VARCHAR(100) NOT NULL,
    requests BIGINT NOT NULL DEFAULT 0,
    texts BIGINT NOT NULL DEFAULT 0,
    tokens BIGINT NOT NULL DEFAULT 0,
    cost NUMERIC(20, 8) NOT NULL DEFAULT 0, -- in the currency of price_per_million_tokens
    paced_until TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (domain_uuid, usage_date, provider_name, embedding_model)
);

DO $$
BEGIN
    GRANT SELECT, INSERT, UPDATE, DELETE ON v_voice_embedding_usage TO voicedb_app;
    IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = 'v_voice_embedding_usage'::regclass) THEN
        ALTER TABLE v_voice_embedding_usage ENABLE ROW LEVEL SECURITY;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_policy
                   WHERE polrelid = 'v_voice_embedding_usage'::regclass AND polname = 'voicedb_tenant') THEN
        CREATE POLICY voicedb_tenant ON v_voice_embedding_usage TO voicedb_app
            USING (domain_uuid = (SELECT voicedb_domain_uuid()))
            WITH CHECK (domain_uuid = (SELECT voicedb_domain_uuid()));
    END IF;
END $$;
