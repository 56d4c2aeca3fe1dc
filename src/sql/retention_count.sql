-- How many rows of a kind are older than its term. Asked by: maintain, for each term.
SELECT CASE WHEN :'kind'::text = 'conversations' THEN count(*) ELSE coalesce(sum(m.rows), 0) END::bigint AS rows
FROM v_voice_conversations v
CROSS JOIN LATERAL (SELECT count(CASE :'kind'::text WHEN 'messages' THEN m.message_uuid::text
                                                    WHEN 'recordings' THEN m.audio_file_path
                                                    WHEN 'traces' THEN m.rag_chunk_uuids::text END) AS rows
                    FROM v_voice_messages m
                    WHERE :'kind'::text <> 'conversations' AND m.domain_uuid = :'domain_uuid'::uuid
                      AND m.conversation_uuid = v.conversation_uuid) m
WHERE v.domain_uuid = :'domain_uuid'::uuid AND v.started_at < CURRENT_TIMESTAMP - :'days'::integer * INTERVAL '1 day';
