-- What migrations/adopt has found and done in this transaction. Asked by: migrate adopt.
-- scope: none
SELECT kind, name, before, after
FROM json_to_recordset(current_setting('voicedb.adoption')::json) AS r (place integer, kind text, name text, before text, after text)
ORDER BY place;
