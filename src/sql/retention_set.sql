-- NULL leaves a term as it is, 0 ends it. Asked by: `privacy retention`, behind settings_begin.
UPDATE v_voice_tenant_settings
SET keep_messages_days = CASE WHEN :'messages'::integer IS NULL THEN keep_messages_days ELSE nullif(:'messages'::integer, 0) END,
    keep_recordings_days = CASE WHEN :'recordings'::integer IS NULL THEN keep_recordings_days ELSE nullif(:'recordings'::integer, 0) END,
    keep_traces_days = CASE WHEN :'traces'::integer IS NULL THEN keep_traces_days ELSE nullif(:'traces'::integer, 0) END,
    keep_conversations_days = CASE WHEN :'conversations'::integer IS NULL THEN keep_conversations_days
                                   ELSE nullif(:'conversations'::integer, 0) END
WHERE domain_uuid = :'domain_uuid'::uuid;
