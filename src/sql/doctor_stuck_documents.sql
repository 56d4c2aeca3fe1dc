-- Documents that somebody began to process more than an hour ago and has not touched since, or that have waited for a day. What a worker
-- of voicedb has taken is its own until processing_until; no worker runs where another one has not taken it since. Asked by: doctor.
-- scope: none
SELECT CASE processing_status WHEN 'processing' THEN 'error' ELSE 'warning' END AS severity, o.domain_uuid, d.domain_name,
       format('Document "%s" is %s since %s.', o.document_name, o.processing_status,
              to_char(coalesce(o.updated_at, o.created_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')) AS problem,
       NULL AS detail, 'psql' AS mend_by,
       format('UPDATE v_voice_documents SET processing_status = ''failed'', processing_error = ''It was %s for too long.'' '
              'WHERE domain_uuid = %L AND document_uuid = %L AND processing_status = %L;', o.processing_status, o.domain_uuid,
              o.document_uuid, o.processing_status) AS mend,
       processing_status = 'processing' AS fixable
FROM v_voice_documents o
JOIN v_domains d ON d.domain_uuid = o.domain_uuid
WHERE (o.processing_status = 'processing'
       AND coalesce(o.processing_until, o.updated_at, o.created_at) < now() - interval '1 hour'
       OR o.processing_status = 'pending' AND coalesce(o.updated_at, o.created_at) < now() - interval '1 day')
  AND (:'only'::uuid IS NULL OR o.domain_uuid = :'only'::uuid)
ORDER BY d.domain_name, o.document_name, o.document_uuid;
