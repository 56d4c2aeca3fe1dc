-- Whether row-level security lets this role see all tenants' conversations and documents. Asked by: a sweep and `document run` over all
-- tenants.
-- scope: none
SELECT NOT row_security_active('v_voice_conversations') AND NOT row_security_active('v_voice_documents')
       AND has_table_privilege('v_domains', 'SELECT') AS sees_all;
