-- Asked by: migrate verify and what uses it, before the scratch schema.
-- scope: none
SAVEPOINT voicedb_scratch;
