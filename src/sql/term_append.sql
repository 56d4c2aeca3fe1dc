-- Terms of some hundred chunks, in rows of about ten: what the rows hold stands in lists one behind the other, of which each row has a
-- part. Asked by: storing a document, once for every batch of chunks, and `document index`.
INSERT INTO v_voice_document_terms (domain_uuid, document_uuid, first_chunk, filter, sizes, keys)
SELECT :'domain_uuid'::uuid, :'document_uuid'::uuid, new.first_chunk, new.filter::bit(8192),
       (:'term_sizes'::smallint[])[new.size_begin : new.size_end],
       (:'term_keys'::integer[])[new.key_begin : new.key_end]
FROM unnest(:'first_chunks'::integer[], :'term_filters'::varbit[], :'size_begins'::integer[], :'size_ends'::integer[],
            :'key_begins'::integer[], :'key_ends'::integer[])
     AS new (first_chunk, filter, size_begin, size_end, key_begin, key_end);
