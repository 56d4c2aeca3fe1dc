-- One writer at a time for a document's name; a second one waits for the first one's transaction. All wait for a change of the tenant's
-- model to end, and it for them. Asked by: storing a document.
SELECT pg_advisory_xact_lock_shared(hashtextextended(:'domain_uuid', 8247)),
       pg_advisory_xact_lock(hashtextextended(:'domain_uuid' || :'document_name', 8247));
