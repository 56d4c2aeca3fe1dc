-- Asked by: `transfer add`.
INSERT INTO v_voice_transfer_rules
    (domain_uuid, voice_secretary_uuid, department_name, intent_keywords, intent_patterns, destination_type,
     transfer_extension, transfer_message, working_hours, fallback_action, fallback_extension, priority, enabled)
VALUES
    (:'domain_uuid'::uuid, :'voice_secretary_uuid'::uuid, :'department_name',
     ARRAY(SELECT jsonb_array_elements_text(coalesce(:'intent_keywords'::jsonb, '[]'))),
     ARRAY(SELECT jsonb_array_elements_text(coalesce(:'intent_patterns'::jsonb, '[]'))),
     coalesce(:'destination_type', 'extension'), :'transfer_extension', nullif(:'transfer_message', ''),
     :'working_hours'::jsonb, nullif(:'fallback_action', ''), nullif(:'fallback_extension', ''),
     coalesce(:'priority'::integer, 100), coalesce(:'enabled'::boolean, true))
RETURNING transfer_rule_uuid;
