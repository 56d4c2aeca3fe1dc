-- References across tenants are not carried over. What was one secretary's and would now be every secretary's is switched off, and a
-- passage of another tenant's document stays in its own tenant, under a document of its own that is switched off.

DO $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT * FROM voicedb_references WHERE table_name <> 'v_voice_document_chunks' LOOP
        EXECUTE format('UPDATE %1$I t SET %2$I = NULL %5$s FROM %3$I o WHERE o.%4$I = t.%2$I AND o.domain_uuid <> t.domain_uuid',
                       r.table_name, r.column_name, r.other_table, r.other_column,
                       CASE WHEN r.table_name IN ('v_voice_documents', 'v_voice_transfer_rules', 'v_voice_transfer_destinations')
                                 AND pg_temp.has(r.table_name, 'is_enabled') THEN ', is_enabled = false' END);
    END LOOP;
    IF EXISTS (SELECT 1 FROM voicedb_references WHERE table_name = 'v_voice_document_chunks') THEN
        CREATE TEMPORARY TABLE voicedb_strays ON COMMIT DROP AS
        SELECT c.domain_uuid, c.voice_document_uuid AS old, gen_random_uuid() AS new
        FROM v_voice_document_chunks c
        JOIN v_voice_documents d ON d.voice_document_uuid = c.voice_document_uuid AND d.domain_uuid <> c.domain_uuid
        GROUP BY 1, 2;
        INSERT INTO v_voice_documents (voice_document_uuid, domain_uuid, document_name, processing_status, is_enabled)
        SELECT new, domain_uuid, 'Adopted passages of document ' || old, 'completed', false FROM voicedb_strays;
        UPDATE v_voice_document_chunks c SET voice_document_uuid = s.new
        FROM voicedb_strays s WHERE s.domain_uuid = c.domain_uuid AND s.old = c.voice_document_uuid;
    END IF;
END $$;
