-- Of what a log has sent, that which is not there, and what stands in its place: a conversation that has ended, or nothing.
-- Asked by: the log's senders, in the same transaction as what they send.
WITH missing AS MATERIALIZED (
    SELECT n.*
    FROM unnest(:'kind'::text[], :'conversation_uuid'::uuid[], :'call_uuid'::uuid[], :'record_uuid'::uuid[], :'at'::bigint[])
         WITH ORDINALITY AS n (kind, conversation_uuid, call_uuid, record_uuid, at, place)
    WHERE n.kind <> 'say'
       OR NOT EXISTS (SELECT 1 FROM v_voice_messages m
                      WHERE m.domain_uuid = :'domain_uuid'::uuid AND m.message_uuid = n.record_uuid)
)
SELECT g.place, v.conversation_uuid IS NOT NULL AS known, v.ended_at,
       v.ended_at < 'epoch'::timestamptz + g.at * interval '1 microsecond' AS too_late
FROM missing g
LEFT JOIN v_voice_conversations v
       ON v.domain_uuid = :'domain_uuid'::uuid
      AND v.conversation_uuid = coalesce((SELECT c.conversation_uuid FROM v_voice_conversations c
                                          WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.call_uuid = g.call_uuid), g.conversation_uuid)
WHERE g.kind = 'say' OR v.conversation_uuid IS NULL
   OR (g.kind = 'end' AND v.end_uuid IS DISTINCT FROM g.record_uuid)
ORDER BY g.place;
