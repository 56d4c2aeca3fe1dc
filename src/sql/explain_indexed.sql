-- The statement that explains search_indexed as it was run, by its prepared plan and with its parameters, which stand here in its order.
-- Asked by: `search --explain`.
SELECT format('EXPLAIN (ANALYZE, BUFFERS, FORMAT %9$s) EXECUTE search_indexed (%1$L, %2$L, %3$L, %4$L, %5$L, %6$L, %7$L, %8$L)',
              :'domain_uuid'::uuid, :'voice_secretary_uuid'::uuid, :'documents'::text[], :'document_types'::text[],
              :'embedding'::vector, :'embedding_model'::text, :'metadata'::jsonb, :'depth'::integer, :'form'::text) AS statement;
