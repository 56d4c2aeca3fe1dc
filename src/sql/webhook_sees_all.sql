-- Whether row-level security lets this role see all tenants' notices. Asked by: `webhook run`, once.
-- scope: none
SELECT NOT row_security_active('v_voice_webhook_deliveries') AND NOT row_security_active('v_voice_messages')
       AND has_table_privilege('v_voice_data_keys', 'SELECT')
       AND has_table_privilege('v_voice_webhook_deliveries', 'SELECT, UPDATE')
       AND has_table_privilege('v_voice_messages', 'SELECT') AS sees_all;
