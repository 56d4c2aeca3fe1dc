-- The first setting of this database, its roles or its server that forbids the planner something, with what takes it back; no row: there
-- is none. Asked by: doctor, when a search does not use its index.
-- scope: none
SELECT format('The setting %s is off.', name) AS problem,
       CASE source WHEN 'database' THEN format('ALTER DATABASE %I RESET %I;', current_database(), name)
                   WHEN 'user' THEN format('ALTER ROLE %I RESET %I;', session_user, name)
                   WHEN 'database user' THEN format('ALTER ROLE %I IN DATABASE %I RESET %I;', session_user, current_database(), name)
                   ELSE format('ALTER SYSTEM SET %I = on; SELECT pg_reload_conf();', name) END AS mend
FROM pg_settings
WHERE name IN ('enable_indexscan', 'enable_indexonlyscan', 'enable_bitmapscan') AND setting = 'off'
ORDER BY name DESC
LIMIT 1;
