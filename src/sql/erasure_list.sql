-- The newest first. Asked by: restore and tenant import, once.
-- scope: none
SELECT domain_uuid, key_id, encode(caller_hashes, 'hex') AS caller_hashes, erased_at
FROM voicedb_erasures
ORDER BY erased_at DESC, erasure_uuid;
