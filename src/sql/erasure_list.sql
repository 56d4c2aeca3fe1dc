-- The newest first: of a tenant and of the one that its rows come from, or (NULL) of all. Asked by: restore and tenant import, once.
-- scope: none
SELECT domain_uuid, key_id, encode(caller_hashes, 'hex') AS caller_hashes, erased_at
FROM voicedb_erasures
WHERE :'into_uuid'::uuid IS NULL OR domain_uuid IN (:'into_uuid'::uuid, :'source_uuid'::uuid)
ORDER BY erased_at DESC, erasure_uuid;
