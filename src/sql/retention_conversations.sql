-- Some of the conversations that are older than their term; their messages and notices go with them. Asked by: maintain, until none is left.
DELETE FROM v_voice_conversations v
USING (SELECT c.conversation_uuid
       FROM v_voice_conversations c
       WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.started_at < CURRENT_TIMESTAMP - :'days'::integer * INTERVAL '1 day'
       LIMIT :'most'::integer) old
WHERE v.domain_uuid = :'domain_uuid'::uuid AND v.conversation_uuid = old.conversation_uuid;
