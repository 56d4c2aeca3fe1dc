-- Makes sure that the tenant has a row of settings. Asked by: whatever changes one.
INSERT INTO v_voice_tenant_settings (domain_uuid)
VALUES (:'domain_uuid'::uuid)
ON CONFLICT (domain_uuid) DO NOTHING;
