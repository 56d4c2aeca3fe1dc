-- True when no document is being stored; none can be from here on until the transaction ends. Only the tenant itself learns what goes on
-- in it. Asked by: a change of model, last.
SELECT pg_try_advisory_xact_lock(hashtextextended(:'domain_uuid'::uuid::text, 8247)) AS taken
WHERE :'domain_uuid'::uuid = voicedb_domain_uuid();
