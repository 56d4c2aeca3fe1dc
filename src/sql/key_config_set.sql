-- In a provider, or in the tenant's settings, by the table's name. Asked by: key rotate, key seal.
WITH provider AS (
    UPDATE v_voice_ai_providers
    SET config = :'config'::jsonb, data_key_uuid = :'data_key_uuid'::uuid
    WHERE domain_uuid = :'domain_uuid'::uuid AND provider_uuid = :'row_uuid'::uuid AND :'table_name'::text = 'v_voice_ai_providers'
    RETURNING provider_uuid
), settings AS (
    UPDATE v_voice_tenant_settings
    SET webhook_config = :'config'::jsonb, data_key_uuid = :'data_key_uuid'::uuid
    WHERE domain_uuid = :'domain_uuid'::uuid AND :'table_name'::text = 'v_voice_tenant_settings'
    RETURNING domain_uuid
)
SELECT provider_uuid FROM provider
UNION ALL
SELECT domain_uuid FROM settings;
