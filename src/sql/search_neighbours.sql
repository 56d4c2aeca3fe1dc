-- The passages around those that were found, as one text before and one behind each. A passage that overlaps the one in front of it
-- says some words again. Asked by: a search that wants neighbours, once, after it has found.
SELECT c.chunk_uuid,
       string_agg(n.content, E'\n' ORDER BY n.chunk_index) FILTER (WHERE n.chunk_index < c.chunk_index) AS before,
       string_agg(n.content, E'\n' ORDER BY n.chunk_index) FILTER (WHERE n.chunk_index > c.chunk_index) AS after
FROM v_voice_document_chunks c
JOIN v_voice_document_chunks n
  ON n.domain_uuid = :'domain_uuid'::uuid AND n.document_uuid = c.document_uuid
 AND n.chunk_index BETWEEN c.chunk_index - :'reach'::integer AND c.chunk_index + :'reach'::integer
WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.chunk_uuid = ANY (:'chunk_uuids'::text[]::uuid[])
GROUP BY c.chunk_uuid;
