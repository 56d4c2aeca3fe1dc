-- Takes the file of today for what was applied. Asked by: migrate repair.
-- scope: none
UPDATE voicedb_migrations
SET name = :'name', checksum = :'checksum'
WHERE version = :'version'::integer AND checksum <> :'checksum'
RETURNING version;
