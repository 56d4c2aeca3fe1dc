-- Asked by: `document show`.
SELECT chunk_uuid, document_uuid, chunk_index, content, embedding_model, embedding_dimensions, token_count, metadata,
       created_at
FROM v_voice_document_chunks
WHERE domain_uuid = :'domain_uuid'::uuid AND document_uuid = :'document_uuid'::uuid
ORDER BY chunk_index;
