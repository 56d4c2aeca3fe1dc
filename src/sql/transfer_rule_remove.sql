-- Asked by: `transfer remove`.
DELETE FROM v_voice_transfer_rules
WHERE domain_uuid = :'domain_uuid'::uuid AND transfer_rule_uuid = :'transfer_rule_uuid'::uuid
RETURNING transfer_rule_uuid;
