-- Texts of a document's chunks. Asked by: `document index`, once for some hundred chunks.
SELECT c.chunk_index, c.content
FROM v_voice_document_chunks c
WHERE c.domain_uuid = :'domain_uuid'::uuid AND c.document_uuid = :'document_uuid'::uuid AND c.chunk_index > :'after'::integer
ORDER BY c.chunk_index
LIMIT 256;
