-- Tenants with documents that searches by words pass by, because their terms are not there, or were made by rules of another voicedb.
-- Asked by: doctor.
-- scope: none
SELECT 'warning' AS severity, o.domain_uuid, d.domain_name,
       format('%s ready documents cannot be found by their words, only by vectors.', count(*)) AS problem,
       NULL AS detail, 'voicedb' AS mend_by, 'document index' AS mend, false AS fixable
FROM v_voice_documents o
JOIN v_domains d ON d.domain_uuid = o.domain_uuid
WHERE o.processing_status = 'ready' AND o.chunk_count > 0 AND o.terms_version IS DISTINCT FROM :'terms_version'::integer
  AND (:'only'::uuid IS NULL OR o.domain_uuid = :'only'::uuid)
GROUP BY o.domain_uuid, d.domain_name
ORDER BY d.domain_name;
