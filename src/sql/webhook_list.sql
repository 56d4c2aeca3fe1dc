-- The newest first. Asked by: `webhook list`.
SELECT d.delivery_uuid, d.conversation_uuid, d.event, d.state, d.attempts, d.created_at,
       CASE WHEN d.state = 'pending' THEN d.next_attempt_at END AS next_attempt_at, d.last_attempt_at, d.last_status, d.last_error,
       d.last_took_ms, d.delivered_at, regexp_replace(e.url, '^(https?://)([^/?#]*@)?([^?#]*).*$', '\1\3') AS url,
       CASE WHEN e.paused_until > CURRENT_TIMESTAMP THEN e.paused_until END AS paused_until
FROM v_voice_webhook_deliveries d
JOIN v_voice_webhook_endpoints e ON e.domain_uuid = :'domain_uuid'::uuid AND e.endpoint_uuid = d.endpoint_uuid
WHERE d.domain_uuid = :'domain_uuid'::uuid AND (:'state'::text IS NULL OR d.state = :'state'::text)
  AND (:'conversation'::uuid IS NULL OR d.conversation_uuid = :'conversation'::uuid)
ORDER BY d.created_at DESC, d.delivery_uuid
LIMIT :'limit'::integer;
