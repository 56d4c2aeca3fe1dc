-- What a call begins with, and the rules that it is transferred by, are kept by whoever answers calls. A version tells them whether what they
-- keep is still what is stored: a random UUID, another one with every change that is committed.

-- Normally one row for a tenant and topic. Nobody waits for anybody: a transaction adds its own version and takes away those that it can see
-- and lock, so that two at once leave both. The set of a tenant's rows is never the same again after a change. It means nothing
-- outside the database and is part of no backup.
CREATE TABLE IF NOT EXISTS voicedb_call_versions (
    domain_uuid UUID NOT NULL REFERENCES v_domains(domain_uuid) ON DELETE CASCADE,
    topic VARCHAR(20) NOT NULL CHECK (topic IN ('secretaries', 'rules')), -- secretaries: with their providers, keys and documents
    version_uuid UUID NOT NULL DEFAULT gen_random_uuid(),
    PRIMARY KEY (domain_uuid, topic, version_uuid)
);

DO $$
BEGIN
    GRANT SELECT ON voicedb_call_versions TO voicedb_app;
    IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = 'voicedb_call_versions'::regclass) THEN
        ALTER TABLE voicedb_call_versions ENABLE ROW LEVEL SECURITY;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = 'voicedb_call_versions'::regclass AND polname = 'voicedb_tenant') THEN
        CREATE POLICY voicedb_tenant ON voicedb_call_versions TO voicedb_app
            USING (domain_uuid = voicedb_domain_uuid())
            WITH CHECK (domain_uuid = voicedb_domain_uuid());
    END IF;
END $$;

-- One new version for each transaction: who changes more rows finds the first one's. A transaction that sees one snapshot takes none away,
-- for it would fail on what another one took meanwhile. A domain that is being deleted needs none.
CREATE OR REPLACE FUNCTION voicedb_call_data_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    tenants uuid[] := CASE TG_OP
                          WHEN 'INSERT' THEN ARRAY[NEW.domain_uuid]
                          WHEN 'UPDATE' THEN ARRAY[OLD.domain_uuid, NEW.domain_uuid]
                          WHEN 'DELETE' THEN ARRAY[OLD.domain_uuid]
                          ELSE ARRAY(SELECT DISTINCT v.domain_uuid FROM public.voicedb_call_versions v WHERE v.topic = TG_ARGV[0])
                      END;
    tenant uuid;
BEGIN
    FOREACH tenant IN ARRAY tenants LOOP
        CONTINUE WHEN EXISTS (SELECT FROM public.voicedb_call_versions v
                              WHERE v.domain_uuid = tenant AND v.topic = TG_ARGV[0] AND v.xmin = pg_current_xact_id()::xid);
        IF current_setting('transaction_isolation') = 'read committed' THEN
            DELETE FROM public.voicedb_call_versions v
            USING (SELECT o.version_uuid
                   FROM public.voicedb_call_versions o
                   WHERE o.domain_uuid = tenant AND o.topic = TG_ARGV[0]
                   FOR UPDATE SKIP LOCKED) free
            WHERE v.domain_uuid = tenant AND v.topic = TG_ARGV[0] AND v.version_uuid = free.version_uuid;
        END IF;
        INSERT INTO public.voicedb_call_versions (domain_uuid, topic)
        SELECT d.domain_uuid, TG_ARGV[0] FROM public.v_domains d WHERE d.domain_uuid = tenant;
    END LOOP;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION voicedb_call_data_changed() FROM PUBLIC;

-- Also where rows come from a restore or from another server, which switch other triggers off. Of documents only counts which model calls
-- embed by: that of the first chunk of the ready document that was processed last. A first chunk is numbered 0, or less where somebody
-- put one before it; who finds another first one keeps nothing.
DO $$
DECLARE
    wanted record;
    is_ready CONSTANT text := '(%1$s.enabled AND %1$s.processing_status = ''ready'' AND %1$s.chunk_count > 0)';
    place CONSTANT text := '(%1$s.domain_uuid, %1$s.document_uuid, %1$s.voice_secretary_uuid, %1$s.processed_at, ' || is_ready || ')';
    is_first CONSTANT text := '(%1$s.chunk_index <= 0)';
    model CONSTANT text := '(%1$s.domain_uuid, %1$s.document_uuid, %1$s.chunk_index, %1$s.embedding_model)';
BEGIN
    FOR wanted IN
        SELECT t.table_name, t.topic, e.name, e.event
        FROM (VALUES ('v_voice_secretaries', 'secretaries'), ('v_voice_ai_providers', 'secretaries'),
                     ('v_voice_data_keys', 'secretaries'), ('v_voice_transfer_rules', 'rules')) AS t (table_name, topic)
        CROSS JOIN (VALUES ('voicedb_call_data_changed', 'AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW'),
                           ('voicedb_call_data_emptied', 'AFTER TRUNCATE ON %I')) AS e (name, event)
        UNION ALL
        SELECT t.table_name, 'secretaries', e.name, e.event
        FROM (VALUES ('v_voice_documents', is_ready, place), ('v_voice_document_chunks', is_first, model)) AS t (table_name, counts, decides)
        CROSS JOIN LATERAL
             (VALUES ('voicedb_call_data_added', 'AFTER INSERT ON %I FOR EACH ROW WHEN ' || format(counts, 'NEW')),
                     ('voicedb_call_data_changed', 'AFTER UPDATE ON %I FOR EACH ROW WHEN ((' || format(counts, 'OLD') || ' OR ' ||
                      format(counts, 'NEW') || ') AND ' || format(decides, 'OLD') || ' IS DISTINCT FROM ' || format(decides, 'NEW') || ')'),
                     ('voicedb_call_data_removed', 'AFTER DELETE ON %I FOR EACH ROW WHEN ' || format(counts, 'OLD')),
                     ('voicedb_call_data_emptied', 'AFTER TRUNCATE ON %I')) AS e (name, event)
    LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = wanted.table_name::regclass AND tgname = wanted.name) THEN
            EXECUTE format('CREATE TRIGGER %I ' || wanted.event || ' EXECUTE FUNCTION voicedb_call_data_changed(%L)',
                           wanted.name, wanted.table_name, wanted.topic);
            EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', wanted.table_name, wanted.name);
        END IF;
    END LOOP;
END $$;

-- What was stored before.
INSERT INTO voicedb_call_versions (domain_uuid, topic)
SELECT DISTINCT domain_uuid, 'secretaries' FROM v_voice_secretaries
UNION ALL
SELECT DISTINCT domain_uuid, 'rules' FROM v_voice_transfer_rules
EXCEPT
SELECT domain_uuid, topic FROM voicedb_call_versions
ON CONFLICT DO NOTHING;

-- Whether a number of a kind is there, as 0018 has it, but with plans that a session keeps: a statement on a table that is not there is only
-- looked at when it is reached.
CREATE OR REPLACE FUNCTION voicedb_number_state(kind text, number text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    tenant CONSTANT uuid := public.voicedb_domain_uuid();
    wanted CONSTANT text := number;
    answer boolean;
    state text := 'unknown';
    place text;
BEGIN
    FOREACH place IN ARRAY CASE kind WHEN 'any' THEN ARRAY['extension', 'ring_group', 'queue', 'fifo', 'voicemail', 'ivr_menu']
                                     WHEN 'queue' THEN ARRAY['queue', 'fifo']
                                     ELSE ARRAY[kind] END
    LOOP
        IF place = 'extension' AND to_regclass('public.v_extensions') IS NOT NULL THEN
            SELECT bool_or(t.enabled::text = 'true') INTO answer
            FROM public.v_extensions t
            WHERE t.domain_uuid = tenant AND (t.extension::text = wanted OR t.number_alias::text = wanted);
        ELSIF place = 'ring_group' AND to_regclass('public.v_ring_groups') IS NOT NULL THEN
            SELECT bool_or(t.ring_group_enabled::text = 'true') INTO answer
            FROM public.v_ring_groups t
            WHERE t.domain_uuid = tenant AND t.ring_group_extension::text = wanted;
        ELSIF place = 'queue' AND to_regclass('public.v_call_center_queues') IS NOT NULL THEN
            SELECT bool_or(true) INTO answer
            FROM public.v_call_center_queues t
            WHERE t.domain_uuid = tenant AND t.queue_extension::text = wanted;
        ELSIF place = 'fifo' AND to_regclass('public.v_fifo') IS NOT NULL THEN
            SELECT bool_or(t.fifo_enabled::text = 'true') INTO answer
            FROM public.v_fifo t
            WHERE t.domain_uuid = tenant AND t.fifo_extension::text = wanted;
        ELSIF place = 'voicemail' AND to_regclass('public.v_voicemails') IS NOT NULL THEN
            SELECT bool_or(t.voicemail_enabled::text = 'true') INTO answer
            FROM public.v_voicemails t
            WHERE t.domain_uuid = tenant AND t.voicemail_id::text = regexp_replace(wanted, '^\*99', '');
        ELSIF place = 'ivr_menu' AND to_regclass('public.v_ivr_menus') IS NOT NULL THEN
            SELECT bool_or(t.ivr_menu_enabled::text = 'true') INTO answer
            FROM public.v_ivr_menus t
            WHERE t.domain_uuid = tenant AND t.ivr_menu_extension::text = wanted;
        ELSE
            CONTINUE;
        END IF;
        IF answer THEN
            RETURN 'found';
        END IF;
        state := CASE WHEN answer IS NOT NULL OR state = 'disabled' THEN 'disabled' ELSE 'missing' END;
    END LOOP;
    RETURN state;
END $$;
