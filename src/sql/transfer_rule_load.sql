-- The rules as they are listed, and their version: another one, whenever one of them is added, changed or removed. Asked by: resolving a
-- transfer, when the rules are others than this process knows.
SELECT transfer_rule_uuid, voice_secretary_uuid, department_name, to_jsonb(intent_keywords) AS intent_keywords,
       to_jsonb(intent_patterns) AS intent_patterns, destination_type, transfer_extension, transfer_message,
       working_hours, fallback_action, fallback_extension, priority, enabled, created_at, updated_at,
       (SELECT concat_ws(' ', count(*), sum(v.updated_at - timestamptz 'epoch'))
        FROM v_voice_transfer_rules v
        WHERE v.domain_uuid = :'domain_uuid'::uuid
          AND (:'voice_secretary_uuid'::uuid IS NULL OR v.voice_secretary_uuid IS NULL
               OR v.voice_secretary_uuid = :'voice_secretary_uuid'::uuid)) AS version
FROM v_voice_transfer_rules
WHERE domain_uuid = :'domain_uuid'::uuid
  AND (:'voice_secretary_uuid'::uuid IS NULL OR voice_secretary_uuid IS NULL
       OR voice_secretary_uuid = :'voice_secretary_uuid'::uuid)
ORDER BY priority, voice_secretary_uuid IS NULL, created_at, transfer_rule_uuid;
