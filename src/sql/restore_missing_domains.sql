-- Which tenants of a backup FusionPBX does not have here. Asked by: restore.
-- scope: none
SELECT item ->> 'uuid' AS domain_uuid, item ->> 'name' AS domain_name
FROM json_array_elements(:'domains'::json) AS item
WHERE NOT EXISTS (SELECT 1 FROM v_domains d WHERE d.domain_uuid = (item ->> 'uuid')::uuid)
ORDER BY 2, 1;
