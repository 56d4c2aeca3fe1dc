-- Documents whose terms are not there, or made by other rules. Asked by: `document index`, until there are none.
SELECT d.document_uuid
FROM v_voice_documents d
WHERE d.domain_uuid = :'domain_uuid'::uuid
  AND d.terms_version IS DISTINCT FROM :'terms_version'::integer
ORDER BY d.document_uuid
LIMIT 256;
