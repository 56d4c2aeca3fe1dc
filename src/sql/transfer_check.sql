-- What a decision on a transfer must know of this moment: the version of the tenant's rules, whether there is such a secretary, the time on
-- the wall in each time zone (of "" the tenant's own), which of the numbers there are. Asked by: resolving a transfer, every time.
SELECT 'version' AS kind, NULL AS name, v.version_uuid::text AS state
FROM voicedb_call_versions v
WHERE v.domain_uuid = :'domain_uuid'::uuid AND v.topic = 'rules'
UNION ALL
SELECT 'secretary', NULL,
       (SELECT s.voice_secretary_uuid::text
        FROM v_voice_secretaries s
        WHERE s.domain_uuid = :'domain_uuid'::uuid AND s.voice_secretary_uuid = :'voice_secretary_uuid'::uuid)
UNION ALL
SELECT 'instant', NULL,
       to_char(coalesce(:'instant'::timestamptz, CURRENT_TIMESTAMP) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
UNION ALL
SELECT 'zone', z.name, e.zone || ' ' || voicedb_wall_clock(e.zone, coalesce(:'instant'::timestamptz, CURRENT_TIMESTAMP))
FROM json_array_elements_text(:'zones'::json) AS z (name)
CROSS JOIN LATERAL (SELECT coalesce(nullif(z.name, ''), voicedb_time_zone(), 'UTC') AS zone) e
UNION ALL
SELECT 'number', n.name, voicedb_number_state(split_part(n.name, ' ', 1), substr(n.name, strpos(n.name, ' ') + 1))
FROM json_array_elements_text(:'numbers'::json) AS n (name);
