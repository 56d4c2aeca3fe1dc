-- Locks the conversations of a batch, so that two processes number their turns one after the other, and opens those again that the
-- sweep has closed although more of them was on its way. Asked by: the log's senders, per tenant and batch, before messages and ends.
WITH locked AS MATERIALIZED (
    SELECT v.conversation_uuid, v.final_action, v.end_uuid
    FROM (SELECT DISTINCT coalesce((SELECT c.conversation_uuid FROM v_voice_conversations c
                                    WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.call_uuid = n.call_uuid),
                                   n.conversation_uuid) AS conversation_uuid
          FROM unnest(:'conversation_uuid'::uuid[], :'call_uuid'::uuid[]) AS n (conversation_uuid, call_uuid)) g
    JOIN v_voice_conversations v ON v.domain_uuid = :'domain_uuid'::uuid AND v.conversation_uuid = g.conversation_uuid
    ORDER BY v.conversation_uuid
    FOR NO KEY UPDATE OF v
)
UPDATE v_voice_conversations v
SET ended_at = NULL, final_action = NULL
FROM locked
WHERE v.domain_uuid = :'domain_uuid'::uuid AND v.conversation_uuid = locked.conversation_uuid
  AND locked.final_action = 'abandoned' AND locked.end_uuid IS NULL;
