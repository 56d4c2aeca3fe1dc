-- Asked by: key rotate.
-- scope: none
SELECT d.domain_uuid
FROM v_domains d
JOIN v_voice_data_keys k ON k.domain_uuid = d.domain_uuid
ORDER BY d.domain_uuid;
