-- The statement that explains search_exact as it was run, by its prepared plan and with its parameters, which stand here in its order.
-- Asked by: `search --explain`.
SELECT format('EXPLAIN (ANALYZE, BUFFERS, FORMAT %9$s) EXECUTE search_exact (%1$L, %2$L, %3$L, %4$L, %5$L, %6$L, %7$L, %8$L)',
              :'domain_uuid'::uuid, :'embedding'::vector, :'embedding_model'::text, :'voice_secretary_uuid'::uuid, :'documents'::text[],
              :'document_types'::text[], :'metadata'::jsonb, :'depth'::integer, :'form'::text) AS statement;
