-- Asked by: migrate, polling: an advisory lock that is waited for would stand in the way of CREATE INDEX CONCURRENTLY.
-- scope: none
-- writes
SELECT pg_try_advisory_lock(8247, 1);
