-- Conversations that a log has begun, many at once; one that is there already stays as it is. A secretary that is not (or no longer)
-- there is noted in the metadata: a conversation outlives its secretary. Asked by: the log's senders, per tenant and batch.
INSERT INTO v_voice_conversations
    (domain_uuid, conversation_uuid, voice_secretary_uuid, call_uuid, caller_id, caller_name, started_at, metadata)
SELECT :'domain_uuid'::uuid, g.conversation_uuid, s.voice_secretary_uuid, g.call_uuid, nullif(g.caller_id, ''),
       nullif(g.caller_name, ''), least('epoch'::timestamptz + g.at * interval '1 microsecond', CURRENT_TIMESTAMP),
       coalesce(g.metadata, '{}') || CASE WHEN g.secretary <> '' AND s.voice_secretary_uuid IS NULL
                                          THEN jsonb_build_object('unknown_secretary', g.secretary) ELSE '{}' END
FROM unnest(:'made_conversation'::uuid[], :'call_uuid'::uuid[], :'at'::bigint[], :'secretary'::text[], :'caller_id'::text[],
            :'caller_name'::text[], :'metadata'::jsonb[])
     AS g (conversation_uuid, call_uuid, at, secretary, caller_id, caller_name, metadata)
LEFT JOIN LATERAL (
    SELECT min(f.voice_secretary_uuid::text)::uuid AS voice_secretary_uuid
    FROM (SELECT c.voice_secretary_uuid,
                 rank() OVER (ORDER BY CASE WHEN c.voice_secretary_uuid::text = lower(g.secretary) THEN 1
                                            WHEN c.extension = g.secretary THEN 2
                                            ELSE 3 END) AS preference
          FROM v_voice_secretaries c
          WHERE c.domain_uuid = :'domain_uuid'::uuid
            AND (c.voice_secretary_uuid::text = lower(g.secretary) OR c.extension = g.secretary OR c.name = g.secretary)) f
    WHERE f.preference = 1
    HAVING count(*) = 1) s ON true
ON CONFLICT DO NOTHING;
