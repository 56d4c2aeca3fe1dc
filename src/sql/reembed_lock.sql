-- True when no document is being stored; none can be from here on until the transaction ends. Asked by: a change of model, last.
SELECT pg_try_advisory_xact_lock(hashtextextended(:'domain_uuid', 8247)) AS taken;
