-- Tenants with documents that wait to be processed. Asked by: `document run` for all tenants, about once a second.
-- scope: none
SELECT d.domain_uuid, d.domain_name, count(*) AS documents
FROM v_voice_documents o
JOIN v_domains d ON d.domain_uuid = o.domain_uuid
WHERE o.processing_status IN ('pending', 'processing')
  AND (o.processing_status = 'pending' AND o.processing_until IS NULL OR o.processing_until <= CURRENT_TIMESTAMP)
GROUP BY d.domain_uuid, d.domain_name
ORDER BY d.domain_name, d.domain_uuid;
