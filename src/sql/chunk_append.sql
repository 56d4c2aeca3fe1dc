-- A batch of chunks, numbered on. Asked by: storing a document, once for every few hundred chunks.
INSERT INTO v_voice_document_chunks
    (domain_uuid, document_uuid, chunk_index, content, embedding, embedding_model, embedding_dimensions, token_count,
     metadata)
SELECT :'domain_uuid'::uuid, :'document_uuid'::uuid, :'first_index'::integer + new.position - 1, new.content,
       new.embedding, :'embedding_model', :'embedding_dimensions'::integer, new.token_count,
       coalesce(new.metadata, '{}')
FROM unnest(:'contents'::text[], :'embeddings'::vector[], :'token_counts'::integer[], :'metadata'::jsonb[])
     WITH ORDINALITY AS new (content, embedding, token_count, metadata, position);
