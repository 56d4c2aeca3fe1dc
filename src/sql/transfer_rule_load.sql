-- The rules as they are listed, and the version of all rules of the tenant: another one after each change. Where there is no rule, a row that
-- has the version only. Asked by: resolving a transfer, when the rules are others than this process knows.
SELECT r.transfer_rule_uuid, r.voice_secretary_uuid, r.department_name, to_jsonb(r.intent_keywords) AS intent_keywords,
       to_jsonb(r.intent_patterns) AS intent_patterns, r.destination_type, r.transfer_extension, r.transfer_message,
       r.working_hours, r.fallback_action, r.fallback_extension, r.priority, r.enabled, r.created_at, r.updated_at, v.version
FROM (SELECT ARRAY(SELECT c.version_uuid
                   FROM voicedb_call_versions c
                   WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.topic = 'rules') AS version) v
LEFT JOIN v_voice_transfer_rules r
  ON r.domain_uuid = :'domain_uuid'::uuid
 AND (:'voice_secretary_uuid'::uuid IS NULL OR r.voice_secretary_uuid IS NULL
      OR r.voice_secretary_uuid = :'voice_secretary_uuid'::uuid)
ORDER BY r.priority, r.voice_secretary_uuid IS NULL, r.created_at, r.transfer_rule_uuid;
