-- Tenants with conversations going on. Asked by: a sweep over all tenants, by an operator whose role may read v_domains.
-- scope: none
SELECT d.domain_uuid
FROM v_domains d
WHERE EXISTS (SELECT 1 FROM v_voice_conversations v WHERE v.domain_uuid = d.domain_uuid AND v.ended_at IS NULL)
ORDER BY d.domain_uuid;
