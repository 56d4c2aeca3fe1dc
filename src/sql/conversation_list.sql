-- Asked by: `conversation list`. Of the two branches one is empty: a single condition for both would make a plan that walks through
-- all conversations of the tenant to find a caller's.
SELECT v.conversation_uuid, v.voice_secretary_uuid, s.name AS secretary_name, v.call_uuid, v.caller_id, v.caller_name,
       v.started_at, v.ended_at, v.final_action, v.transfer_rule_uuid, v.transfer_target, v.summary, v.ticket_id,
       v.metadata, said.messages, said.turns, (extract(epoch FROM v.ended_at - v.started_at) * 1000)::bigint AS duration_ms,
       v.created_at, v.updated_at
FROM ((SELECT c.*
       FROM v_voice_conversations c
       WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.caller_id = :'caller_id'::text
       ORDER BY c.started_at DESC, c.conversation_uuid
       LIMIT :'limit'::integer)
      UNION ALL
      (SELECT c.*
       FROM v_voice_conversations c
       WHERE c.domain_uuid = :'domain_uuid'::uuid AND :'caller_id'::text IS NULL
       ORDER BY c.started_at DESC, c.conversation_uuid
       LIMIT :'limit'::integer)) v
LEFT JOIN v_voice_secretaries s
       ON s.domain_uuid = :'domain_uuid'::uuid AND s.voice_secretary_uuid = v.voice_secretary_uuid
CROSS JOIN LATERAL (SELECT count(*) AS messages, count(DISTINCT m.turn_number) AS turns
                    FROM v_voice_messages m
                    WHERE m.domain_uuid = :'domain_uuid'::uuid AND m.conversation_uuid = v.conversation_uuid) said
ORDER BY v.started_at DESC, v.conversation_uuid;
