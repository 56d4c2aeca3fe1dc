-- Keeps what came of sending: `outcomes` is a JSON array with, for each notice, delivery_uuid, claimed_at, state, status, error, wait_ms,
-- took_ms, and what it says about the address: healthy (true, false, or null for nothing), pause_ms. A sender whose lease ended
-- meanwhile changes nothing. An address that fails again rests twice as long, up to a minute, or as long as it asked for.
-- Asked by: `webhook run`, for every few notices.
-- scope: none
WITH outcome AS MATERIALIZED (
    SELECT o.*
    FROM json_to_recordset(:'outcomes'::json)
         AS o (delivery_uuid uuid, claimed_at timestamptz, state text, status integer, error text, wait_ms bigint, took_ms integer,
               healthy boolean, pause_ms bigint)
), kept AS (
    UPDATE v_voice_webhook_deliveries d
    SET state = o.state, last_status = o.status, last_error = o.error, last_took_ms = o.took_ms,
        next_attempt_at = least(d.expires_at, CURRENT_TIMESTAMP + o.wait_ms * INTERVAL '1 ms'),
        delivered_at = CASE WHEN o.state = 'delivered' THEN CURRENT_TIMESTAMP END
    FROM outcome o
    WHERE d.delivery_uuid = o.delivery_uuid AND d.state = 'sending' AND d.last_attempt_at = o.claimed_at
    RETURNING d.endpoint_uuid, o.healthy, o.pause_ms
), seen AS (
    SELECT k.endpoint_uuid, bool_or(k.healthy) AS healthy, max(k.pause_ms) AS pause_ms
    FROM kept k
    WHERE k.healthy IS NOT NULL
    GROUP BY k.endpoint_uuid
), changed AS MATERIALIZED (
    SELECT e.endpoint_uuid, s.healthy AND s.pause_ms = 0 AS healthy, s.pause_ms
    FROM v_voice_webhook_endpoints e
    JOIN seen s USING (endpoint_uuid)
    WHERE NOT s.healthy OR s.pause_ms > 0 OR e.failures > 0
    ORDER BY e.endpoint_uuid
    FOR NO KEY UPDATE OF e
)
UPDATE v_voice_webhook_endpoints e
SET failures = CASE WHEN c.healthy THEN 0 ELSE least(e.failures, 29) + 1 END,
    paused_until = CASE WHEN NOT c.healthy
                        THEN CURRENT_TIMESTAMP + INTERVAL '1 ms'
                            * greatest(c.pause_ms, 1000 * 2 ^ least(e.failures, 6) * (0.75 + random() / 2)) END
FROM changed c
WHERE e.endpoint_uuid = c.endpoint_uuid;
