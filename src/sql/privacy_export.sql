-- All there is of a caller, a conversation a row: `callers` is a JSON array of objects with caller_id. Asked by: `privacy export`.
SELECT v.conversation_uuid,
       json_build_object(
           'conversation', to_jsonb(v) - 'domain_uuid',
           'messages', coalesce((SELECT json_agg(to_jsonb(m) - '{domain_uuid,conversation_uuid}'::text[]
                                                 ORDER BY m.turn_number, m.created_at, m.message_uuid)
                                 FROM v_voice_messages m
                                 WHERE m.domain_uuid = :'domain_uuid'::uuid AND m.conversation_uuid = v.conversation_uuid), '[]'),
           'notices', coalesce((SELECT json_agg(to_jsonb(n) - '{domain_uuid,conversation_uuid}'::text[] ORDER BY n.event_number)
                                FROM v_voice_webhook_deliveries n
                                WHERE n.domain_uuid = :'domain_uuid'::uuid AND n.conversation_uuid = v.conversation_uuid), '[]')
       ) AS document
FROM v_voice_conversations v
WHERE v.domain_uuid = :'domain_uuid'::uuid
  AND v.caller_id IN (SELECT c.caller_id FROM json_to_recordset(:'callers'::json) AS c (caller_id text))
ORDER BY v.started_at, v.conversation_uuid;
