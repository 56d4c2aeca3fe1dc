-- The tables of before, for the locks on them. Asked by: migrate --dry-run.
-- scope: none
SELECT coalesce(array_agg(c.oid), '{}') AS relations
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema';
