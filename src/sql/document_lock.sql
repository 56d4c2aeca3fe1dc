-- One writer at a time for a document's name; a second one waits for the first one's transaction. Asked by: storing a document.
SELECT pg_advisory_xact_lock(hashtextextended(:'domain_uuid' || :'document_name', 8247));
