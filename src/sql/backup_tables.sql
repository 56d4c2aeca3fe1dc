-- The voice tables, those referred to before those that refer, with the columns that can be written. A key column
-- holds UUIDs that voicedb gives or that refer to such. Asked by: backup, restore, the copies of one tenant.
-- scope: none
WITH RECURSIVE voice AS (
    SELECT oid, relname, relowner
    FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname LIKE 'v\_voice\_%'
), depth AS (
    SELECT oid, 0 AS depth FROM voice
    UNION
    SELECT r.conrelid, d.depth + 1
    FROM depth d
    JOIN pg_constraint r ON r.confrelid = d.oid AND r.contype = 'f' AND r.conrelid <> r.confrelid
    JOIN voice v ON v.oid = r.conrelid
    WHERE d.depth < 32
), key AS (
    SELECT r.conrelid AS oid, unnest(r.conkey) AS attnum
    FROM pg_constraint r
    WHERE r.contype = 'p' OR r.contype = 'f' AND r.confrelid IN (SELECT oid FROM voice)
)
SELECT v.relname AS table_name,
       row_security_active(v.oid) OR NOT has_table_privilege(v.oid, 'SELECT') AS hidden,
       (SELECT json_agg(json_build_object(
                   'name', a.attname,
                   'type', format_type(a.atttypid, a.atttypmod),
                   'key', a.attname <> 'domain_uuid' AND a.atttypid IN ('uuid'::regtype, 'uuid[]'::regtype)
                          AND (a.attname = 'rag_chunk_uuids' OR (v.oid, a.attnum) IN (SELECT oid, attnum FROM key))
               ) ORDER BY a.attnum)
        FROM pg_attribute a
        WHERE a.attrelid = v.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns
FROM voice v
ORDER BY (SELECT max(depth) FROM depth d WHERE d.oid = v.oid), v.relname;
