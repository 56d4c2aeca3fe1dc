-- What is there before the first step: FusionPBX's tenants, and the ledger of an earlier run. Asked by: migrate.
-- scope: none
SELECT to_regclass('public.v_domains') IS NOT NULL AS domains, to_regclass('public.voicedb_migrations') IS NOT NULL AS ledger;
