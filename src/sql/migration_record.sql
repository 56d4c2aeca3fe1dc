-- Asked by: migrate, in the transaction of each step.
-- scope: none
INSERT INTO voicedb_migrations (version, name, checksum, execution_ms, voicedb_version)
VALUES (:'version'::integer, :'name', :'checksum', :'execution_ms'::bigint, :'voicedb_version');
