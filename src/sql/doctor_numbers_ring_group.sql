-- Numbers of ring groups that transfer rules name, and whether they are switched on: text in FusionPBX 5.4, boolean in 5.5.
-- Asked by: doctor.
-- scope: none
SELECT n.domain_uuid, n.ring_group_extension AS number, bool_or(n.ring_group_enabled::text = 'true') AS enabled
FROM v_ring_groups n
WHERE (n.domain_uuid, n.ring_group_extension) IN (SELECT r.domain_uuid, unnest(ARRAY[r.transfer_extension, r.fallback_extension])
                                FROM v_voice_transfer_rules r
                                WHERE r.enabled AND (:'only'::uuid IS NULL OR r.domain_uuid = :'only'::uuid))
GROUP BY 1, 2;
