-- Asked by: migrate.
-- scope: none
SELECT to_regclass('public.voicedb_migrations') IS NOT NULL;
