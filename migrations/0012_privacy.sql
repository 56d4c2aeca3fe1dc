-- What a tenant keeps for how long, and whom it has forgotten.

-- Days from the start of a call; NULL: for ever. `maintain` removes what is older.
ALTER TABLE v_voice_tenant_settings ADD COLUMN IF NOT EXISTS keep_messages_days INTEGER CHECK (keep_messages_days >= 1);
ALTER TABLE v_voice_tenant_settings ADD COLUMN IF NOT EXISTS keep_recordings_days INTEGER CHECK (keep_recordings_days >= 1);
ALTER TABLE v_voice_tenant_settings ADD COLUMN IF NOT EXISTS keep_traces_days INTEGER CHECK (keep_traces_days >= 1);
ALTER TABLE v_voice_tenant_settings ADD COLUMN IF NOT EXISTS keep_conversations_days INTEGER CHECK (keep_conversations_days >= 1);

-- The ledger of callers who were erased, so that no backup and no copy brings them back. It holds hashes whose key is in no database: phone
-- numbers are few enough to try them all. It is part of no backup and stays when a restore replaces all rows: what was erased before a
-- backup was made is not in it, what matters is what was erased since. It outlives its domain, which may be restored too: no reference.
CREATE TABLE IF NOT EXISTS voicedb_erasures (
    erasure_uuid UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    domain_uuid UUID NOT NULL,
    key_id VARCHAR(16) NOT NULL,
    caller_hashes BYTEA NOT NULL -- 16 bytes each: of the whole number, then of its ends
        CHECK (octet_length(caller_hashes) >= 16 AND octet_length(caller_hashes) % 16 = 0),
    erased_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX IF NOT EXISTS idx_voicedb_erasures_domain ON voicedb_erasures (domain_uuid);

DO $$
BEGIN
    GRANT SELECT, INSERT ON voicedb_erasures TO voicedb_app;
    IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = 'voicedb_erasures'::regclass) THEN
        ALTER TABLE voicedb_erasures ENABLE ROW LEVEL SECURITY;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = 'voicedb_erasures'::regclass AND polname = 'voicedb_tenant') THEN
        CREATE POLICY voicedb_tenant ON voicedb_erasures TO voicedb_app
            USING (domain_uuid = (SELECT voicedb_domain_uuid()))
            WITH CHECK (domain_uuid = (SELECT voicedb_domain_uuid()));
    END IF;
END $$;
