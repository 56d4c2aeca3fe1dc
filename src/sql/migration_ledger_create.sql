-- No tenant data: which migrations this database has had. Asked by: migrate.
-- scope: none
CREATE TABLE IF NOT EXISTS public.voicedb_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    execution_ms BIGINT NOT NULL,
    voicedb_version TEXT NOT NULL,
    applied_by TEXT NOT NULL DEFAULT current_user,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
