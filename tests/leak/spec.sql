-- The views of voicedb.sql over the three tables that the specification defines.
CREATE SCHEMA leak;

CREATE VIEW leak.things AS
SELECT domain_uuid, t.thing, t.value, born, 0 AS place
FROM (
    SELECT p.domain_uuid, p.created_at AS born, ARRAY['PROVIDER', 'PROVIDER_NAME'] AS things,
           ARRAY[p.provider_uuid::text, p.provider_name] AS vals
    FROM v_voice_ai_providers p
    UNION ALL
    SELECT s.domain_uuid, s.created_at, ARRAY['SECRETARY', 'SECRETARY_NAME'], ARRAY[s.voice_secretary_uuid::text, s.name]
    FROM v_voice_secretaries s
    UNION ALL
    SELECT c.domain_uuid, c.created_at, ARRAY['CHUNK', 'DOCUMENT'], ARRAY[c.chunk_uuid::text, c.document_uuid::text]
    FROM v_voice_document_chunks c
    UNION ALL
    SELECT d.domain_uuid, '2000-01-01', ARRAY['DOMAIN', 'DOMAIN_NAME'], ARRAY[d.domain_uuid::text, d.domain_name]
    FROM v_domains d
) r
CROSS JOIN LATERAL unnest(things, vals) AS t (thing, value)
WHERE t.value <> '';

CREATE VIEW leak.versions AS
SELECT domain_uuid, 'p' || provider_uuid || xmin || ctid AS version FROM v_voice_ai_providers
UNION ALL
SELECT domain_uuid, 's' || voice_secretary_uuid || xmin || ctid FROM v_voice_secretaries
UNION ALL
SELECT domain_uuid, 'c' || chunk_uuid || xmin || ctid FROM v_voice_document_chunks
UNION ALL
SELECT domain_uuid, 'domain' || xmin || ctid FROM v_domains;
