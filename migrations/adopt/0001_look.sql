-- What a voice-ai-ivr database holds, what of it gets another name, and what stands in the way. Everything here is temporary.

DO $$
BEGIN
    EXECUTE (SELECT format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', string_agg(oid::regclass::text, ', ' ORDER BY relname))
             FROM pg_class
             WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname LIKE 'v\_voice\_%');
END $$;

CREATE TEMPORARY TABLE voicedb_adoption (
    place integer GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL, -- table, column, change, schema, cross_tenant, obstacle
    name text NOT NULL,
    before text,
    after text
) ON COMMIT DROP;

CREATE TEMPORARY TABLE voicedb_names ON COMMIT DROP AS
SELECT table_name, old, new
FROM (VALUES
    ('v_voice_ai_providers', 'voice_ai_provider_uuid', 'provider_uuid'),
    ('v_voice_secretaries', 'secretary_name', 'name'),
    ('v_voice_secretaries', 'personality_prompt', 'system_prompt'),
    ('v_voice_secretaries', 'farewell_message', 'goodbye_message'),
    ('v_voice_secretaries', 'tts_voice_id', 'voice_name'),
    ('v_voice_secretaries', 'max_turns', 'max_conversation_turns'),
    ('v_voice_documents', 'voice_document_uuid', 'document_uuid'),
    ('v_voice_document_chunks', 'voice_document_uuid', 'document_uuid'),
    ('v_voice_conversations', 'voice_conversation_uuid', 'conversation_uuid'),
    ('v_voice_conversations', 'caller_id_number', 'caller_id'),
    ('v_voice_conversations', 'caller_id_name', 'caller_name'),
    ('v_voice_conversations', 'start_time', 'started_at'),
    ('v_voice_conversations', 'end_time', 'ended_at'),
    ('v_voice_conversations', 'transfer_extension', 'transfer_target'),
    ('v_voice_messages', 'voice_message_uuid', 'message_uuid'),
    ('v_voice_messages', 'voice_conversation_uuid', 'conversation_uuid')) AS own (table_name, old, new)
UNION ALL
SELECT table_name, old, new
FROM unnest(ARRAY['v_voice_ai_providers', 'v_voice_secretaries', 'v_voice_documents', 'v_voice_document_chunks',
                  'v_voice_transfer_rules', 'v_voice_conversations', 'v_voice_messages']) AS t (table_name),
     (VALUES ('is_enabled', 'enabled'), ('insert_date', 'created_at'), ('update_date', 'updated_at')) AS common (old, new);

CREATE FUNCTION pg_temp.has(table_name text, column_name text) RETURNS boolean LANGUAGE sql
AS $$ SELECT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('public.' || $1) AND attname = $2 AND NOT attisdropped) $$;

-- Where both names are there, both stay, and the conversion reads both.
DELETE FROM voicedb_names n WHERE NOT pg_temp.has(n.table_name, n.old) OR pg_temp.has(n.table_name, n.new);
INSERT INTO voicedb_adoption (kind, name, before, after) SELECT 'column', table_name, old, new FROM voicedb_names ORDER BY 2, 3;

-- Every table with its columns of before, and those whose values are meant to change: these are counted by their conversions.
CREATE TEMPORARY TABLE voicedb_contents ON COMMIT DROP AS
SELECT c.relname::text AS table_name,
       (SELECT array_agg(coalesce(n.new, a.attname::text))
        FROM pg_attribute a
        LEFT JOIN voicedb_names n ON n.table_name = c.relname AND n.old = a.attname
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
       CASE c.relname
           WHEN 'v_voice_secretaries' THEN '{webhook_url}'
           WHEN 'v_voice_documents' THEN '{processing_status,chunk_count,enabled}'
           WHEN 'v_voice_document_chunks' THEN '{domain_uuid,embedding,embedding_dimensions,metadata}'
           WHEN 'v_voice_transfer_rules' THEN '{domain_uuid,intent_keywords,intent_patterns,priority,enabled}'
           WHEN 'v_voice_conversations' THEN '{call_uuid,metadata}'
           WHEN 'v_voice_messages' THEN '{turn_number}'
           ELSE '{}' END::text[] AS converted,
       NULL::text AS before
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname LIKE 'v\_voice\_%';

-- Number and hash of the rows, in the names of after, of the columns of before that keep their values.
CREATE FUNCTION pg_temp.fingerprint(table_name text) RETURNS text LANGUAGE plpgsql
AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SELECT count(*) || '' rows, md5 '' || md5(coalesce(string_agg(h.hash, '''' ORDER BY h.hash), ''''))
                    FROM %1$I t
                    CROSS JOIN LATERAL (SELECT md5(jsonb_object_agg(coalesce(n.new, e.key), e.value)::text) AS hash
                                        FROM jsonb_each(to_jsonb(t)) e
                                        LEFT JOIN voicedb_names n ON n.table_name = %1$L AND n.old = e.key
                                        JOIN voicedb_contents c ON c.table_name = %1$L
                                        WHERE coalesce(n.new, e.key) = ANY (c.columns)
                                          AND coalesce(n.new, e.key) <> ALL (c.converted)) h', table_name) INTO answer;
    RETURN answer;
END $$;

-- References as they are; a reference is across tenants when both sides name a tenant and not the same.
CREATE TEMPORARY TABLE voicedb_references ON COMMIT DROP AS
SELECT r.*, (SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
             WHERE i.indrelid = to_regclass('public.' || r.table_name) AND i.indisprimary) AS key
FROM (VALUES
    ('v_voice_secretaries', 'stt_provider_uuid', 'v_voice_ai_providers', 'voice_ai_provider_uuid'),
    ('v_voice_secretaries', 'tts_provider_uuid', 'v_voice_ai_providers', 'voice_ai_provider_uuid'),
    ('v_voice_secretaries', 'llm_provider_uuid', 'v_voice_ai_providers', 'voice_ai_provider_uuid'),
    ('v_voice_secretaries', 'embeddings_provider_uuid', 'v_voice_ai_providers', 'voice_ai_provider_uuid'),
    ('v_voice_secretaries', 'realtime_provider_uuid', 'v_voice_ai_providers', 'voice_ai_provider_uuid'),
    ('v_voice_documents', 'voice_secretary_uuid', 'v_voice_secretaries', 'voice_secretary_uuid'),
    ('v_voice_document_chunks', 'voice_document_uuid', 'v_voice_documents', 'voice_document_uuid'),
    ('v_voice_transfer_rules', 'voice_secretary_uuid', 'v_voice_secretaries', 'voice_secretary_uuid'),
    ('v_voice_conversations', 'voice_secretary_uuid', 'v_voice_secretaries', 'voice_secretary_uuid'),
    ('v_voice_transfer_destinations', 'secretary_uuid', 'v_voice_secretaries', 'voice_secretary_uuid'))
    AS r (table_name, column_name, other_table, other_column)
WHERE pg_temp.has(r.table_name, r.column_name) AND pg_temp.has(r.table_name, 'domain_uuid');

DO $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT * FROM voicedb_references LOOP
        EXECUTE format('INSERT INTO voicedb_adoption (kind, name, before, after)
                        SELECT ''cross_tenant'', %L, format(''%%s of %%s'', t.%6$I, t.domain_uuid), format(''%%s of %%s'', o.%5$I, o.domain_uuid)
                        FROM %2$I t JOIN %4$I o ON o.%5$I = t.%3$I WHERE o.domain_uuid <> t.domain_uuid',
                       r.table_name || '.' || r.column_name, r.table_name, r.column_name, r.other_table, r.other_column, r.key);
    END LOOP;
END $$;

-- What only the operator can decide.
INSERT INTO voicedb_adoption (kind, name, before)
SELECT 'obstacle', 'v_voice_transfer_rules.domain_uuid', 'rule ' || r.transfer_rule_uuid || ' belongs to no tenant'
FROM v_voice_transfer_rules r
LEFT JOIN v_voice_secretaries s ON s.voice_secretary_uuid = r.voice_secretary_uuid
WHERE NOT EXISTS (SELECT 1 FROM v_domains d WHERE d.domain_uuid = coalesce((to_jsonb(r)->>'domain_uuid')::uuid, s.domain_uuid))
UNION ALL
SELECT 'obstacle', 'v_voice_secretaries.extension', format('tenant %s has extension %s %s times', domain_uuid, extension, count(*))
FROM v_voice_secretaries
WHERE extension IS NOT NULL
GROUP BY domain_uuid, extension HAVING count(*) > 1
UNION ALL
SELECT 'obstacle', 'v_voice_ai_providers.is_default', format('tenant %s has %s defaults of type %s', domain_uuid, count(*), provider_type)
FROM v_voice_ai_providers
WHERE is_default
GROUP BY domain_uuid, provider_type HAVING count(*) > 1;
