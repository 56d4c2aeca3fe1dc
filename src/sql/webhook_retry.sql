-- Sends notices again from now on, for another day, to where their secretary reports now: the one that is named, else all dead ones.
-- One that is being sent is left alone. Asked by: `webhook retry`.
WITH chosen AS MATERIALIZED (
    SELECT d.delivery_uuid, coalesce(s.webhook_url, e.url) AS url
    FROM v_voice_webhook_deliveries d
    JOIN v_voice_webhook_endpoints e ON e.domain_uuid = :'domain_uuid'::uuid AND e.endpoint_uuid = d.endpoint_uuid
    JOIN v_voice_conversations v ON v.domain_uuid = :'domain_uuid'::uuid AND v.conversation_uuid = d.conversation_uuid
    LEFT JOIN v_voice_secretaries s
           ON s.domain_uuid = :'domain_uuid'::uuid AND s.voice_secretary_uuid = v.voice_secretary_uuid AND s.webhook_url <> ''
    WHERE d.domain_uuid = :'domain_uuid'::uuid
      AND (d.delivery_uuid = :'delivery_uuid'::uuid AND (d.state <> 'sending' OR d.next_attempt_at <= CURRENT_TIMESTAMP)
           OR :'delivery_uuid'::uuid IS NULL AND d.state = 'dead')
    FOR UPDATE OF d
), added AS (
    INSERT INTO v_voice_webhook_endpoints (domain_uuid, url)
    SELECT :'domain_uuid'::uuid, c.url FROM chosen c
    ON CONFLICT (domain_uuid, url) DO NOTHING
    RETURNING endpoint_uuid, url
), target AS (
    SELECT a.endpoint_uuid, a.url FROM added a
    UNION ALL
    SELECT e.endpoint_uuid, e.url FROM v_voice_webhook_endpoints e
    WHERE e.domain_uuid = :'domain_uuid'::uuid AND e.url IN (SELECT c.url FROM chosen c)
), woken AS (
    UPDATE v_voice_webhook_endpoints e SET paused_until = NULL
    WHERE e.domain_uuid = :'domain_uuid'::uuid AND e.paused_until IS NOT NULL
      AND e.endpoint_uuid IN (SELECT t.endpoint_uuid FROM target t)
), again AS (
    UPDATE v_voice_webhook_deliveries d
    SET state = 'pending', attempts = 0, next_attempt_at = CURRENT_TIMESTAMP, expires_at = CURRENT_TIMESTAMP + INTERVAL '1 day',
        delivered_at = NULL, endpoint_uuid = t.endpoint_uuid
    FROM chosen c
    JOIN target t ON t.url = c.url
    WHERE d.domain_uuid = :'domain_uuid'::uuid AND d.delivery_uuid = c.delivery_uuid
    RETURNING d.delivery_uuid
)
SELECT a.delivery_uuid, pg_notify('voicedb_webhook', '') FROM again a;
