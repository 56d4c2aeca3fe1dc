-- A secretary's rules and those for all, or every rule. Asked by: every call, once or for each transfer; `transfer list`.
SELECT transfer_rule_uuid, voice_secretary_uuid, department_name, to_jsonb(intent_keywords) AS intent_keywords,
       to_jsonb(intent_patterns) AS intent_patterns, destination_type, transfer_extension, transfer_message,
       working_hours, fallback_action, fallback_extension, priority, enabled, created_at, updated_at
FROM v_voice_transfer_rules
WHERE domain_uuid = :'domain_uuid'::uuid
  AND (:'voice_secretary_uuid'::uuid IS NULL OR voice_secretary_uuid IS NULL
       OR voice_secretary_uuid = :'voice_secretary_uuid'::uuid)
ORDER BY priority, voice_secretary_uuid IS NULL, created_at, transfer_rule_uuid;
