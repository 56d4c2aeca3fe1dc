-- Where rules that apply send calls to within FusionPBX. What answers a fallback is not said, so it is given only where it looks like a
-- number of the telephone system. `change` and `condition` are the ends of a statement that changes the rule. Asked by: doctor.
-- scope: none
SELECT r.domain_uuid, d.domain_name, r.transfer_rule_uuid, r.department_name, r.destination_type AS type,
       r.transfer_extension AS number, CASE WHEN r.fallback_extension ~ '^[0-9*#]{2,6}$' THEN r.fallback_extension END AS fallback,
       'UPDATE v_voice_transfer_rules SET' AS change,
       format('WHERE domain_uuid = %L AND transfer_rule_uuid = %L;', r.domain_uuid, r.transfer_rule_uuid) AS condition
FROM v_voice_transfer_rules r
JOIN v_domains d ON d.domain_uuid = r.domain_uuid
WHERE r.enabled AND (:'only'::uuid IS NULL OR r.domain_uuid = :'only'::uuid)
ORDER BY d.domain_name, r.priority, r.department_name, r.transfer_rule_uuid;
