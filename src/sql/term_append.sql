-- Terms of some hundred chunks. Asked by: storing a document, once for every batch of chunks, and `document index`.
INSERT INTO v_voice_document_terms (domain_uuid, document_uuid, first_chunk, filter, sizes, keys, chunks)
SELECT :'domain_uuid'::uuid, :'document_uuid'::uuid, new.first_chunk::integer, new.filter::bit(8192),
       new.sizes::smallint[], new.keys::integer[], new.chunks::smallint[]
FROM unnest(:'first_chunks'::text[], :'filters'::text[], :'size_lists'::text[], :'key_lists'::text[],
            :'chunk_lists'::text[])
     AS new (first_chunk, filter, sizes, keys, chunks);
