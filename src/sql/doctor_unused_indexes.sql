-- Indexes of voice tables that no query has used while their table was read a thousand times, and that cost a MiB or more. Not those
-- that enforce something, nor those that `migrations`, the text of all, names: they are meant for queries that this database may not
-- have seen yet. Vector indexes are told apart by `index show`. Asked by: doctor.
-- scope: none
SELECT 'warning' AS severity, NULL AS domain_uuid, NULL AS domain_name,
       format('The index %s on %s (%s) was not used in %s scans of the table, and every write keeps it up.',
              quote_ident(s.indexrelname), s.relname, pg_size_pretty(pg_relation_size(s.indexrelid)),
              t.seq_scan + coalesce(t.idx_scan, 0)) AS problem,
       NULL AS detail, 'psql' AS mend_by, format('DROP INDEX CONCURRENTLY public.%I;', s.indexrelname) AS mend, false AS fixable
FROM pg_stat_all_indexes s
JOIN pg_stat_all_tables t ON t.relid = s.relid
JOIN pg_index i ON i.indexrelid = s.indexrelid
WHERE s.schemaname = 'public' AND s.relname LIKE 'v\_voice\_%' AND s.idx_scan = 0
  AND i.indisvalid AND NOT i.indisunique AND NOT i.indisexclusion AND NOT i.indisreplident
  AND t.seq_scan + coalesce(t.idx_scan, 0) >= 1000 AND pg_relation_size(s.indexrelid) >= 1048576
  AND s.indexrelname NOT LIKE 'idx\_chunks\_embedding\_%'
  AND s.indexrelname <> ALL (regexp_split_to_array(:'migrations', '[^a-z0-9_]+'))
ORDER BY pg_relation_size(s.indexrelid) DESC, s.indexrelname;
