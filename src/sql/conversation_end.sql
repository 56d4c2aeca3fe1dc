-- No row: no such conversation, or it has ended. Asked by: every call, once.
UPDATE v_voice_conversations
SET ended_at = CURRENT_TIMESTAMP,
    final_action = coalesce(:'final_action', 'hangup'),
    transfer_rule_uuid = nullif(:'transfer_rule_uuid', '')::uuid,
    transfer_target = nullif(:'transfer_target', ''),
    summary = nullif(:'summary', ''),
    ticket_id = nullif(:'ticket_id', '')
WHERE domain_uuid = :'domain_uuid'::uuid AND conversation_uuid = :'conversation_uuid'::uuid AND ended_at IS NULL
RETURNING conversation_uuid;
