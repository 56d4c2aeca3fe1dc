-- One restore, import or erasure at a time. Asked by: restore, tenant import, tenant erase, polling.
-- scope: none
-- writes
SELECT pg_try_advisory_lock(8247, 2);
