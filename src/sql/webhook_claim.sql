-- Takes due notices to be sent and makes their texts. It walks from address to address in a ring, beginning behind the one where the
-- last walk ended, so that every address gets its turn however many notices another one has. An address that fails has one notice in
-- flight at a time, between pauses; a tenant has at most `per_tenant`. A notice waits for the earlier ones of its conversation. What is
-- taken counts as lost by its sender `lease_ms` later. There is always a row: its first column is where the walk ended, NULL when it went
-- all the way. Asked by: `webhook run`, after each notification, and once a second.
-- scope: none
-- writes
WITH RECURSIVE walk (endpoint_uuid, steps) AS (
    (SELECT d.endpoint_uuid, 1
     FROM v_voice_webhook_deliveries d
     WHERE d.state IN ('pending', 'sending') AND d.endpoint_uuid > :'behind'::uuid
     ORDER BY d.endpoint_uuid
     LIMIT 1)
    UNION ALL
    SELECT n.endpoint_uuid, w.steps + 1
    FROM walk w
    CROSS JOIN LATERAL (SELECT d.endpoint_uuid
                        FROM v_voice_webhook_deliveries d
                        WHERE d.state IN ('pending', 'sending') AND d.endpoint_uuid > w.endpoint_uuid
                        ORDER BY d.endpoint_uuid
                        LIMIT 1) n
    WHERE w.steps < :'most_endpoints'::integer
), awake AS MATERIALIZED (
    SELECT e.endpoint_uuid, e.domain_uuid, e.failures
    FROM v_voice_webhook_endpoints e
    WHERE e.endpoint_uuid IN (SELECT w.endpoint_uuid FROM walk w)
      AND (e.paused_until IS NULL OR e.paused_until <= CURRENT_TIMESTAMP)
    ORDER BY e.endpoint_uuid
    FOR NO KEY UPDATE SKIP LOCKED
), flying AS (
    SELECT d.domain_uuid, d.endpoint_uuid, count(*) AS notices
    FROM v_voice_webhook_deliveries d
    WHERE d.state = 'sending' AND d.next_attempt_at > CURRENT_TIMESTAMP
      AND d.domain_uuid IN (SELECT a.domain_uuid FROM awake a)
    GROUP BY d.domain_uuid, d.endpoint_uuid
), due AS (
    SELECT d.delivery_uuid, d.endpoint_uuid, d.next_attempt_at,
           row_number() OVER (PARTITION BY a.domain_uuid ORDER BY d.next_attempt_at, d.delivery_uuid)
               + coalesce((SELECT sum(f.notices) FROM flying f WHERE f.domain_uuid = a.domain_uuid), 0) AS place
    FROM awake a
    CROSS JOIN LATERAL (SELECT d.delivery_uuid, d.endpoint_uuid, d.next_attempt_at
                        FROM v_voice_webhook_deliveries d
                        WHERE d.endpoint_uuid = a.endpoint_uuid AND d.state IN ('pending', 'sending')
                          AND d.next_attempt_at <= CURRENT_TIMESTAMP
                          AND NOT EXISTS (SELECT 1
                                          FROM v_voice_webhook_deliveries before
                                          WHERE before.domain_uuid = d.domain_uuid
                                            AND before.conversation_uuid = d.conversation_uuid
                                            AND before.event_number < d.event_number
                                            AND before.state IN ('pending', 'sending'))
                        ORDER BY d.next_attempt_at
                        LIMIT CASE WHEN a.failures = 0 THEN :'per_tenant'::integer ELSE 1 END) d
    WHERE a.failures = 0
       OR NOT EXISTS (SELECT 1 FROM flying f WHERE f.endpoint_uuid = a.endpoint_uuid)
), chosen AS (
    SELECT d.delivery_uuid
    FROM v_voice_webhook_deliveries d
    JOIN due USING (delivery_uuid)
    WHERE due.place <= :'per_tenant'::integer
      AND d.state IN ('pending', 'sending') AND d.next_attempt_at <= CURRENT_TIMESTAMP
    ORDER BY due.place, due.next_attempt_at
    LIMIT :'most'::integer
    FOR UPDATE OF d SKIP LOCKED
), taken AS (
    UPDATE v_voice_webhook_deliveries d
    SET state = 'sending', attempts = d.attempts + 1, last_attempt_at = CURRENT_TIMESTAMP,
        next_attempt_at = CURRENT_TIMESTAMP + :'lease_ms'::bigint * INTERVAL '1 ms'
    FROM chosen c
    WHERE d.delivery_uuid = c.delivery_uuid
    RETURNING d.*
), told AS (
    SELECT t.delivery_uuid, t.last_attempt_at AS claimed_at, t.attempts, t.last_attempt_at >= t.expires_at AS is_last,
           t.domain_uuid, e.url, coalesce(s.webhook_config, '{}') AS webhook_config,
           concat_ws(' ', k.data_key_uuid, k.sealed_key ->> '$sealed') AS data_key,
           json_build_object(
               'event', t.event,
               'domain_uuid', v.domain_uuid,
               'conversation_uuid', v.conversation_uuid,
               'caller_id', v.caller_id,
               'secretary_name', y.name,
               'summary', v.summary,
               'action', v.final_action,
               'transfer_target', v.transfer_target,
               'duration_seconds', greatest(0, round(extract(epoch FROM coalesce(v.ended_at, t.created_at) - v.started_at)))::integer,
               'messages', coalesce((SELECT json_agg(json_build_object('role', m.role, 'content', m.content)
                                                     ORDER BY m.turn_number, m.created_at, m.message_uuid)
                                     FROM v_voice_messages m
                                     WHERE m.domain_uuid = t.domain_uuid AND m.conversation_uuid = t.conversation_uuid),
                                    '[]'),
               'timestamp', to_char(coalesce(v.ended_at, t.created_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) AS body
    FROM taken t
    JOIN v_voice_webhook_endpoints e ON e.domain_uuid = t.domain_uuid AND e.endpoint_uuid = t.endpoint_uuid
    JOIN v_voice_conversations v ON v.domain_uuid = t.domain_uuid AND v.conversation_uuid = t.conversation_uuid
    LEFT JOIN v_voice_secretaries y ON y.domain_uuid = v.domain_uuid AND y.voice_secretary_uuid = v.voice_secretary_uuid
    LEFT JOIN v_voice_tenant_settings s ON s.domain_uuid = t.domain_uuid
    LEFT JOIN v_voice_data_keys k ON k.domain_uuid = t.domain_uuid
)
SELECT (SELECT w.endpoint_uuid FROM walk w WHERE w.steps = :'most_endpoints'::integer) AS walked_to,
       t.delivery_uuid, t.claimed_at, t.attempts, t.is_last, t.domain_uuid, t.url, t.webhook_config, t.data_key, t.body
FROM (VALUES (1)) AS always (row)
LEFT JOIN told t ON true;
