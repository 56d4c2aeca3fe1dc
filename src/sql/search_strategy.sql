-- The chunks' indexes that searches can rely on, and whether pgvector can go on scanning its own past a filter.
-- Asked by: the first search of a process, and once a minute.
-- scope: none
SELECT i.indexrelid::regclass::text AS index_name,
       (SELECT string_to_array(extversion, '.')::integer[] >= '{0,8}' FROM pg_extension WHERE extname = 'vector') AS iterative
FROM pg_index i
WHERE i.indrelid = 'v_voice_document_chunks'::regclass AND i.indisvalid;
