-- Asked by: backup, tenant export, for their manifest.
-- scope: none
SELECT current_setting('server_version') AS server_version, current_database() AS database_name,
       (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS pgvector_version,
       to_char(transaction_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS made_at,
       to_regclass('public.voicedb_migrations') IS NOT NULL AS has_ledger;
