-- What is due on the voice tables and their indexes. An index's bloat is estimated from its number of rows and the
-- average width of its columns, for b-trees without expressions only; -1 where it cannot be. Statements are quoted
-- names only. Asked by: maintain, before and after its work.
-- scope: none
WITH voice AS (
    SELECT c.oid, c.relname, c.relpages, c.relallvisible, c.relfrozenxid, greatest(c.reltuples, 0) AS reltuples,
           s.n_dead_tup, s.n_mod_since_analyze, coalesce(s.last_analyze, s.last_autoanalyze) AS analyzed
    FROM pg_class c
    LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname LIKE 'v\_voice\_%'
), judged_table AS (
    SELECT v.*,
           CASE WHEN age(relfrozenxid) > 0.75 * current_setting('autovacuum_freeze_max_age')::bigint
                THEN 'old transactions'
                WHEN n_dead_tup > 50 + 0.1 * reltuples THEN 'dead rows'
                WHEN relpages > 8 AND relallvisible < 0.9 * relpages THEN 'index-only scans must look into the table'
                WHEN n_mod_since_analyze > 50 + 0.1 * reltuples THEN 'statistics are old'
                WHEN analyzed IS NULL AND pg_relation_size(oid) > 0 THEN 'there are no statistics'
           END AS reason
    FROM voice v
), width AS (
    SELECT i.indexrelid, sum(s.avg_width + CASE WHEN s.avg_width > 127 THEN 4 ELSE 1 END) AS bytes,
           bool_and(s.avg_width IS NOT NULL AND k.attnum > 0) AS known
    FROM pg_index i
    JOIN voice v ON v.oid = i.indrelid
    CROSS JOIN unnest(i.indkey::int2[]) AS k (attnum)
    LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    LEFT JOIN pg_stats s ON s.schemaname = 'public' AND s.tablename = v.relname AND s.attname = a.attname
    GROUP BY i.indexrelid
), measured AS (
    SELECT v.relname AS table_name, c.relname, i.indisvalid, pg_relation_size(c.oid) AS size,
           EXISTS (SELECT 1 FROM pg_stat_progress_create_index p WHERE p.index_relid = c.oid) AS in_work,
           CASE WHEN m.amname = 'btree' AND w.known AND c.reltuples >= 0 AND pg_relation_size(c.oid) > 0 THEN
                greatest(0, 100 - 100 * 8192 * (2 + ceil(c.reltuples * (12 + 8 * ceil(w.bytes / 8.0)) / (8152 * 0.9)))
                                  / pg_relation_size(c.oid))
           ELSE -1 END AS bloat
    FROM pg_index i
    JOIN voice v ON v.oid = i.indrelid
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_am m ON m.oid = c.relam
    LEFT JOIN width w ON w.indexrelid = i.indexrelid
), judged_index AS (
    SELECT x.*,
           CASE WHEN in_work THEN NULL
                WHEN NOT indisvalid AND relname ~ '_cc(new|old)\d*$' THEN 'left by an interrupted reindex'
                WHEN NOT indisvalid THEN 'left invalid by an interrupted build'
                WHEN bloat >= :'bloat'::integer AND size * bloat / 100 >= 1048576 THEN 'bloated'
           END AS reason
    FROM measured x
)
SELECT 'table' AS kind, relname AS name,
       CASE WHEN reason IS NULL THEN 'none'
            WHEN reason IN ('statistics are old', 'there are no statistics') THEN 'analyze'
            ELSE 'vacuum' END AS action,
       reason, -1 AS bloat_percent, pg_table_size(oid) AS size_before, 0 AS size_after,
       coalesce(n_dead_tup, 0) AS dead_before, 0 AS dead_after, 0 AS took_ms,
       CASE WHEN reason IN ('statistics are old', 'there are no statistics') THEN format('ANALYZE public.%I', relname)
            WHEN reason IS NOT NULL THEN format('VACUUM (ANALYZE) public.%I', relname) END AS statement
FROM judged_table
UNION ALL
SELECT 'index', relname,
       CASE WHEN reason IS NULL THEN 'none' WHEN reason LIKE '%reindex' THEN 'drop' ELSE 'reindex' END,
       reason, round(bloat)::integer, size, 0, 0, 0, 0,
       CASE WHEN reason LIKE '%reindex' THEN format('DROP INDEX CONCURRENTLY IF EXISTS public.%I', relname)
            WHEN reason IS NOT NULL THEN format('REINDEX INDEX CONCURRENTLY public.%I', relname) END
FROM judged_index
ORDER BY 1 DESC, 2;
