-- The tenant with the most passages, or the one that is asked about. Asked by: doctor.
-- scope: none
SELECT c.domain_uuid, d.domain_name, c.chunks
FROM (SELECT domain_uuid, count(*) AS chunks
      FROM v_voice_document_chunks
      WHERE :'only'::uuid IS NULL OR domain_uuid = :'only'::uuid
      GROUP BY domain_uuid) c
JOIN v_domains d ON d.domain_uuid = c.domain_uuid
ORDER BY c.chunks DESC, c.domain_uuid
LIMIT 1;
