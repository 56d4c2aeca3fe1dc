-- Table locks of this transaction that are stronger than a SELECT's, on tables of before: those that have come since `held` was asked,
-- and all. Asked by: migrate --dry-run, after each step.
-- scope: none
WITH locks AS (
    SELECT DISTINCT format('%s on %s', regexp_replace(upper(regexp_replace(mode, '([a-z])([A-Z])', '\1 \2', 'g')), ' LOCK$', ''),
                           relation::regclass) AS lock
    FROM pg_locks
    WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted AND mode <> 'AccessShareLock'
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND relation = ANY (:'relations'::oid[])
)
SELECT coalesce(json_agg(lock ORDER BY lock) FILTER (WHERE lock <> ALL (:'held'::text[])), '[]') AS new,
       coalesce(array_agg(lock), '{}') AS held
FROM locks;
