-- One maintenance at a time. It ends with the session. Asked by: maintain.
-- scope: none
-- writes
SELECT pg_try_advisory_lock(8247, 3);
