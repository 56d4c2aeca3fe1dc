-- The key that seals a tenant's secrets, itself sealed by a master key that is in no database. One for each tenant; its UUID changes
-- with it, so that whoever seals by a key that was replaced meanwhile is told by the foreign key instead of storing what nobody
-- can open. voicedb_app reads keys and adds a tenant's first one; to replace one takes the owner.
CREATE TABLE IF NOT EXISTS v_voice_data_keys (
    data_key_uuid UUID PRIMARY KEY,
    domain_uuid UUID NOT NULL REFERENCES v_domains(domain_uuid) ON DELETE CASCADE,
    sealed_key JSONB NOT NULL CHECK (jsonb_typeof(sealed_key -> '$sealed') = 'string'),
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (domain_uuid),
    UNIQUE (domain_uuid, data_key_uuid)
);

DO $$
BEGIN
    EXECUTE 'GRANT SELECT, INSERT ON v_voice_data_keys TO voicedb_app';
    IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = 'v_voice_data_keys'::regclass) THEN
        ALTER TABLE v_voice_data_keys ENABLE ROW LEVEL SECURITY;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = 'v_voice_data_keys'::regclass AND polname = 'voicedb_tenant') THEN
        CREATE POLICY voicedb_tenant ON v_voice_data_keys TO voicedb_app
            USING (domain_uuid = (SELECT voicedb_domain_uuid()))
            WITH CHECK (domain_uuid = (SELECT voicedb_domain_uuid()));
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = 'v_voice_data_keys'::regclass AND tgname = 'voicedb_touch') THEN
        CREATE TRIGGER voicedb_touch BEFORE UPDATE ON v_voice_data_keys
            FOR EACH ROW EXECUTE FUNCTION voicedb_touch();
    END IF;
END $$;

-- The key that the secrets within `config` are sealed by; NULL: there are none, or somebody else wrote them.
ALTER TABLE v_voice_ai_providers ADD COLUMN IF NOT EXISTS data_key_uuid UUID;
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint
                   WHERE conrelid = 'v_voice_ai_providers'::regclass
                     AND conname = 'v_voice_ai_providers_domain_uuid_data_key_uuid_fkey') THEN
        ALTER TABLE v_voice_ai_providers ADD CONSTRAINT v_voice_ai_providers_domain_uuid_data_key_uuid_fkey
            FOREIGN KEY (domain_uuid, data_key_uuid) REFERENCES v_voice_data_keys (domain_uuid, data_key_uuid)
            ON UPDATE CASCADE;
    END IF;
END $$;
