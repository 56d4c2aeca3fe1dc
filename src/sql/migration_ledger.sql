-- Asked by: migrate.
-- scope: none
SELECT version, name, checksum, applied_at, execution_ms
FROM voicedb_migrations
ORDER BY version;
