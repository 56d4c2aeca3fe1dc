-- Asked by: migrate.
-- scope: none
-- writes
SELECT pg_advisory_unlock(8247, 1);
