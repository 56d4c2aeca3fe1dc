-- How much there is of a caller, by spelling: `callers` is a JSON array of objects with caller_id. Asked by: `privacy find`.
SELECT v.caller_id, count(*) AS conversations, count(v.summary) AS summaries, sum(m.messages)::bigint AS messages,
       sum(m.recordings)::bigint AS recordings, sum(m.traces)::bigint AS traces, sum(n.notices)::bigint AS notices,
       min(v.started_at) AS first_at, max(v.started_at) AS last_at
FROM v_voice_conversations v
CROSS JOIN LATERAL (SELECT count(*) AS messages, count(m.audio_file_path) AS recordings, count(m.rag_chunk_uuids) AS traces
                    FROM v_voice_messages m
                    WHERE m.domain_uuid = :'domain_uuid'::uuid AND m.conversation_uuid = v.conversation_uuid) m
CROSS JOIN LATERAL (SELECT count(*) AS notices
                    FROM v_voice_webhook_deliveries n
                    WHERE n.domain_uuid = :'domain_uuid'::uuid AND n.conversation_uuid = v.conversation_uuid) n
WHERE v.domain_uuid = :'domain_uuid'::uuid
  AND v.caller_id IN (SELECT c.caller_id FROM json_to_recordset(:'callers'::json) AS c (caller_id text))
GROUP BY v.caller_id
ORDER BY v.caller_id;
