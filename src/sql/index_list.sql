-- Every strategy of vector search, with what this database has of it. Asked by: `index show`, `index use`.
-- scope: none
SELECT s.strategy, s.index_name,
       CASE s.strategy WHEN 'two-stage' THEN to_regprocedure('binary_quantize(vector)') IS NOT NULL
                       WHEN 'tenantvec' THEN EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'tenantvec')
                       WHEN 'hnsw' THEN EXISTS (SELECT 1 FROM pg_am WHERE amname = 'hnsw')
                       WHEN 'ivfflat' THEN EXISTS (SELECT 1 FROM pg_am WHERE amname = 'ivfflat')
                       ELSE true END AS available,
       false AS in_use,
       coalesce(i.indisvalid, s.index_name IS NULL) AS valid,
       coalesce(pg_relation_size(i.indexrelid), 0) AS size_bytes,
       NULL AS reason
FROM (VALUES (1, 'tenantvec', 'idx_chunks_embedding_tenantvec'), (2, 'two-stage', 'idx_chunks_embedding_bits'),
             (3, 'hnsw', 'idx_chunks_embedding_hnsw'), (4, 'ivfflat', 'idx_chunks_embedding_ivfflat'),
             (5, 'none', NULL)) AS s (place, strategy, index_name)
LEFT JOIN pg_class c ON c.oid = to_regclass('public.' || s.index_name)
LEFT JOIN pg_index i ON i.indexrelid = c.oid AND i.indrelid = 'v_voice_document_chunks'::regclass
ORDER BY s.place;
