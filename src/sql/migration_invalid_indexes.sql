-- What an interrupted CREATE INDEX CONCURRENTLY left of the indexes that a step names: IF NOT EXISTS would pass them by.
-- Asked by: migrate, before a step that runs outside a transaction.
-- scope: none
SELECT format('DROP INDEX CONCURRENTLY IF EXISTS %I.%I', n.nspname, c.relname)
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND NOT (i.indisvalid AND i.indisready AND i.indislive)
  AND c.relname = ANY (regexp_split_to_array(:'sql', '[^a-z0-9_]+'));
