-- Names and values of ours, in place: no row is written anew but those that change. Constraints, types and defaults follow from the
-- comparison with the migrations.

UPDATE voicedb_contents SET before = pg_temp.fingerprint(table_name);

DO $$
DECLARE
    n record;
BEGIN
    FOR n IN SELECT * FROM voicedb_names LOOP
        EXECUTE format('ALTER TABLE %I RENAME COLUMN %I TO %I', n.table_name, n.old, n.new);
    END LOOP;
END $$;

CREATE FUNCTION pg_temp.note(what text, rows bigint) RETURNS void LANGUAGE sql
AS $$ INSERT INTO voicedb_adoption (kind, name, after) SELECT 'change', $1, $2 || ' rows' WHERE $2 > 0 $$;

-- The tenant of what had none.
DO $$
DECLARE
    done bigint;
BEGIN
    ALTER TABLE v_voice_messages ADD COLUMN IF NOT EXISTS domain_uuid uuid;
    UPDATE v_voice_messages m SET domain_uuid = c.domain_uuid
    FROM v_voice_conversations c WHERE c.conversation_uuid = m.conversation_uuid AND m.domain_uuid IS DISTINCT FROM c.domain_uuid;
    GET DIAGNOSTICS done = ROW_COUNT;
    PERFORM pg_temp.note('v_voice_messages.domain_uuid: that of the conversation', done);

    ALTER TABLE v_voice_document_chunks ADD COLUMN IF NOT EXISTS domain_uuid uuid;
    UPDATE v_voice_document_chunks k SET domain_uuid = d.domain_uuid
    FROM v_voice_documents d WHERE d.document_uuid = k.document_uuid AND k.domain_uuid IS NULL;
    GET DIAGNOSTICS done = ROW_COUNT;
    PERFORM pg_temp.note('v_voice_document_chunks.domain_uuid: that of the document', done);

    ALTER TABLE v_voice_transfer_rules ADD COLUMN IF NOT EXISTS domain_uuid uuid;
    UPDATE v_voice_transfer_rules r SET domain_uuid = s.domain_uuid
    FROM v_voice_secretaries s WHERE s.voice_secretary_uuid = r.voice_secretary_uuid AND r.domain_uuid IS NULL;
    GET DIAGNOSTICS done = ROW_COUNT;
    PERFORM pg_temp.note('v_voice_transfer_rules.domain_uuid: that of the secretary', done);
END $$;

-- Providers, secretaries, documents, rules: a thing is enabled only if every column said so.
DO $$
DECLARE
    done bigint;
    switches record;
BEGIN
    FOR switches IN
        SELECT table_name, string_agg(format('coalesce(%I, true)', name), ' AND ') AS all_of
        FROM unnest(ARRAY['v_voice_ai_providers', 'v_voice_secretaries', 'v_voice_documents', 'v_voice_transfer_rules']) AS t (table_name),
             unnest(ARRAY['enabled', 'is_enabled', 'is_active']) AS s (name)
        WHERE pg_temp.has(table_name, name)
        GROUP BY table_name
        HAVING count(*) > 1 OR table_name IN ('v_voice_documents', 'v_voice_transfer_rules')
    LOOP
        EXECUTE format('UPDATE %I SET enabled = %s WHERE enabled IS DISTINCT FROM (%2$s)', switches.table_name, switches.all_of);
        GET DIAGNOSTICS done = ROW_COUNT;
        PERFORM pg_temp.note(switches.table_name || '.enabled: only if every column said so', done);
    END LOOP;
    IF pg_temp.has('v_voice_secretaries', 'omniplay_webhook_url') THEN
        ALTER TABLE v_voice_secretaries ADD COLUMN IF NOT EXISTS webhook_url varchar(500);
        UPDATE v_voice_secretaries SET webhook_url = omniplay_webhook_url
        WHERE coalesce(webhook_url, '') = '' AND omniplay_webhook_url <> '';
        GET DIAGNOSTICS done = ROW_COUNT;
        PERFORM pg_temp.note('v_voice_secretaries.webhook_url: omniplay_webhook_url', done);
    END IF;
    ALTER TABLE v_voice_secretaries ADD COLUMN IF NOT EXISTS webhook_enabled boolean DEFAULT false;
    UPDATE v_voice_secretaries SET webhook_enabled = true WHERE webhook_url <> '';
    GET DIAGNOSTICS done = ROW_COUNT;
    PERFORM pg_temp.note('v_voice_secretaries.webhook_enabled: on where there is a URL', done);

    UPDATE v_voice_documents SET processing_status = CASE processing_status WHEN 'completed' THEN 'ready' ELSE 'pending' END
    WHERE processing_status = 'completed' OR processing_status IS NULL;
    GET DIAGNOSTICS done = ROW_COUNT;
    PERFORM pg_temp.note('v_voice_documents.processing_status: completed is ready', done);
    UPDATE v_voice_documents SET chunk_count = 0 WHERE chunk_count IS NULL;

    UPDATE v_voice_transfer_rules r
    SET intent_patterns = coalesce(r.intent_patterns, '{}'), priority = coalesce(r.priority, 100),
        intent_keywords = coalesce(nullif(r.intent_keywords, '{}'),
                                   (SELECT array_agg(k) FROM jsonb_array_elements_text(
                                        CASE jsonb_typeof(to_jsonb(r)->'keywords') WHEN 'array' THEN to_jsonb(r)->'keywords' ELSE '[]' END) AS k),
                                   '{}')
    WHERE r.intent_patterns IS NULL OR r.priority IS NULL OR r.intent_keywords IS NULL OR r.intent_keywords = '{}';
    GET DIAGNOSTICS done = ROW_COUNT;
    PERFORM pg_temp.note('v_voice_transfer_rules: empty lists instead of NULL, keywords from the column keywords', done);
END $$;

-- One conversation a call has its UUID; the others keep it in metadata.
DO $$
DECLARE
    done bigint;
BEGIN
    ALTER TABLE v_voice_conversations ADD COLUMN IF NOT EXISTS metadata jsonb NOT NULL DEFAULT '{}';
    WITH numbered AS (
        SELECT conversation_uuid, row_number() OVER (PARTITION BY domain_uuid, call_uuid ORDER BY started_at, conversation_uuid) AS number
        FROM v_voice_conversations WHERE call_uuid IS NOT NULL
    )
    UPDATE v_voice_conversations c SET metadata = coalesce(c.metadata, '{}') || jsonb_build_object('call_uuid', c.call_uuid), call_uuid = NULL
    FROM numbered n WHERE n.conversation_uuid = c.conversation_uuid AND n.number > 1;
    GET DIAGNOSTICS done = ROW_COUNT;
    PERFORM pg_temp.note('v_voice_conversations.call_uuid: to metadata, for all but the first of a call', done);

    -- Turns that are given twice, or less than 1, are counted anew in the whole conversation.
    IF EXISTS (SELECT 1 FROM v_voice_messages WHERE turn_number < 1)
       OR EXISTS (SELECT 1 FROM v_voice_messages GROUP BY conversation_uuid, turn_number, role HAVING count(*) > 1) THEN
        ALTER TABLE v_voice_messages ADD COLUMN adopted_turn_number integer;
        WITH wrong AS (
            SELECT conversation_uuid FROM v_voice_messages WHERE turn_number < 1
            UNION
            SELECT conversation_uuid FROM v_voice_messages GROUP BY conversation_uuid, turn_number, role HAVING count(*) > 1
        ), numbered AS (
            SELECT m.message_uuid,
                   row_number() OVER (PARTITION BY m.conversation_uuid ORDER BY m.turn_number, m.created_at,
                                      m.role <> 'user', m.message_uuid) AS number
            FROM v_voice_messages m JOIN wrong USING (conversation_uuid)
        )
        UPDATE v_voice_messages m SET adopted_turn_number = m.turn_number, turn_number = n.number
        FROM numbered n WHERE n.message_uuid = m.message_uuid;
        GET DIAGNOSTICS done = ROW_COUNT;
        PERFORM pg_temp.note('v_voice_messages.turn_number: counted anew, before in adopted_turn_number', done);
    END IF;
END $$;

-- Embeddings of numbers become vectors, padded with zeros; everything else stays in metadata.
CREATE FUNCTION pg_temp.to_vector(embedding jsonb) RETURNS vector LANGUAGE sql
AS $$
    SELECT CASE WHEN jsonb_typeof($1) = 'array' AND jsonb_array_length($1) BETWEEN 1 AND 1536
                     AND NOT jsonb_path_exists($1, '$[*] ? (@.type() != "number")')
                THEN (rtrim($1::text, ']') || repeat(',0', 1536 - jsonb_array_length($1)) || ']')::vector END
$$;

DO $$
DECLARE
    done bigint;
BEGIN
    ALTER TABLE v_voice_document_chunks ADD COLUMN IF NOT EXISTS metadata jsonb DEFAULT '{}';
    ALTER TABLE v_voice_document_chunks ADD COLUMN IF NOT EXISTS embedding_dimensions integer;
    CREATE TEMPORARY TABLE voicedb_embeddings ON COMMIT DROP AS
    SELECT chunk_uuid, embedding::text::jsonb AS embedding, pg_temp.to_vector(embedding::text::jsonb) AS vector
    FROM v_voice_document_chunks WHERE embedding IS NOT NULL;
    ALTER TABLE v_voice_document_chunks ALTER COLUMN embedding TYPE vector(1536) USING NULL;
    UPDATE v_voice_document_chunks c
    SET embedding = e.vector,
        embedding_dimensions = CASE WHEN e.vector IS NULL THEN c.embedding_dimensions ELSE jsonb_array_length(e.embedding) END,
        metadata = CASE WHEN e.vector IS NULL THEN coalesce(c.metadata, '{}') || jsonb_build_object('embedding', e.embedding)
                        ELSE c.metadata END
    FROM voicedb_embeddings e WHERE e.chunk_uuid = c.chunk_uuid;
    SELECT count(*) INTO done FROM voicedb_embeddings WHERE vector IS NOT NULL;
    PERFORM pg_temp.note('v_voice_document_chunks.embedding: vector(1536)', done);
    SELECT count(*) INTO done FROM voicedb_embeddings WHERE vector IS NULL;
    PERFORM pg_temp.note('v_voice_document_chunks.embedding: no vector of 1 to 1536 numbers, kept in metadata', done);
    UPDATE v_voice_document_chunks SET embedding_dimensions = NULL WHERE embedding_dimensions NOT BETWEEN 1 AND 1536;
END $$;

-- The comparison makes functions first, the columns that they read after them.
SET LOCAL check_function_bodies = off;
