-- Deletes the conversations of callers and all that hangs on them: `callers` is a JSON array of objects with caller_id and until, the start
-- of the last call that goes (NULL: now). Nothing is left to cascades, which a restore may have switched off. Asked by: `privacy erase`,
-- and when erasures are done again after a restore or an import.
WITH gone AS MATERIALIZED (
    SELECT v.conversation_uuid
    FROM v_voice_conversations v
    JOIN json_to_recordset(:'callers'::json) AS c (caller_id text, until timestamptz) ON c.caller_id = v.caller_id
    WHERE v.domain_uuid = :'domain_uuid'::uuid AND v.started_at <= coalesce(c.until, CURRENT_TIMESTAMP)
), messages AS (
    DELETE FROM v_voice_messages m
    USING gone g
    WHERE m.domain_uuid = :'domain_uuid'::uuid AND m.conversation_uuid = g.conversation_uuid
    RETURNING m.audio_file_path
), notices AS (
    DELETE FROM v_voice_webhook_deliveries n
    USING gone g
    WHERE n.domain_uuid = :'domain_uuid'::uuid AND n.conversation_uuid = g.conversation_uuid
    RETURNING 1
), conversations AS (
    DELETE FROM v_voice_conversations v
    USING gone g
    WHERE v.domain_uuid = :'domain_uuid'::uuid AND v.conversation_uuid = g.conversation_uuid
    RETURNING 1
)
SELECT (SELECT count(*) FROM conversations) AS conversations, (SELECT count(*) FROM messages) AS messages,
       (SELECT count(*) FROM notices) AS notices,
       coalesce((SELECT json_agg(m.audio_file_path ORDER BY m.audio_file_path)
                 FROM messages m WHERE m.audio_file_path IS NOT NULL), '[]') AS recordings;
