-- What voicedb stored for one tenant, in plain SQL:
--   psql -f examples/look.sql
--   psql -v domain=hotel-mirante.example -f examples/look.sql
-- The two prepared queries are the ones that call scripts send. They name the tenant, and get nothing of another one.
\set ON_ERROR_STOP on
\set QUIET on
\pset pager off
\pset footer off
\pset linestyle unicode
\pset border 1
\pset format wrapped
\if :{?domain}
\else
\set domain clinica-sorriso.example
\endif

SELECT count(*) = 0 AS absent FROM v_domains WHERE domain_name = :'domain'
\gset
\if :absent
\warn there is no domain :domain
\endif
SELECT domain_uuid AS tenant FROM v_domains WHERE domain_name = :'domain'
\gset

\echo
\echo Rows of :domain
SELECT (SELECT count(*) FROM v_voice_ai_providers WHERE domain_uuid = :'tenant') AS providers,
       (SELECT count(*) FROM v_voice_secretaries WHERE domain_uuid = :'tenant') AS secretaries,
       (SELECT count(*) FROM v_voice_documents WHERE domain_uuid = :'tenant') AS documents,
       (SELECT count(*) FROM v_voice_document_chunks WHERE domain_uuid = :'tenant') AS chunks,
       (SELECT count(*) FROM v_voice_transfer_rules WHERE domain_uuid = :'tenant') AS transfer_rules,
       (SELECT count(*) FROM v_voice_conversations WHERE domain_uuid = :'tenant') AS conversations,
       (SELECT count(*) FROM v_voice_messages WHERE domain_uuid = :'tenant') AS messages;

\echo Documents
SELECT document_name, processing_status, chunk_count, pg_size_pretty(file_size) AS size
FROM v_voice_documents
WHERE domain_uuid = :'tenant'
ORDER BY document_name;

-- A chunk stands in for the caller's question: what else does the tenant know that is near to it?
SELECT embedding AS question, left(split_part(content, E'\n', 1), 60) AS question_text
FROM v_voice_document_chunks
WHERE domain_uuid = :'tenant' AND content ILIKE '%estacionamento%'
ORDER BY chunk_uuid
LIMIT 1
\gset

PREPARE nearest_chunks (uuid, vector) AS
SELECT
    chunk_uuid,
    content,
    1 - (embedding <=> $2::vector) as similarity
FROM v_voice_document_chunks
WHERE domain_uuid = $1
ORDER BY embedding <=> $2::vector
LIMIT 5;

\echo Vector search: the five chunks nearest to :question_text
CREATE TEMPORARY TABLE nearest AS EXECUTE nearest_chunks (:'tenant', :'question');
SELECT round(similarity::numeric, 3) AS similarity,
       left(regexp_replace(content, '\s+', ' ', 'g'), 78) AS content
FROM nearest
ORDER BY similarity DESC;

SELECT voice_secretary_uuid AS secretary
FROM v_voice_secretaries
WHERE domain_uuid = :'tenant'
ORDER BY created_at
LIMIT 1
\gset

PREPARE secretary_with_providers (uuid, uuid) AS
SELECT
    s.*,
    stt.config as stt_config,
    stt.provider_name as stt_provider,
    tts.config as tts_config,
    tts.provider_name as tts_provider,
    llm.config as llm_config,
    llm.provider_name as llm_provider
FROM v_voice_secretaries s
LEFT JOIN v_voice_ai_providers stt ON s.stt_provider_uuid = stt.provider_uuid
LEFT JOIN v_voice_ai_providers tts ON s.tts_provider_uuid = tts.provider_uuid
LEFT JOIN v_voice_ai_providers llm ON s.llm_provider_uuid = llm.provider_uuid
WHERE s.domain_uuid = $1 AND s.voice_secretary_uuid = $2;

\echo The secretary with her providers
\x on
EXECUTE secretary_with_providers (:'tenant', :'secretary');
\x off
