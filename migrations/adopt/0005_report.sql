-- What was found and done, handed out as one setting of the transaction.
SELECT set_config('voicedb.adoption', coalesce(json_agg(a ORDER BY place)::text, '[]'), true) FROM voicedb_adoption a;
