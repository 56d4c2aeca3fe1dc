-- Which vector index searches can rely on, and whether pgvector can go on scanning it past a filter.
-- Asked by: the first search of a process, and once a minute.
-- scope: none
SELECT coalesce((SELECT CASE c.relname WHEN 'idx_chunks_embedding_tenantvec' THEN 'tenantvec'
                                       WHEN 'idx_chunks_embedding_bits' THEN 'two-stage'
                                       WHEN 'idx_chunks_embedding_hnsw' THEN 'hnsw'
                                       ELSE 'ivfflat' END
                 FROM pg_class c
                 JOIN pg_index i ON i.indexrelid = c.oid
                 WHERE i.indrelid = 'v_voice_document_chunks'::regclass AND i.indisvalid
                   AND c.relname IN ('idx_chunks_embedding_tenantvec', 'idx_chunks_embedding_bits',
                                     'idx_chunks_embedding_hnsw', 'idx_chunks_embedding_ivfflat')
                 ORDER BY array_position(ARRAY['idx_chunks_embedding_tenantvec', 'idx_chunks_embedding_bits',
                                               'idx_chunks_embedding_hnsw', 'idx_chunks_embedding_ivfflat'],
                                         c.relname::text)
                 LIMIT 1), 'exact') AS strategy,
       EXISTS (SELECT 1 FROM pg_extension
               WHERE extname = 'vector' AND string_to_array(extversion, '.')::integer[] >= '{0,8}') AS iterative;
