-- The statement that explains search_lexical as it was run, by its prepared plan and with its parameters, which stand here in its order.
-- Asked by: `search --explain`.
SELECT format('EXPLAIN (ANALYZE, BUFFERS, FORMAT %13$s) EXECUTE search_lexical (%1$L, %2$L, %3$L, %4$L, %5$L, %6$L, %7$L, %8$L, %9$L, %10$L, %11$L, %12$L)',
              :'domain_uuid'::uuid, :'voice_secretary_uuid'::uuid, :'terms_version'::integer, :'documents'::text[], :'document_types'::text[],
              :'depth'::integer, :'metadata'::jsonb, :'keys'::integer[], :'near_keys'::integer[], :'near_words'::integer[],
              :'embedding_model'::text, :'embedding'::vector, :'form'::text) AS statement;
