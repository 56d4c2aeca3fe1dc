-- Asked by: backup, for pg_dump to see what its manifest describes.
-- scope: none
SELECT pg_export_snapshot() AS snapshot;
