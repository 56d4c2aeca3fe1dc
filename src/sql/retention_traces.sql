-- Forgets which passages some of the answers in calls that are older than their term used. Asked by: maintain, until none is left.
UPDATE v_voice_messages m
SET rag_chunk_uuids = NULL, rag_similarities = NULL
FROM (SELECT o.message_uuid
      FROM v_voice_conversations v
      JOIN v_voice_messages o ON o.domain_uuid = :'domain_uuid'::uuid AND o.conversation_uuid = v.conversation_uuid
                           AND o.rag_chunk_uuids IS NOT NULL
      WHERE v.domain_uuid = :'domain_uuid'::uuid AND v.started_at < CURRENT_TIMESTAMP - :'days'::integer * INTERVAL '1 day'
      LIMIT :'most'::integer) old
WHERE m.domain_uuid = :'domain_uuid'::uuid AND m.message_uuid = old.message_uuid;
