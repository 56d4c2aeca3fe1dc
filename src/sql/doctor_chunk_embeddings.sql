-- Documents that are ready although passages of them have no embedding, so that no search finds these. Their codes tell as much as the
-- vectors do and lie side by side in an index. Asked by: doctor.
-- scope: none
WITH chunk AS (
    SELECT domain_uuid, document_uuid, count(*) AS missing
    FROM v_voice_document_chunks
    WHERE embedding_bits IS NULL AND (:'only'::uuid IS NULL OR domain_uuid = :'only'::uuid)
    GROUP BY 1, 2
)
SELECT 'error' AS severity, c.domain_uuid, d.domain_name,
       format('Document "%s": %s of its passages have no embedding, so no search finds them.', o.document_name, c.missing) AS problem,
       NULL AS detail, m.mend_by, m.mend, false AS fixable
FROM chunk c
JOIN v_domains d ON d.domain_uuid = c.domain_uuid
JOIN v_voice_documents o ON o.domain_uuid = c.domain_uuid AND o.document_uuid = c.document_uuid
CROSS JOIN LATERAL (
    SELECT CASE WHEN o.file_path IS NULL THEN 'hand' ELSE 'voicedb' END AS mend_by,
           CASE WHEN o.file_path IS NULL THEN format('Add the file of document %s once more with `voicedb document add`.', o.document_uuid)
                ELSE format('document add%s --name %s -- %s', ' --secretary ' || o.voice_secretary_uuid,
                            '''' || replace(o.document_name, '''', '''\''''') || '''',
                            '''' || replace(o.file_path, '''', '''\''''') || '''') END AS mend
) m
WHERE o.processing_status = 'ready'
ORDER BY d.domain_name, o.document_name, o.document_uuid;
