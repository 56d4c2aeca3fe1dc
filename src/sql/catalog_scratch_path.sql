-- What the migrations make now is made in the scratch schema. Asked by: migrate verify.
-- scope: none
-- writes
SELECT set_config('search_path', 'voicedb_scratch, public, pg_temp', true);
