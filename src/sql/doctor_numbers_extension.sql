-- Numbers and aliases of extensions that transfer rules name, and whether they are switched on: text in FusionPBX 5.4, boolean in 5.5.
-- Asked by: doctor.
-- scope: none
SELECT n.domain_uuid, n.number, bool_or(n.enabled) AS enabled
FROM (SELECT e.domain_uuid, unnest(ARRAY[e.extension, e.number_alias]) AS number, e.enabled::text = 'true' AS enabled
      FROM v_extensions e) n
WHERE (n.domain_uuid, n.number) IN (SELECT r.domain_uuid, unnest(ARRAY[r.transfer_extension, r.fallback_extension])
                                    FROM v_voice_transfer_rules r
                                    WHERE r.enabled AND (:'only'::uuid IS NULL OR r.domain_uuid = :'only'::uuid))
GROUP BY 1, 2;
