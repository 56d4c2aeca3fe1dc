-- By its UUID or its call's. Asked by: `conversation show`, and after a refused start, say or end, to tell why.
SELECT v.conversation_uuid, v.voice_secretary_uuid, s.name AS secretary_name, v.call_uuid, v.caller_id, v.caller_name,
       v.started_at, v.ended_at, v.final_action, v.transfer_rule_uuid, v.transfer_target, v.summary, v.ticket_id,
       v.metadata, said.messages, said.turns, (extract(epoch FROM v.ended_at - v.started_at) * 1000)::bigint AS duration_ms,
       v.created_at, v.updated_at
FROM v_voice_conversations v
LEFT JOIN v_voice_secretaries s
       ON s.domain_uuid = :'domain_uuid'::uuid AND s.voice_secretary_uuid = v.voice_secretary_uuid
CROSS JOIN LATERAL (SELECT count(*) AS messages, count(DISTINCT m.turn_number) AS turns
                    FROM v_voice_messages m
                    WHERE m.domain_uuid = :'domain_uuid'::uuid AND m.conversation_uuid = v.conversation_uuid) said
WHERE v.domain_uuid = :'domain_uuid'::uuid
  AND (v.conversation_uuid = :'conversation'::uuid OR v.call_uuid = :'conversation'::uuid)
ORDER BY v.conversation_uuid = :'conversation'::uuid DESC
LIMIT 1;
