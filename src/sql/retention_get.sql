-- A tenant without settings keeps everything. Asked by: `privacy retention`.
SELECT coalesce(s.keep_messages_days, 0) AS messages_days, coalesce(s.keep_recordings_days, 0) AS recordings_days,
       coalesce(s.keep_traces_days, 0) AS traces_days, coalesce(s.keep_conversations_days, 0) AS conversations_days
FROM (VALUES (1)) AS always (row)
LEFT JOIN v_voice_tenant_settings s ON s.domain_uuid = :'domain_uuid'::uuid;
