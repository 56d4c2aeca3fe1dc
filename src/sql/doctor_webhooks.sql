-- Notices that are due for ten minutes and that nobody has tried to send, and those that were given up within a week. Asked by: doctor.
-- scope: none
WITH late AS (
    SELECT n.domain_uuid, count(*) AS notices, min(n.next_attempt_at) AS since
    FROM v_voice_webhook_deliveries n
    WHERE n.state = 'pending' AND n.attempts = 0 AND n.next_attempt_at < now() - interval '10 minutes'
      AND NOT EXISTS (SELECT 1 FROM v_voice_webhook_endpoints e
                      WHERE e.domain_uuid = n.domain_uuid AND e.endpoint_uuid = n.endpoint_uuid AND e.failures > 0)
    GROUP BY n.domain_uuid
), dead AS (
    SELECT n.domain_uuid, count(*) AS notices, (array_agg(n.last_error ORDER BY n.last_attempt_at DESC NULLS LAST))[1] AS last_error
    FROM v_voice_webhook_deliveries n
    WHERE n.state = 'dead' AND n.created_at > now() - interval '8 days'
    GROUP BY n.domain_uuid
), findings (rank, domain_uuid, severity, problem, detail, mend_by, mend) AS (
    SELECT 1, domain_uuid, 'error',
           format('%s notices of webhooks wait since %s: nobody sends them.', notices,
                  to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')),
           NULL, 'hand', 'Run `voicedb --fusionpbx webhook run` as a service.'
    FROM late
    UNION ALL
    SELECT 2, domain_uuid, 'warning', format('%s notices of webhooks were given up within the last week.', notices), last_error,
           'voicedb', 'webhook retry --dead'
    FROM dead
)
SELECT f.severity, f.domain_uuid, d.domain_name, f.problem, f.detail, f.mend_by, f.mend, false AS fixable
FROM findings f
JOIN v_domains d ON d.domain_uuid = f.domain_uuid
WHERE :'only'::uuid IS NULL OR f.domain_uuid = :'only'::uuid
ORDER BY d.domain_name, f.domain_uuid, f.rank;
