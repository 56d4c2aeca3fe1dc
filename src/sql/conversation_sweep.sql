-- Ends the conversations in which nothing has been said for so many seconds: their process died, or forgot them. They end with their
-- last turn. Asked by: `conversation sweep` and `maintain`, now and then.
UPDATE v_voice_conversations v
SET ended_at = greatest(v.started_at, s.last_at), final_action = 'abandoned'
FROM (SELECT c.conversation_uuid,
             coalesce((SELECT max(m.created_at) FROM v_voice_messages m
                       WHERE m.domain_uuid = :'domain_uuid'::uuid AND m.conversation_uuid = c.conversation_uuid),
                      c.started_at) AS last_at
      FROM v_voice_conversations c
      WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.ended_at IS NULL) s
WHERE v.domain_uuid = :'domain_uuid'::uuid AND v.conversation_uuid = s.conversation_uuid AND v.ended_at IS NULL
  AND greatest(v.started_at, s.last_at) < CURRENT_TIMESTAMP - :'idle_seconds'::integer * interval '1 second';
