-- A tenant's configurations, none of which changes until the transaction ends. Asked by: key rotate, key seal.
WITH providers AS MATERIALIZED (
    SELECT p.provider_uuid, p.config
    FROM v_voice_ai_providers p
    WHERE p.domain_uuid = :'domain_uuid'::uuid
    ORDER BY p.provider_uuid
    FOR UPDATE
), settings AS MATERIALIZED (
    SELECT s.domain_uuid, s.webhook_config
    FROM v_voice_tenant_settings s
    WHERE s.domain_uuid = :'domain_uuid'::uuid
    FOR UPDATE
)
SELECT 'v_voice_ai_providers' AS table_name, p.provider_uuid AS row_uuid, p.config FROM providers p
UNION ALL
SELECT 'v_voice_tenant_settings', s.domain_uuid, s.webhook_config FROM settings s;
