-- The tenants' terms, one a row, those that remove whole conversations first. Asked by: maintain, once.
-- scope: none
SELECT s.domain_uuid, d.domain_name, k.kind, k.days
FROM v_voice_tenant_settings s
JOIN v_domains d ON d.domain_uuid = s.domain_uuid
CROSS JOIN LATERAL (VALUES (1, 'conversations', s.keep_conversations_days), (2, 'messages', s.keep_messages_days),
                           (3, 'recordings', s.keep_recordings_days), (4, 'traces', s.keep_traces_days)) AS k (place, kind, days)
WHERE k.days IS NOT NULL
ORDER BY d.domain_name, d.domain_uuid, k.place;
