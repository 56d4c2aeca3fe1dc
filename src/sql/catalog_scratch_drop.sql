-- The scratch schema and the search path are gone. Asked by: migrate verify.
-- scope: none
ROLLBACK TO SAVEPOINT voicedb_scratch;
