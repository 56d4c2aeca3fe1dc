-- Conversations that a log has ended, many at once. A transfer rule that is not there any more is noted in the metadata.
-- Asked by: the log's senders, per tenant and batch.
UPDATE v_voice_conversations v
SET ended_at = greatest(v.started_at, least('epoch'::timestamptz + g.at * interval '1 microsecond', CURRENT_TIMESTAMP)),
    final_action = coalesce(nullif(g.final_action, ''), 'hangup'),
    transfer_rule_uuid = g.known_rule,
    transfer_target = nullif(g.transfer_target, ''),
    summary = nullif(g.summary, ''),
    ticket_id = nullif(g.ticket_id, ''),
    metadata = v.metadata || CASE WHEN g.transfer_rule_uuid IS NOT NULL AND g.known_rule IS NULL
                                  THEN jsonb_build_object('unknown_transfer_rule', g.transfer_rule_uuid) ELSE '{}' END,
    end_uuid = g.end_uuid
FROM (SELECT n.*,
             coalesce((SELECT c.conversation_uuid FROM v_voice_conversations c
                       WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.call_uuid = n.call_uuid), n.conversation_uuid) AS conversation,
             (SELECT r.transfer_rule_uuid FROM v_voice_transfer_rules r
              WHERE r.domain_uuid = :'domain_uuid'::uuid AND r.transfer_rule_uuid = n.transfer_rule_uuid) AS known_rule
      FROM unnest(:'conversation_uuid'::uuid[], :'call_uuid'::uuid[], :'end_uuid'::uuid[], :'at'::bigint[], :'final_action'::text[],
                  :'transfer_rule_uuid'::uuid[], :'transfer_target'::text[], :'summary'::text[], :'ticket_id'::text[])
           AS n (conversation_uuid, call_uuid, end_uuid, at, final_action, transfer_rule_uuid, transfer_target, summary, ticket_id)) g
WHERE v.domain_uuid = :'domain_uuid'::uuid AND v.conversation_uuid = g.conversation AND v.ended_at IS NULL;
