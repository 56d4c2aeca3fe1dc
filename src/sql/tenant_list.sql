-- All tenants with their sizes. Asked by: `tenant list`, by an operator whose role may read v_domains.
-- scope: none
SELECT d.domain_uuid, d.domain_name, d.domain_enabled,
       (SELECT count(*) FROM v_voice_secretaries s WHERE s.domain_uuid = d.domain_uuid) AS secretaries,
       (SELECT count(*) FROM v_voice_documents o WHERE o.domain_uuid = d.domain_uuid) AS documents,
       (SELECT count(*) FROM v_voice_document_chunks c WHERE c.domain_uuid = d.domain_uuid) AS chunks,
       (SELECT count(*) FROM v_voice_conversations v WHERE v.domain_uuid = d.domain_uuid) AS conversations
FROM v_domains d
ORDER BY d.domain_name, d.domain_uuid;
