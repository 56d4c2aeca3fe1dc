-- Whether row-level security lets this role see all tenants. Asked by: key status, key seal, key rotate.
-- scope: none
SELECT NOT row_security_active('v_voice_data_keys') AND NOT row_security_active('v_voice_ai_providers')
       AND NOT row_security_active('v_voice_tenant_settings')
       AND has_table_privilege('v_voice_data_keys', 'SELECT, UPDATE') AS sees_all;
