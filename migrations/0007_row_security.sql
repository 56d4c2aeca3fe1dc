-- voicedb_app sees and writes one tenant's rows: those of the transaction's tenant. The owner and superusers, FusionPBX's role
-- among them, pass by. In a query that names the tenant itself, the planner derives a one-time filter from the two
-- (setting = $1): a wrong or missing setting stops it before any row is looked at.
DO $$
DECLARE
    voice_table regclass;
BEGIN
    FOREACH voice_table IN ARRAY ARRAY['v_voice_ai_providers', 'v_voice_secretaries', 'v_voice_documents',
        'v_voice_document_chunks', 'v_voice_transfer_rules', 'v_voice_conversations', 'v_voice_messages']::regclass[]
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
        IF EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = voice_table AND attname = 'updated_at')
           AND NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = voice_table AND tgname = 'voicedb_touch') THEN
            EXECUTE format('CREATE TRIGGER voicedb_touch BEFORE UPDATE ON %s
                                FOR EACH ROW EXECUTE FUNCTION voicedb_touch()', voice_table);
        END IF;
    END LOOP;
END $$;
