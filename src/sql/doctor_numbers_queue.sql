-- Numbers of call center queues that transfer rules name; a queue cannot be switched off.
-- Asked by: doctor.
-- scope: none
SELECT n.domain_uuid, n.queue_extension AS number, bool_or(true) AS enabled
FROM v_call_center_queues n
WHERE (n.domain_uuid, n.queue_extension) IN (SELECT r.domain_uuid, unnest(ARRAY[r.transfer_extension, r.fallback_extension])
                                FROM v_voice_transfer_rules r
                                WHERE r.enabled AND (:'only'::uuid IS NULL OR r.domain_uuid = :'only'::uuid))
GROUP BY 1, 2;
